"""Initial weights by name. All are functions of the shape [n_out × n_in] and a random generator, float64.

What they keep constant from layer to layer: with Var(z) = n_in Var(w) Var(x), Glorot's choice keeps the variances of
a and of δ near 1 for activations that are linear around 0; He's choice doubles it, as a rectifier halves it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.nn.names import no_such
from chainrule.types import Array, Shape, as_array

Initialiser = Callable[[Shape, np.random.Generator], Array]


def zeros(shape: Shape, random: np.random.Generator) -> Array:
    """All 0: right for biases. As weights it keeps the symmetry between units, which then all learn the same."""
    return np.zeros(shape)


def normal(shape: Shape, random: np.random.Generator) -> Array:
    """N(0, 1), as in the lecture's homework."""
    return random.standard_normal(shape)


def uniform(shape: Shape, random: np.random.Generator) -> Array:
    """U(−1/√n_in, 1/√n_in)."""
    bound = 1 / sqrt(max(shape[-1], 1))
    return random.uniform(-bound, bound, shape)


def glorot_uniform(shape: Shape, random: np.random.Generator) -> Array:
    """U(−b, b), b = √(6/(n_in + n_out)) (Glorot and Bengio 2010, eq. 16)."""
    bound = sqrt(6 / max(sum(shape), 1))
    return random.uniform(-bound, bound, shape)


def glorot_normal(shape: Shape, random: np.random.Generator) -> Array:
    """N(0, 2/(n_in + n_out)) (Glorot and Bengio 2010)."""
    return sqrt(2 / max(sum(shape), 1)) * random.standard_normal(shape)


def he_normal(shape: Shape, random: np.random.Generator) -> Array:
    """N(0, 2/n_in) (He et al. 2015, eq. 10)."""
    return sqrt(2 / max(shape[-1], 1)) * random.standard_normal(shape)


def he_uniform(shape: Shape, random: np.random.Generator) -> Array:
    """U(−b, b), b = √(6/n_in) (He et al. 2015)."""
    bound = sqrt(6 / max(shape[-1], 1))
    return random.uniform(-bound, bound, shape)


INITIALISERS: dict[str, Initialiser] = {
    "zeros": zeros,
    "normal": normal,
    "uniform": uniform,
    "glorot": glorot_uniform,
    "xavier": glorot_uniform,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he": he_normal,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
}


def initial_array(how: str | Initialiser | Array, shape: Shape, random: np.random.Generator, name: str) -> Array:
    """The array that a name, a function or a given array stands for, float64.

    Raises:
        ArgumentError: unknown name, or an array of another shape or with values that are not finite.
    """
    if isinstance(how, str):
        if how not in INITIALISERS:
            raise ArgumentError(f"{name}: {no_such('initialiser', how, INITIALISERS)}")
        return INITIALISERS[how](shape, random)
    array = as_array(how(shape, random) if callable(how) else how, name).astype(np.float64)
    if array.shape != shape:
        raise ArgumentError(f"{name} must have shape {list(shape)}, got {list(array.shape)}")
    if not np.all(np.isfinite(array)):
        raise ArgumentError(f"{name} contains nan or infinity")
    return array
