"""`chainrule train --diagnose` and `chainrule doctor`."""

import json

from expectations import QUICK, refused

from chainrule import nn
from chainrule.doctor import Diagnosis
from chainrule.tabular import TableModel


def test_a_training_that_is_diagnosed(command, flowers):
    result = command("train", flowers, "--target", "kind", *QUICK, "--diagnose")
    assert (result.returncode, result.stderr) == (0, "")
    for expected in ("‖ΔW‖/‖W‖", "silent", "(Dense relu)", "chainrule doctor model.diagnosis.json"):
        assert expected in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert Diagnosis.load(flowers.parent / "model.diagnosis.json").detail == "cheap"
    again = command("doctor", "model.diagnosis.json")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.strip() in result.stdout
    record = json.loads(command("doctor", "model.diagnosis.json", "--json").stdout)
    assert record["kind"] == "chainrule diagnosis"


def test_every_step_and_json(command, flowers):
    result = command("train", flowers, "--target", "kind", *QUICK, "--diagnose", "full", "--json")
    report = json.loads(result.stdout)
    assert report["diagnosis"] == "model.diagnosis.json"
    assert report["findings"] == []
    assert Diagnosis.load(flowers.parent / "model.diagnosis.json").detail == "full"


def test_a_model_stays_as_it_is(command, flowers, model):
    before = model.read_bytes()
    result = command("doctor", model, flowers, "-o", "run.json")
    assert (result.returncode, result.stderr) == (0, "")
    assert "No findings. Looked at:" in result.stdout
    assert model.read_bytes() == before
    steps = Diagnosis.load(flowers.parent / "run.json").steps
    assert steps.tolist() == list(range(1, len(steps) + 1))


def test_a_model_with_dead_units(command, flowers, model):
    trained = TableModel.load(model)
    network: nn.Network = trained.network
    network.set_parameters(biases=[b - 100 if i == 0 else b for i, b in enumerate(network.biases)])
    trained.save(model)
    result = command("doctor", model, flowers, "--epochs", "2")
    assert result.returncode == 0
    assert "dead relu" in result.stdout
    assert "relu′(z) = 0" in result.stdout
    assert "silent: units that are 0 in a whole batch" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_what_the_doctor_refuses(command, flowers, model):
    refused(command("doctor", model), "is a model, which needs data to train on")
    refused(command("doctor", flowers), "flowers.csv")
    refused(command("doctor", "nothing.json"), "nothing.json")
    refused(command("doctor", model, flowers, "-o", "run.txt"), ".json")


def test_a_page(command, flowers, model):
    result = command("doctor", model, flowers, "--html", "run.html")
    assert (result.returncode, result.stderr) == (0, "")
    assert "No findings. Looked at:" in result.stdout
    page = (flowers.parent / "run.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") >= 5
    refused(command("doctor", model, flowers, "--html", "run.txt"), ".html")
