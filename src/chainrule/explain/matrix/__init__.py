"""The derivation of a function of arrays, in matrices, and why a matrix is transposed."""
