"""The folder of a study: what is there is taken up, and nothing else is."""

import dataclasses
import json

import pytest
import torch

from mcdenoise.errors import TrainingError
from mcdenoise.networks import create
from mcdenoise.studies.cells import Cell, Study
from mcdenoise.studies.table import Column, markdown, write_table

CPU = torch.device("cpu")


def cells(count=2, trained=None):
    def network():
        torch.manual_seed(0)
        return create("unet", width=3)

    def objective(network, step, fraction, name=""):
        if trained is not None:
            trained.append((name, step))
        x = torch.ones(1, 3, 32, 32)
        return network(x, x, x).square().mean()

    return [
        Cell(
            f"cell{i}",
            network,
            lambda network, step, fraction, i=i: objective(network, step, fraction, i),
            lambda network: {"psnr": float(next(network.parameters()).detach().sum())},
        )
        for i in range(count)
    ]


def test_finished_cells_are_kept_and_the_others_are_trained(tmp_path):
    first = Study(tmp_path / "s", "test", {"steps": 3}).run(cells(1), CPU, lambda progress: None)
    trained, said = [], []
    outcomes = Study(tmp_path / "s", "test", {"steps": 3}).run(cells(2, trained), CPU, said.append)
    assert {name for name, _ in trained} == {1}
    assert outcomes["cell0"] == first["cell0"]
    assert [(p.cell, p.kept) for p in said if p.finished] == [("cell0", True), ("cell1", False)]


@pytest.mark.parametrize(
    "damaged",
    [
        "{",
        "[]",
        '{"values": {}, "seconds": 1, "watched": []}',
        '{"values": [1], "seconds": 1, "watched": []}',
        '{"values": {"psnr": "high"}, "seconds": 1, "watched": []}',
        '{"values": {"psnr": 1}, "seconds": null, "watched": []}',
        '{"values": {"psnr": 1}, "seconds": 1, "watched": [[1, 2, 3]]}',
        '{"values": {"psnr": 1}, "seconds": 1, "watched": [[1, 2]]}',
    ],
)
def test_an_outcome_that_was_not_written_whole_is_measured_anew_without_training(damaged, tmp_path):
    study = Study(tmp_path / "s", "test", {"steps": 3})
    first = study.run(cells(1), CPU, lambda progress: None)
    (tmp_path / "s/cells/cell0/outcome.json").write_text(damaged)
    trained = []
    assert study.run(cells(1, trained), CPU, lambda progress: None) == first
    assert trained == []


def test_minutes_become_steps_once(tmp_path):
    study = Study(tmp_path / "s", "test", {"minutes": 0.05})
    study.decide_steps(cells(), CPU, 0.05)
    costs = study.settings["seconds a step"]
    assert study.steps == pytest.approx(max(10, 60 * 0.05 * 0.9 / sum(costs.values())), rel=0.05, abs=1)
    again = Study(tmp_path / "s", "test", {"minutes": 0.05})
    again.decide_steps(cells(), CPU, 0.05)
    assert again.settings == study.settings


@pytest.mark.parametrize("fast", [True, False])
def test_the_precision_is_the_machines_where_the_study_began(tmp_path, monkeypatch, fast):
    seen = []

    def spied(cell):
        def objective(*at):
            seen.append(torch.is_autocast_enabled("cpu"))
            return cell.objective(*at)

        return dataclasses.replace(cell, objective=objective)

    monkeypatch.setattr("mcdenoise.studies.cells.has_fast_bf16", lambda device: fast)
    Study(tmp_path / "s", "test", {"steps": 2}).decide_steps(cells(1), CPU, 1.0)
    monkeypatch.setattr("mcdenoise.studies.cells.has_fast_bf16", lambda device: not fast)
    study = Study(tmp_path / "s", "test", {"steps": 2})
    study.decide_steps(cells(1), CPU, 1.0)
    study.run([spied(cell) for cell in cells(1)], CPU, lambda progress: None)
    assert study.settings["precision"] == ("bf16" if fast else "float32")
    assert seen == [fast, fast]


def test_settings_say_what_it_was_made_with(tmp_path):
    Study(tmp_path / "s", "test", {"steps": 3, "seed": 5})
    there = json.loads((tmp_path / "s/settings.json").read_text())
    assert there["options"] == {"steps": 3, "seed": 5}
    assert there["versions"]["torch"] == torch.__version__
    assert there["machine"].endswith("cores")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("test", {"steps": 4, "seed": 0}, r"other options \(steps 3 -> 4\)"),
        ("test", {"steps": 3}, r"other options \(seed 0 -> None\)"),
        ("else", {"steps": 3, "seed": 0}, "holds the study test"),
    ],
)
def test_another_study_or_other_options_are_refused(tmp_path, name, options, says):
    Study(tmp_path / "s", "test", {"steps": 3, "seed": 0})
    with pytest.raises(TrainingError, match=says) as raised:
        Study(tmp_path / "s", name, options)
    assert "\n" not in str(raised.value)


def test_a_folder_of_other_files_and_broken_settings_are_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="other files"):
        Study(tmp_path, "test", {})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    for text in ("", "[]", '{"options": 3, "steps": 1}', '{"options": {}, "steps": "x"}'):
        (tmp_path / "settings.json").write_text(text)
        with pytest.raises(TrainingError, match="is broken"):
            Study(tmp_path, "test", {})
        assert (tmp_path / "settings.json").read_text() == text


def test_a_table_for_people_and_one_for_programs(tmp_path):
    columns = [Column("name", "what"), Column("psnr", "PSNR", "+.1f"), Column("steps", "steps")]
    rows = [{"name": "a, b", "psnr": 1.26, "steps": 1200}, {"name": "c", "psnr": None}]
    write_table(tmp_path, columns, rows, "Title", ["A note."])
    assert (tmp_path / "table.csv").read_text() == 'name,psnr,steps\n"a, b",1.26,1200\nc,,\n'
    assert markdown(columns, rows).splitlines() == [
        "| what | PSNR | steps |",
        "| ---- | ---: | ----: |",
        "| a, b | +1.3 | 1,200 |",
        "| c    |      |       |",
    ]
    assert (tmp_path / "table.md").read_text().startswith("# Title\n\n| what")
