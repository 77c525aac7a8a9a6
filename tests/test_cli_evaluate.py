import csv
import json
import sys

import numpy as np
import pytest
from command_line import everything_below, run, run_alone
from synthetic import picture, write_view

from mcdenoise.evaluation.metrics import relmse_halves
from mcdenoise.evaluation.scores import METRICS
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.tonemap import exposure


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Views with and without references, and some of which nothing can be made."""
    write_view(tmp_path / "known/a/view000", picture(64, 64), realizations=2, references=True)
    write_view(tmp_path / "known/b/view000", picture(64, 64, 1), realizations=2, references=True, seed=1)
    write_view(tmp_path / "unknown/c/view000", picture(64, 64, 2), realizations=4, seed=2)
    write_view(tmp_path / "few/d/view000", picture(32, 32, 3), realizations=2, seed=3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_numbers_are_those_that_one_computes_oneself(place, capfd, monkeypatch):
    code, out, err = run(
        capfd, monkeypatch, "evaluate", "known", "--inputs", "1", "--metrics", "relMSE,PSNR", "--device", "cpu"
    )
    assert (code, err) == (0, "")
    assert "a/view000 at 4 spp" in out
    with open(place / "evaluation/results.csv") as file:
        lines = list(csv.DictReader(file))
    for scene in "ab":
        frames = [read_frame(place / f"known/{scene}/view000/{name}.exr") for name in ("r000", "ref_a", "ref_b")]
        noisy, a, b = (frame.radiance for frame in frames)
        denoised = Denoiser("default", "cpu").denoise(noisy, frames[0].albedo, frames[0].normal)
        scale = exposure((a + b) / 2)
        for method, image in (("noisy", noisy), ("default", denoised)):
            (line,) = [
                line for line in lines if (line["scene"], line["method"], line["metric"]) == (scene, method, "relMSE")
            ]
            expected = relmse_halves(scale * image, scale * a, scale * b)
            assert float(line["value"]) == pytest.approx(expected, rel=1e-4)
            assert "halves" in line["kind"]
    summary = json.loads((place / "evaluation/results.json").read_text())
    assert {row["method"] for row in summary["rows"]} == {"noisy", "default"}
    assert "evaluate known" in summary["command"]
    assert "left out" in out  # combinations, which need two
    assert f"{summary['rows'][0]['scores']['PSNR']['value']:.2f}" in out


def test_without_references_it_estimates_and_says_so(place, capfd, monkeypatch):
    code, out, err = run(capfd, monkeypatch, "evaluate", "unknown", "--against", "oidn", "--out", "here")
    assert (code, err) == (0, "")
    assert "estimated from other realizations, without a reference" in out
    assert "8" in out.split("noisy")[0].split()[-1]  # two of 4 spp went in
    rows = json.loads((place / "here/results.json").read_text())["rows"]
    assert [row["method"] for row in rows][-2:] == ["default + input", "stacked"]
    assert all(set(row["scores"]) == {"relMSE est.", "MSE est."} for row in rows)
    estimates = {row["method"]: row["scores"]["relMSE est."]["value"] for row in rows}
    truth, frames = picture(64, 64, 2).radiance, [read_frame(place / f"unknown/c/view000/r00{k}.exr") for k in (0, 1)]
    noisy = np.mean([frame.radiance for frame in frames], axis=0)
    scale = exposure(noisy)
    true = np.mean((scale * (noisy - truth)) ** 2 / ((scale * truth) ** 2 + 0.01))
    # Two others with a relative variance of 0.25, 12288 values: the product of two errors has a deviation of about
    # 0.25 / sqrt(12288) = 0.0023, and the noisy picture's own 0.125 adds as much; four of both.
    assert estimates["noisy"] == pytest.approx(true, abs=0.02)


def test_after_the_table_it_says_what_is_told_apart(place, capfd, monkeypatch):
    write_view(place / "more/a/view000", picture(64, 64), realizations=2, spp=16, references=True, seed=7)
    code, out, _ = run(capfd, monkeypatch, "evaluate", "known", "more", "--metrics", "relMSE,SSIM", "--device", "cpu")
    assert code == 0
    summary = json.loads((place / "evaluation/results.json").read_text())
    said = [line for line in out.splitlines() if " is best by relMSE" in line]
    assert [line.split(":")[0] for line in said] == ["8 spp", "32 spp"]
    for line, spp in zip(said, (8, 32), strict=True):
        rows = {row["method"]: row["scores"]["relMSE"]["value"] for row in summary["rows"] if row["spp"] == spp}
        best = min(rows, key=rows.get)
        assert line.startswith(f"{spp} spp: {best} is best")
        (entry,) = [one for one in summary["pairs"] if one["spp"] == spp and "scene" not in one]
        # Noisy against the model, a factor of more than ten, is the first pair of the triangle.
        assert entry["methods"][:2] == ["noisy", "default"]
        how, value, low, high, certain = entry["metrics"]["relMSE"][0]
        assert (how, certain, high < 0.5) == ("/", True, True)
        assert low <= value <= high
        assert "noisy" not in line
        alike = line.partition("not told apart from it: ")[2].rstrip(".").split(", ")
        (both,) = {"default", "default + input"} - {best}
        assert (both in alike) == (not entry["metrics"]["relMSE"][2][-1])
    assert all(entry["metrics"]["SSIM"][0][-1] for entry in summary["pairs"])


HIDDEN = {"skimage.metrics": "SSIM needs scikit-image", "flip_evaluator": "FLIP needs flip-evaluator"}


def test_what_is_not_installed_is_said_once_and_the_rest_is_measured(place, capfd, monkeypatch):
    for module in HIDDEN:
        monkeypatch.setitem(sys.modules, module, None)
    code, out, err = run(capfd, monkeypatch, "evaluate", "known", "--inputs", "1", "--report", "report")
    assert (code, err) == (0, "")
    notes = [line for line in out.splitlines() if "pip install" in line]
    assert notes == [
        f"note: {said}, which is not installed: pip install 'mcdenoise[report]'" for said in HIDDEN.values()
    ]
    measured = {metric["name"] for metric in json.loads((place / "evaluation/results.json").read_text())["metrics"]}
    assert measured == {"relMSE", "MSE", "PSNR", "SMAPE"}
    code, _, err = run(capfd, monkeypatch, "evaluate", "known", "--inputs", "1", "--metrics", "SSIM,PSNR")
    assert (code, err) == (1, f"Error: {notes[0].removeprefix('note: ')}\n")


@pytest.mark.filterwarnings("error:overflow")
def test_errors_beyond_all_bounds_disturb_nobody(place, capfd, monkeypatch):
    file = place / "known/a/view000/r000.exr"
    frame = read_frame(file)
    frame.radiance[5, 5] = 1e37
    write_frame(file, frame)
    code, _, err = run(capfd, monkeypatch, "evaluate", "known", "--inputs", "1", "--report", "report")
    assert (code, err) == (0, "")


def test_a_report_is_written_beside_the_tables(place, capfd, monkeypatch):
    code, out, err = run(capfd, monkeypatch, "evaluate", "known", "--report", "report", "--metrics", "relMSE,FLIP")
    assert (code, err) == (0, "")
    assert out.rstrip().endswith("report/index.html")
    page = (place / "report/index.html").read_text()
    assert "default + input" in page
    (data,) = (place / "report").glob("files-*/data")
    assert len(list(data.iterdir())) >= 2 * 3  # views, and noisy, default, reference
    # Again into the same folder, which is a report of ours, and the tables below it.
    assert run(capfd, monkeypatch, "evaluate", "known", "--report", "report", "--out", "report/tables")[0] == 0
    assert (place / "report/tables/results.csv").is_file()
    assert run(capfd, monkeypatch, "evaluate", "known", "--report", "other", "--out", "other/tables")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "Missing argument"),
        (["nowhere"], 2, "nowhere: no such folder"),
        (["file"], 2, "file: no such folder"),
        (["empty"], 1, "empty"),
        (["few"], 1, "at least three realizations"),
        (["known", "--metrics", "relMSE,beauty"], 2, "no metric 'beauty'"),
        (["known", "--metrics", "PSNR,,"], 2, "no metric ''"),
        (["known", "--model", "nothing"], 2, "no model nothing"),
        (["known", "--model", "nothing.safetensors"], 2, "no such model file"),
        (["known", "--model", "file"], 1, "broken model file"),
        (["known", "--model", "default", "--model", "default"], 2, "named twice"),
        (["unknown", "--metrics", "PSNR"], 1, "no view has references"),
        (["known", "--model", ""], 2, "empty"),
        (["known", "--inputs", "3"], 2, "at most 2"),
        (["known", "--inputs", "0"], 2, "--inputs"),
        (["known", "--out", "file"], 2, "is a file"),
        (["known", "--out", "file/below"], 1, "file"),
        (["known", "--report", "unknown"], 1, "unknown"),
        (["known", "--device", "cuda:99"], 2, "cuda"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(place, capfd, monkeypatch, arguments, code, says):
    before = everything_below(place)
    got, _, err = run(capfd, monkeypatch, "evaluate", *arguments, "--inputs", "1", *arguments[1:])
    assert got == code, err
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert {path for path in everything_below(place) if path.name != "evaluation"} == set(before)


def test_a_broken_view_is_named_the_others_are_measured_and_the_exit_code_says_so(place):
    broken = place / "known/a/view000/r000.exr"
    broken.write_bytes(broken.read_bytes()[:-300])
    done = run_alone("evaluate", "known", "--inputs", "1", "--metrics", "relMSE", cwd=place)
    assert done.returncode == 1
    assert "r000.exr" in done.stderr
    assert "1 measured, 1 failed" in done.stdout
    assert "Traceback" not in done.stderr


def test_help_has_examples(capfd, monkeypatch):
    code, out, _ = run(capfd, monkeypatch, "evaluate", "--help")
    assert code == 0
    assert all(metric.name in " ".join(out.split()) for metric in METRICS)
    assert "Examples:" in out
    assert "--against oidn" in out


def test_what_was_measured_is_kept_when_interrupted(place, capfd, monkeypatch):
    from mcdenoise.evaluation import publish

    evaluate = publish.evaluate

    def interrupted(*arguments):
        yield next(evaluate(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "evaluate", interrupted)
    arguments = ("known", "--inputs", "1", "--metrics", "relmse", "--report", "report")
    code, _, err = run(capfd, monkeypatch, "evaluate", *arguments)
    assert (code, "interrupted" in err) == (130, True)
    with open(place / "evaluation/results.csv") as file:
        assert {line["scene"] for line in csv.DictReader(file)} == {"a", "all"}
    assert json.loads((place / "evaluation/results.json").read_text())["note"].startswith("interrupted: 1 of ")
    assert "interrupted: 1 of " in (place / "report/index.html").read_text()
