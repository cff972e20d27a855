"""The networks that are trained: shapes, batches, seeded data, and the one formula by which their FLOPs are counted.

Needs NumPy only, so that every peer's interpreter can import it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ORDERS = 4
"""Orders of the rows that are made in advance; epoch e takes number e mod 4."""

LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
"""Adam, as all peers run it."""


@dataclass(frozen=True)
class Workload:
    """A feed-forward network and the data that it learns.

    Attributes:
        name: for tables.
        widths: units of every layer, the inputs first.
        batch: rows in a step.
        steps: steps in an epoch. The data has batch · steps rows, so nobody can leave out a last part of a batch.
        activation: of the hidden layers, "relu" or "tanh"; the last layer has none.
        loss: "half_squared", ½ Σ (a − y)², or "cross_entropy" of labels; averaged over the batch.
        seed: of data, parameters and orders; workloads that differ in nothing else are computed by one program.
    """

    name: str
    widths: tuple[int, ...]
    batch: int
    steps: int
    activation: str = "relu"
    loss: str = "cross_entropy"
    seed: int = field(default=0, compare=False)

    @property
    def rows(self) -> int:
        """Examples in the data."""
        return self.batch * self.steps

    @property
    def flops(self) -> int:
        """Floating-point operations of the matrix products of one step.

        2·B·m·n for each product: the forward pass z = xWᵀ and ∂ℒ/∂W = δᵀx in every layer, and δW in every layer
        but the first. Bias, activation, loss and optimiser are not counted, so a share of the peak is a lower bound.
        """
        products = [m * n for m, n in zip(self.widths, self.widths[1:], strict=False)]
        return 2 * self.batch * (3 * sum(products) - products[0])

    @property
    def shape(self) -> str:
        """Such as "784-128-64-10, batch 64"."""
        return f"{'-'.join(map(str, self.widths))}, batch {self.batch}"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X float32 [rows × n₀], standard normal; y float32 [rows × k], or labels int64 [rows].

        Labels are the largest of k random linear functions, numbers the tanh of k random linear functions.
        """
        random = np.random.default_rng(2026 + 1000 * self.seed)
        X = random.standard_normal((self.rows, self.widths[0]), np.float32)
        if self.name == "simplechains":
            return X, exponentials(X)
        teacher = random.standard_normal((self.widths[0], self.widths[-1]), np.float32)
        scores = X @ teacher / np.float32(np.sqrt(self.widths[0]))
        return X, np.argmax(scores, axis=1) if self.loss == "cross_entropy" else np.tanh(scores)

    def parameters(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Initial W [nₗ × nₗ₋₁] with variance 2/nₗ₋₁ (relu) or 1/nₗ₋₁ (tanh), and small b [nₗ], float32."""
        random = np.random.default_rng(7 + 1000 * self.seed)
        gain = 2.0 if self.activation == "relu" else 1.0
        weights, biases = [], []
        for m, n in zip(self.widths, self.widths[1:], strict=False):
            weights.append((np.sqrt(gain / m) * random.standard_normal((n, m))).astype(np.float32))
            biases.append((0.01 * random.standard_normal(n)).astype(np.float32))
        return weights, biases

    def orders(self) -> np.ndarray:
        """Permutations of the rows, int64 [ORDERS × rows]."""
        random = np.random.default_rng(11 + 1000 * self.seed)
        return np.stack([random.permutation(self.rows) for _ in range(ORDERS)])


def exponentials(X: np.ndarray) -> np.ndarray:
    """exp(A) of 2 × 2 matrices A given as rows [N × 4], float32.

    With s = ½ tr A and q² = s² − det A: exp(A) = eˢ (cosh q · I + sinh q / q · (A − s I)), by Cayley and Hamilton.
    """
    a, b, c, d = X.astype(np.float64).T
    s = (a + d) / 2
    q = np.sqrt((s * s - (a * d - b * c)).astype(complex))
    cosh = np.cosh(q).real
    ratio = np.where(q == 0, 1, np.sinh(q) / np.where(q == 0, 1, q)).real
    scale = np.exp(s)
    columns = (cosh + ratio * (a - s), ratio * b, ratio * c, cosh + ratio * (d - s))
    return np.stack([scale * column for column in columns], axis=1).astype(np.float32)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("tiny", (8, 64, 64, 1), 32, 312, loss="half_squared"),
        Workload("digits", (784, 128, 64, 10), 64, 937),
        Workload("tabular", (54, 256, 256, 256, 7), 256, 390),
        Workload("wide", (784, 2048, 2048, 10), 512, 20),
        Workload("odd", (37, 211, 53, 5), 50, 400),
        # SimpleChains.jl, docs/src/examples/smallmlp.md: the exponential of 2 × 2 matrices, all 10 000 in every step
        Workload("simplechains", (4, 32, 16, 4), 10_000, 1, activation="tanh", loss="half_squared"),
    )
}


@dataclass(frozen=True)
class Task:
    """A workload with its numbers, as workers read it from a folder; every peer gets the same bits."""

    workload: Workload
    X: np.ndarray
    y: np.ndarray
    orders: np.ndarray
    weights: list[np.ndarray]
    biases: list[np.ndarray]

    @property
    def float32(self) -> np.ndarray:
        """X for peers that need it in float32: itself if it is, else a copy."""
        return np.asarray(self.X, np.float32)

    def batches(self, steps: int) -> np.ndarray:
        """The rows of the first steps in the given order, int64 [steps × batch]."""
        size = self.workload.batch * steps
        return np.resize(self.orders, size).reshape(steps, self.workload.batch)


def write(workload: Workload, folder: Path, dtype: Any = np.float32) -> Path:
    """Write the numbers of a workload, X in `dtype`; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    X, y = workload.data()
    weights, biases = workload.parameters()
    arrays = {"X": X.astype(dtype, copy=False), "y": y, "orders": workload.orders()}
    arrays |= {f"W{number}": W for number, W in enumerate(weights, 1)}
    arrays |= {f"b{number}": b for number, b in enumerate(biases, 1)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "workload.json").write_text(json.dumps(asdict(workload)))
    return folder


def read(folder: Path) -> Task:
    """Read what `write` has written."""
    record = json.loads((folder / "workload.json").read_text())
    workload = Workload(**{**record, "widths": tuple(record["widths"])})
    layers = range(1, len(workload.widths))
    return Task(
        workload,
        *(np.load(folder / f"{name}.npy") for name in ("X", "y", "orders")),
        *([np.load(folder / f"{kind}{number}.npy") for number in layers] for kind in "Wb"),
    )
