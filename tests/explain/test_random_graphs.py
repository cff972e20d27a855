"""Random graphs of numbers: derivation, engine and differences agree, and a seeded fault never passes."""

import random

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError, DerivationError
from chainrule.explain.expression import Negative, Sum
from chainrule.explain.scalar import chain, lines
from chainrule.explain.scalar.computation import Computation
from chainrule.explain.source.text import parse
from same_steps import FORMATS


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FORMS = {
    "sin({})": np.sin,
    "tanh({})": np.tanh,
    "σ({})": sigmoid,
    "exp({}/4)": lambda x: np.exp(x / 4),
    "({})^2": lambda x: x**2,
    "softplus({})": lambda x: np.log(1 + np.exp(x)),
    "1/(2+({})^2)": lambda x: 1 / (2 + x**2),
    "-{}": lambda x: -x,
    "relu({})": lambda x: np.maximum(x, 0),
    "{}*{}": lambda x, y: x * y,
    "{}+{}": lambda x, y: x + y,
    "{}-{}": lambda x, y: x - y,
    "{}/(1+({})^2)": lambda x, y: x / (1 + y**2),
    "2*{}*{}": lambda x, y: 2 * x * y,
    "{}+3*{}": lambda x, y: x + 3 * y,
}
"""What a step of a graph may be: as text, and as it is computed without chainrule."""


POINT = {"x": 0.3, "y": 0.7}


class RandomGraph:
    """A function of x and y with a few names between, each made of one or two of those before it."""

    def __init__(self, seed):
        dice = random.Random(seed)
        known, self.steps = ["x", "y"], []
        for number in range(dice.randint(2, 5)):
            form = dice.choice(list(FORMS))
            operands = dice.choices(known[-4:], k=form.count("{}"))
            self.steps.append((f"v{number}", form, operands))
            known.append(f"v{number}")
        self.last = known[-1]

    @property
    def text(self):
        definitions = [f"{name} = {form.format(*operands)}" for name, form, operands in self.steps]
        return "; ".join([f"f = v0*{self.last} + {self.last}", *definitions])

    def __call__(self, **inputs):
        values = POINT | inputs
        for name, form, operands in self.steps:
            values[name] = FORMS[form](*(values[operand] for operand in operands))
        return values["v0"] * values[self.last] + values[self.last]

    def path_count(self, wrt):
        """By dynamic programming: of every name the sum over the places where a name stands, an input counting once."""
        count = {"x": 0, "y": 0, wrt: 1}
        for name, operands in [
            *((name, operands) for name, _, operands in self.steps),
            ("f", ["v0", self.last, self.last]),
        ]:
            places = [operand for operand in operands if operand.startswith("v")]
            count[name] = sum(count[place] for place in [*places, *({*operands} - {*places})])
        return count["f"]

    def difference(self, wrt, at, h=1e-3):
        """The derivative by central differences of fourth order."""
        near, far = (
            (self(**{**at, wrt: at[wrt] + step}) - self(**{**at, wrt: at[wrt] - step})) / (2 * step)
            for step in (h, 2 * h)
        )
        return (4 * near - far) / 3


def check(seed):
    """Derivation, cr.grad and differences agree in every style, no path is missing, all formats show all steps."""
    graph = RandomGraph(seed)
    names = Computation.of(parse(graph.text)).inputs
    at = {name: POINT[name] for name in names}
    for position, wrt in enumerate(names):
        slope = graph.difference(wrt, at)
        engine = cr.grad(lambda *numbers: graph(**dict(zip(names, numbers, strict=True))), position)(*at.values())
        assert engine == pytest.approx(slope, rel=1e-6, abs=1e-8), graph.text
        for style in ("paths", "reverse", "forward"):
            derivation = cr.derive(graph.text, wrt, at, style)
            assert derivation.value == pytest.approx(float(engine), rel=1e-9, abs=1e-12), graph.text
            assert derivation.difference == pytest.approx(slope, rel=1e-6, abs=1e-8), graph.text
            assert all(line.check.worst < 1e-6 for line in derivation.lines[1:]), graph.text
            assert derivation.path_count == graph.path_count(wrt), graph.text
            assert len(derivation.paths) in (0, derivation.path_count)
            for shows in FORMATS.values():
                shows(derivation)


@pytest.mark.parametrize("seed", range(40))
def test_derivation_engine_and_differences_agree(seed):
    check(seed)


@pytest.mark.nightly
def test_a_thousand_graphs():
    for seed in range(1000):
        check(seed)


@pytest.mark.parametrize("seed", range(20))
def test_functions_of_python_agree_with_grad(seed):
    dice = np.random.default_rng(seed)
    first, second, third = dice.choice([np.sin, np.tanh, cr.ops.sigmoid, np.square, cr.ops.softplus], 3)

    def f(x, y):
        a = first(x * y)
        b = second(a - y) * x
        return third(b) + a * b

    at = tuple(dice.random(2))
    derivation = cr.derive(f, "x", at)
    assert derivation.value == pytest.approx(cr.grad(f)(*at), rel=1e-12)
    assert set(derivation.definitions) >= {"a", "b"}


def _fails(monkeypatch, target, name, faulty, seed):
    """Whether a derivation with a faulty part raises; the text has several paths."""
    monkeypatch.setattr(target, name, faulty)
    text = RandomGraph(seed).text
    with pytest.raises(DerivationError):
        cr.derive(text, 0)


@pytest.mark.parametrize("seed", range(10))
def test_a_dropped_path_is_found(monkeypatch, seed):
    def faulty(computation, wrt):
        named, derived = chain.over_paths(computation, wrt)
        return named, Sum(derived.terms[1:]) if isinstance(derived, Sum) else Negative(derived)

    _fails(monkeypatch, lines, "over_paths", faulty, seed)


@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_sign_is_found(monkeypatch, seed):
    derived = Computation._derived

    def faulty(self, target, source):
        first, *others = derived(self, target, source)
        return (Negative(first), *others)

    _fails(monkeypatch, Computation, "_derived", faulty, seed)


def test_a_wrong_rule_of_a_composite_is_found(monkeypatch):
    from chainrule.explain.algebra.composite import SIGMOID

    rule = SIGMOID.rules[0]
    object.__setattr__(SIGMOID, "rules", (lambda g, y, x: 1.001 * rule(g, y, x),))
    try:
        with pytest.raises(ChainruleError, match="df/dx"):
            cr.derive("f = σ(x)")
    finally:
        object.__setattr__(SIGMOID, "rules", (rule,))
