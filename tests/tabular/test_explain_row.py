"""Why a row gets its prediction: a linear model, differences and the sum of the shares as oracles."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from generated_tables import replaced

from chainrule.data import Column, Preprocessing, Table, read_table
from chainrule.data.features import NumericFeature
from chainrule.data.features.scale import RobustScale
from chainrule.errors import ArgumentError, ModelFileError, TableError
from chainrule.figures import signed
from chainrule.functions import grad
from chainrule.tabular import TableModel, train_table
from chainrule.tabular.row_report import build

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def penguins():
    return read_table(EXAMPLES / "penguins.csv")


@pytest.fixture(scope="module")
def flights():
    return read_table(EXAMPLES / "flights.csv").select(np.arange(1500))


@pytest.fixture(scope="module")
def species(penguins):
    return train_table(penguins, "species", hidden=(32,), epochs=20, progress=False)[0]


@pytest.fixture(scope="module")
def mass(penguins):
    return train_table(penguins, "body_mass_g", hidden=(), epochs=20, progress=False)[0]


@pytest.fixture(scope="module")
def late(flights):
    return train_table(flights, "late", hidden=(24, 24), epochs=8, progress=False)[0]


def at(table, *positions):
    return table.select(np.array(positions))


def with_value(table, name, value):
    return replaced(table, name, np.array([0]), value)


def explained(model, table, why):
    """ŷ of a table's rows, of the class that is explained."""
    if why.quantity == model.target.column:
        outputs = model.network.outputs(model.preprocessing.apply(table))[:, 0].astype(float)
        return model.target.mean + model.target.deviation * outputs
    return model.predict_proba(table)[:, model.target.classes.index(why.quantity.split(" = ")[1])].astype(float)


def test_shares_of_a_linear_model_are_weights_times_differences(mass, penguins):
    row = at(penguins, 16)
    why = mass.explain(row, at(penguins, 200))
    (W,) = mass.network.weights
    x, start = (mass.preprocessing.apply(table)[0].astype(float) for table in (row, at(penguins, 200)))
    products = mass.target.deviation * W[0] * (x - start)
    position = 0
    for feature in mass.preprocessing.features:
        width = len(feature.names)
        expected = products[position : position + width].sum()
        np.testing.assert_allclose(why[feature.column].share, expected, rtol=1e-4, atol=1e-2)
        position += width
    shares = [abs(effect.share) for effect in why.effects]
    assert shares == sorted(shares, reverse=True)
    assert abs(why.error) < 0.01
    np.testing.assert_allclose(why.prediction, explained(mass, row, why)[0], rtol=1e-6)


@pytest.mark.parametrize("position", [0, 100, 777])
def test_shares_add_up_to_the_difference_of_predictions(late, flights, position):
    for baseline in (None, at(flights, 42)):
        why = late.explain(at(flights, position), baseline)
        np.testing.assert_allclose(why.prediction, explained(late, at(flights, position), why)[0], rtol=1e-6)
        if baseline is not None:
            np.testing.assert_allclose(why.baseline, explained(late, baseline, why)[0], rtol=1e-6)
        total = sum(effect.share for effect in why.effects)
        np.testing.assert_allclose(total + why.error, why.prediction - why.baseline, rtol=1e-9)
        assert abs(why.error) <= 1e-3 * abs(why.prediction - why.baseline) + 1e-6
    assert {effect.column for effect in why.effects} == set(late.preprocessing.columns)


def test_times_of_the_day_are_written_as_such_and_change_by_the_hour(late, flights):
    why = late.explain(at(flights, 0))
    effect = why["scheduled_departure"]
    assert (effect.value, effect.clock) == ("05:58", True)
    assert effect.baseline.count(":") >= 1
    line = next(line for line in str(why).splitlines() if "scheduled_departure" in line and "per" in line)
    assert line.endswith(f"{signed(effect.slope * 3600)} per hour")
    row = {column.name: column.values[0] for column in at(flights, 0).columns}
    row |= {"date": np.datetime64(int(row["date"]), "s"), "scheduled_departure": "05:58"}
    assert str(late.explain(row)) == str(why)


def test_nothing_is_explained_by_the_row_itself(species, penguins):
    why = species.explain(at(penguins, 16), at(penguins, 16))
    assert why.error == 0
    assert not any(effect.share for effect in why.effects)


def test_the_baseline_is_the_usual_value_of_the_training_rows(penguins):
    table = Table.of(
        {
            "size": [1.0, 2.0, 3.0, 4.0, 50.0, np.nan],
            "town": np.array(["b", "b", "b", "a", "c", None], object),
            "many": np.array([*"aabccd"], object),
            "day": np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-05", "NaT"], "M8[D]"),
        }
    )
    preprocessing = Preprocessing.learn(table, one_hot_levels=3)
    size, town, many, _ = preprocessing.features
    assert (size.usual, town.usual, many.usual) == ("3", "b", "a")
    usual = np.concatenate([feature.usual_inputs for feature in preprocessing.features])
    row = Table.of({"size": [3.0], "town": ["b"], "many": ["a"], "day": np.array(["2020-01-03"], "M8[D]")})
    applied = preprocessing.apply(row)[0]
    fixed = slice(0, len(size.names) + len(town.names) + len(many.names))
    np.testing.assert_array_equal(usual[fixed], applied[fixed])
    assert not usual[fixed.stop :].any()
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


