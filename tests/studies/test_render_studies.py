"""The studies of renders: what their cells learn, that they go on where they stopped, and their commands."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic import picture, write_view

from mcdenoise.data.cutting import Batch
from mcdenoise.networks.model_file import load_model
from mcdenoise.studies import budget, losses, realizations, targets
from mcdenoise.studies.losses import OTHERS, PAPERS
from mcdenoise.studies.renders import load_renders
from mcdenoise.studies.sizes import Sizes
from mcdenoise.tonemap import tonemap

TINY = Sizes(width=3, crop=32, batch=1)
STUDIES = {"losses": losses, "targets": targets, "budget": budget, "realizations": realizations}


class Stop(Exception):
    """What a test ends a study with."""


@pytest.fixture(scope="module")
def renders(tmp_path_factory):
    """Two scenes to learn from and one to test, four realizations and a reference each, 32 x 32."""
    folder = tmp_path_factory.mktemp("renders")
    for k, scene in enumerate(("forest", "garage", "kitchen")):
        split = "validation" if scene == "garage" else "train"
        truth = picture(32, 32, k)
        write_view(folder / scene / "view000", truth, realizations=4, seed=k, references=True, split=split)
    return folder


def rows_of(folder):
    return list(csv.DictReader((folder / "table.csv").open()))


@pytest.mark.parametrize("case", PAPERS + OTHERS, ids=lambda case: case.name)
def test_a_tonemapped_target_leads_below_the_mean_and_any_other_to_it(case):
    """What a network that cannot tell one sample from another is led to, by the gradient of the case's loss."""
    generator = torch.Generator().manual_seed(0)
    y = torch.exp(1.2 * torch.randn(1, 3, 1, 20_000, generator=generator, dtype=torch.float64))
    batch = Batch(y, y, y, y)
    low, high = 1e-4, float(y.max())
    for _ in range(60):
        middle = torch.tensor((low * high) ** 0.5, dtype=torch.float64, requires_grad=True)
        case.loss_of(middle.expand_as(y), batch, 0.5).backward()
        low, high = (low, middle.item()) if middle.grad > 0 else (middle.item(), high)
    found = float(case.decode(torch.tensor(low, dtype=torch.float64)))
    mean = float(y.mean())
    if case.target:
        curved = float(tonemap(y).mean()) ** 2.2
        assert found == pytest.approx(curved / (1 - curved), rel=1e-3)
        assert found < 0.7 * mean
    else:
        assert found == pytest.approx(mean, rel=1e-6)


def test_radiance_comes_back_from_a_tonemapped_prediction():
    radiance = torch.tensor([0.0, 0.01, 0.18, 1.0, 50.0])
    case = next(case for case in PAPERS if case.target)
    torch.testing.assert_close(case.decode(tonemap(radiance)), radiance, rtol=1e-3, atol=1e-6)
    assert case.decode(torch.tensor([-0.3, 1.7])).isfinite().all()


def test_the_network_of_a_case_sees_what_the_case_says(renders, tmp_path):
    """Bright inputs differ beyond what a tonemapped input shows."""
    losses.run(renders, tmp_path / "s", steps=1, sizes=TINY)
    for name, seen in (("l2-x-y", "linear"), ("hdr-Tx-y", "tonemapped")):
        network, _ = load_model(tmp_path / "s/cells" / name / "model.safetensors")
        assert (network.config["input"], network.config["output"]) == (seen, "linear")


def test_losses_has_a_row_for_the_input_and_one_for_each_case_with_the_papers_figures(renders, tmp_path):
    losses.run(renders, tmp_path / "s", cases=tuple(losses.CASES), steps=2, sizes=TINY)
    rows = rows_of(tmp_path / "s")
    assert [row["paper"] for row in rows] == ["11.32", "25.46", "25.39", "15.5", "29.05", "30.09", *[""] * 4]
    assert len({(row["loss"], row["input"], row["target"], row["output"]) for row in rows}) == 10
    # Gamma noise of relative variance 1/4, seen at middle grey.
    assert 10 < float(rows[0]["psnr"]) < 30
    assert float(rows[0]["brightness"]) == pytest.approx(0.95, abs=0.05)  # T is concave: noise darkens
    with Image.open(tmp_path / "s/figure.png") as figure:
        assert figure.width > 11 * 168


def test_targets_counts_rendering_by_samples_and_training_by_the_clock(renders, tmp_path):
    targets.run(renders, tmp_path / "s", rate=0.001, steps=20, sizes=TINY)
    rows = rows_of(tmp_path / "s")
    assert [int(row["step"]) for row in rows][-1] == 20
    rendering = {"noisy": 2 * 1024 * 2 * 4 / 1e3, "clean": 2 * 1024 * (2 * 4 + 2 * 64 * 4) / 1e3}
    for row in rows:
        for name, seconds in rendering.items():
            assert float(row[f"{name}_cost"]) - float(row[f"{name}_training"]) == pytest.approx(seconds, rel=1e-3)
        assert float(row["difference"]) == pytest.approx(float(row["noisy"]) - float(row["clean"]), abs=1e-3)
    trained = [float(row["noisy_training"]) for row in rows]
    assert trained == sorted(trained)
    outcome = json.loads((tmp_path / "s/cells/noisy/outcome.json").read_text())
    assert outcome["values"]["psnr"] == pytest.approx(outcome["watched"][-1][2], abs=1e-6)


