"""Names that are imported when they are first used, and what a process that trains a network never imports."""

import subprocess
import sys
from importlib import import_module

import pytest

TRAINING = """
import sys
import numpy as np, chainrule as cr
network = cr.nn.Network(3, [cr.nn.Dense(4, "tanh"), cr.nn.Dense(1)])
network.fit(np.ones((8, 3)), np.ones(8), epochs=1, progress=False)
print(*sorted(name for name in sys.modules if name.startswith(("chainrule", "numpy.typing"))))
"""


@pytest.mark.parametrize("package", ["chainrule", "chainrule.doctor", "chainrule.nn", "chainrule.nn.step_report"])
def test_every_public_name_is_found_and_listed(package):
    module = import_module(package)
    assert {"__name__", *module.__all__} <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is getattr(module, name)
        assert getattr(module, name) is vars(module)[name]


def test_a_name_that_does_not_exist_is_named():
    with pytest.raises(AttributeError, match=r"module 'chainrule\.doctor' has no attribute 'Remedy'"):
        import_module("chainrule.doctor").Remedy


def test_a_training_whose_code_is_kept_imports_neither_code_generator_nor_explanations(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    imported = _imported()
    assert "chainrule.codegen.program" in imported  # the code was not kept yet
    imported = _imported()
    assert {"chainrule.runtime.executable", "chainrule.train.step"} <= imported
    for absent in (
        "chainrule.codegen.program",
        "chainrule.codegen.kernels",
        "chainrule.data",
        "chainrule.doctor.diagnosis",
        "chainrule.doctor.not_finite",
        "chainrule.explain",
        "chainrule.nn.step_report",
        "numpy.typing",
    ):
        assert absent not in imported


def _imported() -> set[str]:
    done = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