def test_a_file_that_does_not_tell_the_most_frequent_level_is_read_and_a_wrong_one_is_not(species):
    stored = species.preprocessing.to_json()
    for feature in stored["features"]:
        feature.pop("frequent", None)
    older = Preprocessing.from_json(stored)
    island = next(feature for feature in older.features if feature.column == "island")
    assert island.usual == "unknown"
    assert not island.usual_inputs.any()
    stored["features"][0]["frequent"] = "Atlantis"
    with pytest.raises(ModelFileError, match="Atlantis"):
        Preprocessing.from_json(stored)


@pytest.mark.parametrize("model", ["species", "mass", "late"])
def test_slopes_are_differences_in_the_units_of_the_table(model, request, penguins, flights):
    trained = request.getfixturevalue(model)
    row = at(flights, 100) if model == "late" else at(penguins, 16)
    why = trained.explain(row)
    found = 0
    for effect in why.effects:
        if effect.slope is None:
            continue
        value = row[effect.column].values[0]
        spread = next(f for f in trained.preprocessing.features if f.column == effect.column).scale.spread
        h = 0.003 * spread
        ends = [explained(trained, with_value(row, effect.column, value + s * h), why)[0] for s in (1, -1)]
        np.testing.assert_allclose(effect.slope, (ends[0] - ends[1]) / (2 * h), rtol=0.05, atol=2e-3 / spread)
        found += 1
    assert found >= 2


def test_one_gradient_gives_the_slopes_of_all_columns(monkeypatch):
    random = np.random.default_rng(3)
    names = [f"c{i}" for i in range(40)]
    scales = [RobustScale(middle, spread) for middle, spread in random.uniform(0.5, 4, (40, 2)).tolist()]
    features = [NumericFeature(name, scale, indicator=False) for name, scale in zip(names, scales, strict=True)]
    values = random.normal(0, 20, 40)
    values[:3] = np.nan, 1e200, -np.inf
    columns = [Column(n, "numeric", np.array([v])) for n, v in zip(names, values, strict=True)]
    made = []
    monkeypatch.setattr(build, "grad", lambda f: made.append(f) or grad(f))
    found = build._scaling_slopes(features, columns)
    middle, spread = np.array([(scale.middle, scale.spread) for scale in scales[3:]]).T
    expected = (1 + ((values[3:] - middle) / spread / 3) ** 2) ** -1.5 / spread
    assert len(made) == 1
    assert "c0" not in found
    assert found["c1"] == found["c2"] == 0
    np.testing.assert_allclose([found[name] for name in names[3:]], expected, rtol=1e-13)


def test_other_levels_are_predicted_again(late, flights):
    row = at(flights, 100)
    why = late.explain(row)
    for name in ("origin", "carrier", "dest"):
        others = why[name].others
        assert row[name].values[0] not in {other.value for other in others}
        assert [abs(other.change) for other in others] == sorted((abs(o.change) for o in others), reverse=True)
        for other in others[:4]:
            moved = explained(late, with_value(row, name, other.value), why)[0]
            np.testing.assert_allclose(other.change, moved - why.prediction, atol=1e-6)
    (later,) = why["date"].others
    moved = explained(late, with_value(row, "date", row["date"].values[0] + 86_400), why)[0]
    np.testing.assert_allclose(later.change, moved - why.prediction, atol=1e-6)
    assert why["date"].slope is None


def test_a_class_can_be_chosen(species, penguins):
    row = at(penguins, 16)
    by_class = [species.explain(row, of=name) for name in species.target.classes]
    np.testing.assert_allclose(sum(why.prediction for why in by_class), 1, rtol=1e-5)
    np.testing.assert_allclose(sum(why["bill_length_mm"].share for why in by_class), 0, atol=1e-4)
    assert species.explain(row).quantity == "probability of species = Adelie"
    with pytest.raises(ArgumentError, match="did you mean 'Gentoo'"):
        species.explain(row, of="Gentou")


def test_a_row_may_be_a_dict_with_gaps_and_unknown_levels(species, penguins):
    row = {"island": "Atlantis", "bill_length_mm": None, "bill_depth_mm": 17.0, "flipper_length_mm": float("nan")}
    why = species.explain(row | {"body_mass_g": 4000, "sex": "male", "year": 2008, "more": "ignored"})
    assert why["island"].value == "Atlantis (unknown)"
    assert why["bill_length_mm"].value == "missing"
    assert why["bill_length_mm"].slope is None
    with pytest.raises(TableError, match="no column"):
        species.explain(row)
    with pytest.raises(ArgumentError, match="must be one row, got 2"):
        species.explain(at(penguins, 1, 2))
    with pytest.raises(ArgumentError, match="a table is a DataFrame, a mapping of names to columns"):
        species.explain([1, 2, 3])


