"""The derivation of a function of numbers: its computation, the chain rule along it, and lines that are checked."""
