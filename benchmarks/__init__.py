"""chainrule beside its peers: the same training, in one run, next to what the machine can do at most."""
