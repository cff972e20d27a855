"""The doctor: what is measured of a training, what is wrong with it, and where the first NaN came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.lazy_import import lazy_import

if TYPE_CHECKING:
    from chainrule.doctor.diagnosis import Diagnosis
    from chainrule.doctor.finding import Finding
    from chainrule.doctor.measurements import QUANTITIES, LayerSeries
    from chainrule.doctor.not_finite import NotFinite, first_not_finite

__all__ = ["QUANTITIES", "Diagnosis", "Finding", "LayerSeries", "NotFinite", "first_not_finite"]

_MEASUREMENTS = ("QUANTITIES", "LayerSeries")
_NOT_FINITE = ("NotFinite", "first_not_finite")
__getattr__, __dir__ = lazy_import(
    __name__,
    {"Diagnosis": "diagnosis", "Finding": "finding"}
    | dict.fromkeys(_MEASUREMENTS, "measurements")
    | dict.fromkeys(_NOT_FINITE, "not_finite"),
)
