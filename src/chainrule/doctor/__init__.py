"""The doctor: what is measured of a training, what is wrong with it, and where the first NaN came from."""

from chainrule.doctor.diagnosis import QUANTITIES, Diagnosis, Finding, LayerSeries
from chainrule.doctor.not_finite import NotFinite, first_not_finite

__all__ = ["QUANTITIES", "Diagnosis", "Finding", "LayerSeries", "NotFinite", "first_not_finite"]