def test_another_rate_needs_no_training_anew_and_none_is_the_one_before(renders, tmp_path):
    for rate, expected in ((0.001, 0.001), (None, 0.001), (0.01, 0.01)):
        said = []
        targets.run(renders, tmp_path / "s", rate=rate, steps=3, sizes=TINY, report=said.append)
        row = rows_of(tmp_path / "s")[-1]
        seconds = float(row["noisy_cost"]) - float(row["noisy_training"])
        assert seconds == pytest.approx(2 * 1024 * 2 * 4 / (1e6 * expected), rel=1e-2)
        assert json.loads((tmp_path / "s/settings.json").read_text())["rate"] == expected
    assert [(one.finished, one.kept) for one in said] == [(True, True)] * 2


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_says_the_size_that_its_crops_had(name, renders, tmp_path):
    more = {"realizations": 4} if name in ("budget", "realizations") else {}
    STUDIES[name].run(renders, tmp_path / "s", steps=1, sizes=Sizes(width=3, crop=256, batch=2), **more)
    assert "1 step of 2 crops of 32 x 32" in (tmp_path / "s/table.md").read_text()


def test_with_a_clean_target_every_render_may_be_an_input(renders):
    cases = budget.allocate(load_renders(renders, 4), 4)
    [view] = {view.folder for view in cases["I-all"].views}
    assert [view.realizations[0].name for view in cases["I-all"].views] == [f"r00{k}.exr" for k in range(4)]
    for one in cases["I-all"].views:
        assert {one.realizations[0], *one.references} == set(view.glob("r0*.exr"))
        assert len(one.references) == 3
    assert [len(cases[name].views) for name in ("I", "I-all", "II", "III")] == [1, 4, 6, 2]


def test_noisy_and_clean_targets_of_renders_begin_with_the_same_weights_and_learn(renders, tmp_path):
    sizes = Sizes(width=6, crop=32, batch=2)
    targets.run(renders, tmp_path / "s", steps=150, sizes=sizes)
    rows = rows_of(tmp_path / "s")
    assert abs(float(rows[0]["difference"])) < 0.5
    for name in ("noisy", "clean"):
        assert float(rows[-1][name]) > float(rows[0][name]) + 3


@pytest.mark.parametrize("name", STUDIES)
def test_stopped_anywhere_it_reaches_the_same_bytes(name, renders, tmp_path, monkeypatch):
    monkeypatch.setattr("mcdenoise.studies.fitting._CHECKPOINT_SECONDS", 0.0)
    more = {"realizations": 4} if name in ("budget", "realizations") else {}
    study = {"steps": 4, "sizes": TINY, **more}
    STUDIES[name].run(renders, tmp_path / "whole", **study)

    def stop_at(cell, step):
        def report(progress):
            if (progress.number, progress.step) == (cell, step):
                raise Stop

        return report

    for cell, step in ((1, 2), (2, 3)):
        with pytest.raises(Stop):
            STUDIES[name].run(renders, tmp_path / "stopped", **study, report=stop_at(cell, step))
    STUDIES[name].run(renders, tmp_path / "stopped", **study)
    models = sorted(path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("model.safetensors"))
    assert len(models) == {"losses": 5, "targets": 2, "budget": 4, "realizations": 2}[name]
    same = [*models, *(["table.csv", "figure.png"] if name != "targets" else [])]  # which says how long it took
    for path in same:
        assert (tmp_path / "whole" / path).read_bytes() == (tmp_path / "stopped" / path).read_bytes(), path


@pytest.mark.parametrize("name", ["budget", "realizations"])
def test_allocations_say_what_they_took(name, renders, tmp_path):
    STUDIES[name].run(renders, tmp_path / "s", realizations=4, steps=2, sizes=TINY)
    rows = rows_of(tmp_path / "s")
    assert {row["renders"] for row in rows} == {"4"}
    assert [int(row["views"]) for row in rows] == {"budget": [1, 1, 1, 2], "realizations": [2, 1]}[name]
    assert float(rows[0]["difference"]) == 0
    for row in rows:
        difference = float(row["psnr"]) - float(rows[0]["psnr"])
        assert float(row["difference"]) == pytest.approx(difference, abs=1e-3)
    with Image.open(tmp_path / "s/figure.png") as figure:
        assert np.asarray(figure).std() > 5


@pytest.mark.parametrize("name", STUDIES)
def test_commands_run_and_refuse_other_options(name, renders, tmp_path, study):
    words = ["--steps", 1, "--out", tmp_path / "s"]
    words += ["--realizations", 4] if name in ("budget", "realizations") else []
    code, out, err = study(STUDIES[name].command, renders, *words)
    assert (code, err) == (0, "")
    assert (tmp_path / "s/table.md").read_text() in out
    code, _, err = study(STUDIES[name].command, renders, *words, "--seed", 3)
    assert code == 1
    assert err.count("\n") == 1
    assert "seed 0 -> 3" in err


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize(
    "words",
    [
        ["nowhere"],
        [],
        ["RENDERS", "--minutes", "nan"],
        ["RENDERS", "--steps", "0"],
        ["RENDERS", "--device", "tpu"],
        ["RENDERS", "--out", ""],
        ["RENDERS", "--sed", "1"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line_and_writes_nothing(name, words, renders, tmp_path, study, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = study(STUDIES[name].command, *(renders if word == "RENDERS" else word for word in words))
    assert code == 2
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", STUDIES)
def test_help_has_examples(name, study):
    code, out, _ = study(STUDIES[name].command, "--help")
    assert code == 0
    assert f"python -m mcdenoise.studies.{name} renders/study" in out


def test_all_cases_and_some_of_them_contradict_each_other(renders, tmp_path, study):
    words = renders, "--all", "--only", "l2-x-y", "--out", tmp_path / "s"
    code, _, err = study(losses.command, *words)
    assert (code, err.count("\n")) == (2, 1)
    assert "--only and --all" in err
    assert not (tmp_path / "s").exists()
