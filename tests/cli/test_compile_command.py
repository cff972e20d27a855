"""`chainrule compile` shows graph, plan and code of a function in a file and of a model's training step."""

import re

import pytest
from expectations import refused, shown

from chainrule import nn

BESIDE = "rate = 0.5\n"
FILE = """
import numpy as np
import chainrule as cr
from beside import rate

def loss(p, x):
    return np.mean(np.tanh(x @ p["W"].T + p["b"]) * rate)

def double(x):
    return x * 2

@cr.compile
def compiled(x, i):
    return x[i]

def branching(x):
    return 1.0 if x > 0 else 0.0

def failing(x):
    return {}["missing"]

if __name__ == "__main__":
    raise SystemExit("this is not a script now")
"""


def test_the_plan_of_a_function_of_nested_arrays(command, functions):
    types = "--arg", "{'W': f32[10,84], 'b': f32[10]}", "--arg", "f32[64, 84]"
    text = shown(command("compile", "functions.py:loss", *types))
    assert re.match(r"loss: \d kernels in \d phases", text)
    assert re.search(r"matmul, add, tanh, multiply +64×10 +\d+×\d+ .* [mµn]s\n", text)


def test_the_graph(command, functions):
    text = shown(command("compile", "functions.py:double", "--arg", "f64[]", "--show", "graph"))
    assert text == "double(x: f64[]) -> f64[]\n  %1 = x·2   f64[]\n  return %1\n"


@pytest.mark.parametrize("show", ["llvm", "asm"])
def test_code(command, functions, show):
    text = shown(command("compile", f"{functions}:double", "--arg", "f32[8]", "--show", show))
    assert ("define void @run(" in text) == (show == "llvm")
    assert re.search(r"^run:", text, re.MULTILINE) is None if show == "llvm" else "\nrun:" in text


def test_a_function_that_is_compiled_already(command, functions):
    arguments = "--arg", "f32[8]", "--arg", "i64[2]", "--show", "graph"
    assert shown(command("compile", "functions.py:compiled", *arguments)).startswith("compiled(x: f32[8], i: i64[2])")


def test_the_training_step_of_a_table_model(command, model):
    text = shown(command("compile", model, "--batch-size", "24"))
    assert text.startswith("training step: ")
    assert re.search(r"matmul.* 24×16 ", text)


def test_the_training_step_of_a_network(command, tmp_path):
    nn.Network(5, [nn.Dense(7, "relu"), nn.Dense(3)], "cross_entropy").save(tmp_path / "net.safetensors")
    text = shown(command("compile", "net.safetensors", "--show", "graph", "--batch-size", "9"))
    assert "i64[9]" in text
    assert "f32[9,7]" in text


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["functions.py:doubel", "--arg", "f64[]"], ["no function 'doubel'", "loss, double"]),
        (["functions.py"], ["which function of functions.py? write functions.py:NAME"]),
        (["none.py:f"], ["none.py does not exist"]),
        (["none.safetensors"], ["none.safetensors"]),
        (["functions.py:double"], ["double(x) needs --arg TYPE for each of its arguments", "got 0"]),
        (["functions.py:double", "--arg", "f6[3]"], ["'f6[3]' names no type", "f32, f64"]),
        (["functions.py:double", "--arg", "f64[-1]"], ["names no type"]),
        (["functions.py:double", "--arg", "__import__('os')"], ["names no type"]),
        (["functions.py:double", "--arg", "f64[2"], ["names no type"]),
        (["functions.py:branching", "--arg", "f64[]"], ["functions.py", "np.where"]),
        (["functions.py:failing", "--arg", "f64[]"], ["failing failed with KeyError: 'missing'"]),
        (["functions.py:double", "--arg", "f64[]", "--show", "ptx"], ["'ptx' is not one of"]),
        (["net.safetensors", "--arg", "f64[]"], ["--arg is for functions"]),
    ],
)
def test_what_is_wrong_is_named(command, functions, arguments, fragments):
    refused(command("compile", *arguments), *fragments)


def test_a_file_that_fails_is_named(command, tmp_path):
    (tmp_path / "broken.py").write_text("x = 1 / 0\n")
    refused(command("compile", "broken.py:f"), "broken.py: running it failed with ZeroDivisionError: division by zero")


def test_help(command):
    assert "chainrule compile losses.py:loss" in command("compile", "--help").stdout
    assert "compile  Show what a function" in command("--help").stdout
