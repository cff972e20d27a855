"""What follows from the measurements of a training: the findings, as text, page, picture and file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.atomic import replacing
from chainrule.doctor.finding import Finding
from chainrule.doctor.findings import find
from chainrule.doctor.measurements import QUANTITIES, LayerSeries, Measurements
from chainrule.doctor.not_finite import NotFinite
from chainrule.errors import ArgumentError, ModelFileError
from chainrule.printable import printable
from chainrule.readable import require_readable
from chainrule.types import Array

SCHEMA = 1
"""The version of the JSON form."""
KIND = "chainrule diagnosis"
WRITERS = "chainrule train --diagnose and Diagnosis.save"
"""What writes the JSON form to a file."""


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Measurements):
    """A training under observation: what was measured (see `Measurements`), and what is wrong."""

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, causes before their consequences; empty for a healthy training."""
        return find(self)

    def __str__(self) -> str:
        """The median of every quantity over the steps that were measured in every detail, and the findings."""
        if not len(self.steps):
            return "\n\n".join([self.span, *map(str, self.findings)])
        rows = self.table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        )
        verdict = [str(finding) for finding in self.findings] or [self.all_clear]
        return "\n\n".join(["\n".join([self.span, *(line.rstrip() for line in lines)]), *verdict])

    __repr__ = __str__

    def to_json(self) -> dict[str, Any]:
        """Everything as a JSON object, findings included; what is not a finite number is null or text."""
        return {
            "kind": KIND,
            "schema": SCHEMA,
            "detail": self.detail,
            "steps": self.steps.tolist(),
            "losses": _numbers(self.losses),
            "layers": [
                {
                    "number": layer.number,
                    "name": layer.name,
                    "activation": layer.activation,
                    "units": layer.units,
                    "series": {name: _numbers(values) for name, values in layer.series.items()},
                    "last_active": None if layer.last_active is None else layer.last_active.tolist(),
                    "equal_units": layer.equal_units,
                    "unreached": list(layer.unreached),
                    "final": {name: _numbers(values) for name, values in layer.final.items()},
                    "fewest_rows": layer.fewest_rows,
                }
                for layer in self.layers
            ],
            "chance_loss": self.chance_loss,
            "diverged": self.diverged,
            "not_finite": None if self.not_finite is None else self.not_finite.to_json(),
            "constant_loss": self.constant_loss,
            "epoch_losses": _numbers(self.epoch_losses),
            "final_losses": _numbers(self.final_losses),
            "made": self.made,
            "smallest_batch": self.smallest_batch,
            "findings": [asdict(finding) for finding in self.findings],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Diagnosis:
        """What `to_json` gave; the findings are made anew.

        Raises:
            ModelFileError: it is not a diagnosis, or one of another version.
        """
        if not isinstance(record, Mapping) or record.get("kind") != KIND or record.get("schema") != SCHEMA:
            raise ModelFileError(f"not a diagnosis of version {SCHEMA}; {WRITERS} write one")
        record = tree.map_leaves(lambda leaf: printable(leaf) if isinstance(leaf, str) else leaf, record)
        try:
            cause = record["not_finite"]
            return cls(
                str(record["detail"]),
                np.array(record["steps"], np.int64),
                _array(record["losses"]),
                tuple(_layer(layer) for layer in record["layers"]),
                record["chance_loss"],
                bool(record["diverged"]),
                None if cause is None else NotFinite.from_json(cause),
                record.get("constant_loss"),
                _array(record.get("epoch_losses", [])),
                _array(record.get("final_losses", [])),
                int(record.get("made", 0)),
                int(record.get("smallest_batch", 0)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"the diagnosis is damaged: {error!r}") from error

    def svg(self, quantity: str = "delta") -> str:
        """A picture: a curve of one quantity for each layer.

        Args:
            quantity: as for `series`.

        Raises:
            ArgumentError: there is no such quantity, or no layer has it.
        """
        from chainrule.doctor.picture import curves

        return curves(self, quantity)

    def html(self) -> str:
        """The layers, the findings with their derivations, and curves, as a fragment of HTML; no script, nothing loaded
        from elsewhere."""
        from chainrule.doctor.page import to_html

        return to_html(self, self.findings)

    def save(self, path: str | Path) -> None:
        """Write it to a file, whole or not at all; the suffix says how: json, html, or svg, which is `svg("delta")`.

        `load` and `chainrule doctor` read the JSON.

        Raises:
            ArgumentError: the suffix is another, or there is no δ to draw.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".json":
                text = json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False) + "\n"
            case ".html":
                from chainrule.doctor.page import to_page

                text = to_page(self, self.findings)
            case ".svg":
                text = self.svg()
            case _:
                raise ArgumentError(f"path: {path.name!r} ends in none of .json, .html, .svg, which choose the format")
        with replacing(path) as beside:
            beside.write_text(text, "utf-8")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks, which choose the richest form that they can show."""
        return {"text/plain": str(self), "text/html": self.html()}

    @classmethod
    def load(cls, path: str | Path) -> Diagnosis:
        """Read the JSON that `save` wrote.

        Raises:
            ModelFileError: the file is missing, or holds something else.
        """
        path = Path(path)
        require_readable(path, "diagnosis", ModelFileError)
        try:
            return cls.from_json(json.loads(path.read_bytes()))
        except (ValueError, RecursionError) as error:
            told = error if isinstance(error, ModelFileError) else f"not JSON, as {WRITERS} write it"
            raise ModelFileError(f"{path}: {told}") from error


def _layer(record: Mapping[str, Any]) -> LayerSeries:
    active = record["last_active"]
    return LayerSeries(
        int(record["number"]),
        str(record["name"]),
        str(record["activation"]),
        int(record["units"]),
        _series(record["series"]),
        None if active is None else np.array(active, np.int64),
        int(record["equal_units"]),
        tuple(map(str, record["unreached"])),
        _series(record.get("final", {})),
        int(record.get("fewest_rows", 1)),
    )


def _series(record: Mapping[str, list[Any]]) -> dict[str, Array]:
    return {name: _array(values) for name, values in record.items() if name in QUANTITIES}


def _numbers(values: Array) -> list[Any]:
    """Floats for JSON: NaN, which stands for what was not measured, as null, infinities as text."""
    return [None if np.isnan(x) else float(x) if np.isfinite(x) else str(float(x)) for x in values]


def _array(values: list[Any]) -> Array:
    return np.array([np.nan if x is None else float(x) for x in values], np.float64)
