"""One derivation, drawn for the terminal, for paper, for the browser and for programs."""
