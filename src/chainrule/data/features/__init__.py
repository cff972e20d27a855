"""The kinds of features, one class each. A new kind is a class here and a line in `FEATURES`."""

from chainrule.data.features.category import CodedFeature, OneHotFeature, learn_category
from chainrule.data.features.feature import Dropped, Feature
from chainrule.data.features.numeric import NumericFeature
from chainrule.data.features.time import TimeFeature
from chainrule.data.table import Column

FEATURES: dict[str, type[Feature]] = {
    feature.type_name: feature for feature in (NumericFeature, OneHotFeature, CodedFeature, TimeFeature)
}

__all__ = ["FEATURES", "CodedFeature", "Dropped", "Feature", "NumericFeature", "OneHotFeature", "TimeFeature"]


def learn_feature(column: Column, one_hot_levels: int) -> Feature | Dropped:
    """Learn the feature that suits the column's kind."""
    match column.kind:
        case "numeric":
            return NumericFeature.learn(column)
        case "category":
            return learn_category(column, one_hot_levels)
        case "time":
            return TimeFeature.learn(column)
