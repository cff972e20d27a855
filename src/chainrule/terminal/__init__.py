"""Reports as text for a terminal: parts with a role, which is painted last, lines of a width, and ASCII."""