def test_a_number_has_no_classes_and_may_be_kept_within_the_training_range(mass, penguins):
    with pytest.raises(ArgumentError, match="is a number"):
        mass.explain(at(penguins, 16), of="Adelie")
    row = at(penguins, 16)
    assert mass.explain(row).kept_within is None
    narrow = replace(mass, target=replace(mass.target, lowest=4000.0))
    why = narrow.explain(row)
    assert why.kept_within == narrow.predict(row)[0] == 4000
    assert why.prediction < 4000
    assert "kept within" in str(why)


def test_text_and_page(late, flights):
    why = late.explain(at(flights, 100))
    text = str(why)
    assert max(map(len, text.splitlines())) <= 80
    assert "█" in text
    assert "per unit" in text
    assert "the shares add up to" in text
    assert why.text(ascii=True).isascii()
    names = [line.split()[0] for line in text.splitlines() if "|" in line]
    assert names == [effect.column for effect in why.effects][: len(names)]
    bundle = why._repr_mimebundle_()
    assert bundle["text/plain"] == text

    tags = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attributes):
            tags.append(tag)

    Tags().feed(bundle["text/html"])
    assert "script" not in tags
    assert tags.count("tr") == len(why.effects) + 1


def test_names_of_columns_cannot_break_a_page():
    random = np.random.default_rng(0)
    x = random.normal(size=60)
    name = "<b>&\n\x1b]0;x\x07"
    table = Table((Column.of(name, x), Column.of("y", x * 2 + random.normal(size=60))))
    model, _ = train_table(table, "y", hidden=(), epochs=2, progress=False)
    why = model.explain(at(table, 0))
    assert "<b>" not in why.html()
    assert all(character.isprintable() for character in why.html())
    assert "\\n" in str(why)


def test_the_step_of_a_row_is_that_of_its_inputs(species, penguins):
    row = at(penguins, 16)
    before = [array.tobytes() for _, array in species.network.named_arrays()]
    step = species.explain_step(row, 0.01)
    np.testing.assert_array_equal(step.a[0], species.preprocessing.apply(row)[0])
    assert step.targets.tolist() == [species.target.classes.index("Adelie")]
    np.testing.assert_allclose(step.loss, -np.log(species.predict_proba(row)[0, 0]), rtol=1e-4)
    assert [array.tobytes() for _, array in species.network.named_arrays()] == before
    with pytest.raises(TableError, match="no column 'species'"):
        species.explain_step(Table(tuple(column for column in row.columns if column.name != "species")))


def test_a_stored_model_explains_the_same(late, flights, tmp_path):
    late.save(tmp_path / "m.safetensors")
    loaded = TableModel.load(tmp_path / "m.safetensors")
    assert str(loaded.explain(at(flights, 5))) == str(late.explain(at(flights, 5)))


@pytest.mark.parametrize("name", ["dest", "carrier", "origin", "distance", "date", "plane_year"])
def test_a_column_that_alone_differs_has_the_whole_share(late, flights, name):
    row, other = at(flights, 100), at(flights, 320)
    baseline = with_value(row, name, other[name].values[0])
    why = late.explain(row, baseline)
    assert why.prediction != why.baseline
    np.testing.assert_allclose(why[name].share, why.prediction - why.baseline, rtol=2e-3, atol=1e-6)
    assert not any(effect.share for effect in why.effects if effect.column != name)


@pytest.mark.parametrize(
    ("slope", "said"),
    [
        (0.25, "+0.25 per unit"),
        (-1e-4, "−0.0001 per unit"),
        (-3e-6, "−0.003 per 1,000"),
        (2e-9, "+2e−06 per 1,000"),
        (0.0, "0 per unit"),
    ],
)
def test_slopes_of_columns_of_large_numbers_can_be_read(mass, penguins, slope, said):
    why = mass.explain(penguins.select([16]))
    effect = replace(why.effects[0], slope=slope)
    assert said in replace(why, effects=(effect,)).text()
    assert said in replace(why, effects=(effect,)).html()


def test_long_names_that_begin_alike_differ(mass, penguins):
    why = mass.explain(penguins.select([16]))
    names = ["MCDONNELL DOUGLAS AIRCRAFT CO", "MCDONNELL DOUGLAS CORPORATION"]
    texts = [replace(why, effects=(replace(why.effects[0], value=name),)).text() for name in names]
    assert texts[0] != texts[1]
    assert max(map(len, "\n".join(texts).splitlines())) <= 80
