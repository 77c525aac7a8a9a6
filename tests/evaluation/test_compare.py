import csv
import io
import json

import numpy as np
import pytest
from synthetic import picture, write_view

from mcdenoise.errors import DataError, ModelError
from mcdenoise.evaluation.bootstrap import RESAMPLES
from mcdenoise.evaluation.compare import Method, ViewFailed, ViewResult, evaluate, methods, plan
from mcdenoise.evaluation.scores import KINDS, Score, Scored
from mcdenoise.evaluation.summary import Results, as_csv, as_json
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.frame import Frame
from mcdenoise.inference.oidn_engine import Oidn


def blur(image, sigma):
    """Of irradiance, a denoiser of a known strength."""
    reach = np.arange(-12, 13)
    taps = np.exp(-0.5 * (reach / sigma) ** 2) if sigma else (reach == 0).astype(float)
    for axis in (0, 1):
        padded = np.pad(image, [(12, 12) if a == axis else (0, 0) for a in range(3)], mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 25, axis=axis)
        image = (windows @ (taps / taps.sum())).astype(np.float32)
    return image


def blurring(sigma):
    return Method(f"blur {sigma}", lambda whole, frames: whole.albedo * blur(whole.radiance / whole.albedo, sigma))


BLURS = [Method("noisy", lambda whole, frames: whole.radiance), *map(blurring, (0.5, 1.0, 2.0, 5.0))]


def results(todo, metrics, repeats=1):
    found = list(evaluate(todo, metrics, repeats))
    assert all(isinstance(one, ViewResult) for one in found), found
    return found


def test_estimates_rank_as_true_errors_do(tmp_path):
    for seed in range(3):
        write_view(tmp_path / f"s{seed}/view000", picture(96, 96, seed), realizations=4, seed=seed, references=True)
    found = results(plan([tmp_path], BLURS, 1), ["relMSE", "relMSE est."])
    assert len(found) == 3
    for one in found:
        pairs = [(scored.scores["relMSE"].value, scored.scores["relMSE est."].value) for scored in one.scored.values()]
        true, estimated = np.array(pairs).T
        assert list(np.argsort(true)) == list(np.argsort(estimated))
        # 27648 values, three others with a relative variance of 0.25: noise of 0.25 sqrt(2 / 3 / 27648) = 0.0012, four
        # of it; and the weights are not quite the truth's.
        np.testing.assert_allclose(estimated, true, rtol=0.1, atol=0.005)


def test_all_methods_get_the_same_input_and_others_are_held_back(tmp_path):
    write_view(tmp_path / "s/view000", picture(32, 40), realizations=5, spp=3)
    seen = []
    spy = Method("spy", lambda whole, frames: seen.append((whole, frames)) or whole.radiance)
    todo = plan([tmp_path], [*BLURS[:1], spy], 2)
    (one,) = results(todo, ["relMSE est."])
    whole, frames = seen[-1]
    files = [read_frame(tmp_path / f"s/view000/r{k:03d}.exr").radiance for k in range(5)]
    assert len(frames) == 2
    np.testing.assert_allclose(whole.radiance, (files[0] + files[1]) / 2, rtol=1e-6)
    assert one.spp == 6
    difference = [whole.radiance * one.exposure - other * one.exposure for other in files[2:]]
    products = [difference[j] * difference[k] for j in range(3) for k in range(3) if j != k]
    weight = 1 / ((whole.radiance * one.exposure).astype(np.float64) ** 2 + 0.01)
    assert one.scored["spy"].scores["relMSE est."].value == pytest.approx(
        np.mean(np.mean(products, 0) * weight), rel=1e-4
    )


def test_repeats_take_other_realizations(tmp_path):
    write_view(tmp_path / "s/view000", picture(32, 32), realizations=5)
    found = results(plan([tmp_path], BLURS[:1], 1), ["relMSE est."], repeats=3)
    assert len({one.images["noisy"].tobytes() for one in found}) == 3


def test_references_serve_other_spp_and_exposure_is_theirs(tmp_path):
    write_view(tmp_path / "a/s/view000", picture(32, 32), spp=4, references=True)
    write_view(tmp_path / "b/s/view000", picture(32, 32), spp=16, seed=1)
    write_view(tmp_path / "b/t/view000", picture(32, 32), realizations=3, spp=16, seed=2)
    found = results(plan([tmp_path / "a", tmp_path / "b"], BLURS[:1], 1), ["relMSE", "relMSE est."])
    by = {(one.scene, one.spp): one for one in found}
    assert set(by) == {("s", 4), ("s", 16), ("t", 16)}
    assert by["s", 4].exposure == by["s", 16].exposure
    assert set(by["s", 16].scored["noisy"].scores) == {"relMSE"}
    assert set(by["t", 16].scored["noisy"].scores) == {"relMSE est."}


def test_a_view_is_judged_by_its_own_references(tmp_path):
    for name, seed in (("before", 0), ("after", 1)):
        write_view(tmp_path / name / "s/view000", picture(48, 48, seed), seed=seed, references=True)
    for one in results(plan([tmp_path], BLURS[:1], 1), ["relMSE"]):
        assert one.scored["noisy"].scores["relMSE"].value < 0.4  # 0.25 of noise, not the distance to another picture


@pytest.mark.parametrize("references", [("ref_a.exr", "ref_b.exr"), ("ref_a.exr",)])
def test_one_frame_will_do_where_there_is_a_reference(tmp_path, references):
    folder = write_view(tmp_path / "s/view000", picture(48, 48), realizations=1, references=True)
    for name in {"ref_a.exr", "ref_b.exr"} - set(references):
        (folder / name).unlink()
    (one,) = results(plan([tmp_path], methods(["default"], False), None), ["relMSE", "PSNR"])
    assert one.scored["default"].scores["relMSE"].value < one.scored["noisy"].scores["relMSE"].value
    assert one.scored["default"].scores["relMSE"].kind == ("halves" if len(references) == 2 else "reference")


@pytest.mark.parametrize("name", ["r000.exr", "r003.exr", "ref_a.exr"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_not_finite_cost_no_number(tmp_path, name, value):
    folder = write_view(tmp_path / "s/view000", picture(48, 48), realizations=4, references=True)
    frame = read_frame(folder / name)
    frame.radiance[3:5, 7:9] = value
    write_frame(folder / name, frame)
    (one,) = results(plan([tmp_path], BLURS, 2), ["relMSE", "relMSE est.", "FLIP"])
    for scored in one.scored.values():
        assert all(np.isfinite(score.value) for score in scored.scores.values())
        assert scored.scores["relMSE"].value < 0.4
    assert "4 pixels" in one.note


def test_a_black_picture_is_no_number_made_up(tmp_path):
    black = Frame(np.zeros((48, 48, 3), np.float32), picture(48, 48).albedo)
    write_view(tmp_path / "s/view000", black, references=True)
    write_view(tmp_path / "t/view000", black, references=True)
    kept = Results()
    for one in results(plan([tmp_path], BLURS[:1], 1), ["relMSE", "PSNR"]):
        kept.add(one)
    (row,) = kept.summary()["rows"]
    assert row["scores"]["relMSE"]["value"] == 0
    assert row["scores"]["PSNR"]["value"] is None


def test_a_view_without_a_finite_number_counts_for_no_method():
    kept = Results()
    for scene, ours, theirs in (("black", np.inf, 90.0), ("room", 30.0, 20.0), ("shed", 32.0, 24.0)):
        scored = {name: Scored({"PSNR": Score(value, "reference")}, {}) for name, value in (("a", ours), ("b", theirs))}
        kept.add(ViewResult(scene, "view000", 4, 1.0, scored, dict.fromkeys(scored, 0.1), {}))
    assert [row["scores"]["PSNR"]["value"] for row in kept.summary()["rows"]] == [31, 22]


def test_a_scene_of_several_views_has_means_of_its_own():
    kept, rng = Results(), np.random.default_rng(0)
    values = {("a", "view000"): 30.0, ("a", "view001"): 34.0, ("b", "view000"): 20.0}
    for (scene, view), value in values.items():
        draws = value + rng.standard_normal(RESAMPLES)
        score = Score(value, "reference", float(draws.min()), float(draws.max()), draws)
        kept.add(ViewResult(scene, view, 4, 1.0, {"ours": Scored({"PSNR": score}, {})}, {"ours": value / 10}, {}))
    summary = kept.summary()
    (of_a,) = summary["scenes"]  # that of b is its view's
    assert (of_a["scene"], of_a["spp"], of_a["method"], of_a["views"]) == ("a", 4, "ours", 2)
    assert of_a["seconds"] == pytest.approx(3.2)
    score = of_a["scores"]["PSNR"]
    assert score["value"] == pytest.approx(32)
    assert 29 < score["low"] < 31  # one of the two views may be drawn twice
    assert 33 < score["high"] < 36
    assert summary["rows"][0]["scores"]["PSNR"]["value"] == pytest.approx(28)
    lines = [(line["scene"], line["view"], line["value"]) for line in csv.DictReader(as_csv(summary).splitlines())]
    assert ("a", "all", "32") in lines
    assert ("all", "all", "28") in lines
    assert ("b", "all") not in [line[:2] for line in lines]


def test_an_error_below_zero_makes_no_method_look_perfect():
    kept = Results()
    for scene, ours, theirs in (("a", 0.02, 0.01), ("b", 0.04, 0.02), ("c", -0.0003, 0.0003)):
        scored = {name: Scored({"relMSE": Score(value, "halves")}, {}) for name, value in (("a", ours), ("b", theirs))}
        kept.add(ViewResult(scene, "view000", 4, 1.0, scored, dict.fromkeys(scored, 0.1), {}))
    means = [row["scores"]["relMSE"]["value"] for row in kept.summary()["rows"]]
    assert means == pytest.approx([0.0597 / 3, 0.0303 / 3])


def test_a_view_counts_once_however_often_it_is_repeated():
    kept, rng = Results(), np.random.default_rng(0)
    for scene, values in (("room", [0.1, 0.3, 0.2]), ("shed", [0.8])):
        for value in values:
            draws = value + 0.01 * rng.standard_normal(1000)
            scored = {"a": Scored({"relMSE est.": Score(value, "estimate", *np.quantile(draws, [0, 1]), draws)}, {})}
            kept.add(ViewResult(scene, "view000", 4, 1.0, scored, {"a": 0.1}, {}))
    (row,) = kept.summary()["rows"]
    mean = row["scores"]["relMSE est."]
    assert (row["views"], mean["value"]) == (2, pytest.approx(0.5))
    # Of two views as often as not the same one is drawn twice: the interval holds both.
    assert mean["low"] < 0.22
    assert mean["high"] > 0.78


def test_each_number_has_its_own_kind():
    kept = Results()
    for scene, spp, kind in (("room", 4, "halves"), ("shed", 4, "reference"), ("shed", 8, "reference")):
        scored = {"a": Scored({"relMSE": Score(0.5, kind)}, {})}
        kept.add(ViewResult(scene, "view000", spp, 1.0, scored, {"a": 0.1}, {}))
    summary = kept.summary()
    assert [view["scores"]["relMSE"]["kind"] for view in summary["views"]] == ["halves", "reference", "reference"]
    assert [row["scores"]["relMSE"].get("kind") for row in summary["rows"]] == [None, "reference"]
    said = [line["kind"] for line in csv.DictReader(as_csv(summary).splitlines())]
    assert said == [
        *(KINDS[kind] for kind in ("halves", "reference", "reference")),
        "; ".join(list(KINDS.values())[:2]),
        KINDS["reference"],
    ]


def test_pictures_of_few_blocks_have_no_interval(tmp_path):
    write_view(tmp_path / "s/view000", picture(16, 16), references=True)
    (one,) = results(plan([tmp_path], BLURS[:1], 1), ["relMSE"])
    assert one.scored["noisy"].scores["relMSE"].low is None


def test_what_cannot_be_measured_is_refused_before(tmp_path):
    write_view(tmp_path / "s/view000", picture(16, 16), realizations=3)
    with pytest.raises(DataError, match="PSNR: no view has references"):
        plan([tmp_path], BLURS, 1, ["PSNR"])


def test_references_need_no_features(tmp_path):
    folder = write_view(tmp_path / "s/view000", picture(32, 32), references=True)
    for name in ("ref_a.exr", "ref_b.exr"):
        write_frame(folder / name, Frame(read_frame(folder / name).radiance))
    (one,) = results(plan([tmp_path], BLURS[:1], 1), ["relMSE"])
    assert "relMSE" in one.scored["noisy"].scores


@pytest.mark.parametrize(("folder", "spp"), [("spp32", 32), ("room_0008spp", 8), ("plain", 0)])
def test_spp_is_read_from_folders_where_headers_do_not_say(tmp_path, folder, spp):
    view = write_view(tmp_path / folder / "s/view000", picture(32, 32), realizations=3)
    for file in view.glob("*.exr"):
        write_frame(file, Frame(read_frame(file).radiance))
    (one,) = results(plan([tmp_path], BLURS[:1], 1), ["relMSE est."])
    assert one.spp == spp


def test_how_many_go_in_is_settled_by_what_must_remain(tmp_path):
    combined = Method("both", lambda whole, frames: whole.radiance, needs_several=True)
    write_view(tmp_path / "four/s/view000", picture(16, 16), realizations=4)
    write_view(tmp_path / "three/s/view000", picture(16, 16), realizations=3)
    write_view(tmp_path / "two/s/view000", picture(16, 16), realizations=2)
    assert plan([tmp_path / "four"], [*BLURS, combined], None).inputs == 2
    assert plan([tmp_path / "four"], BLURS, None).inputs == 1
    three = plan([tmp_path / "three"], [*BLURS, combined], None)
    assert (three.inputs, [method.name for method in three.methods]) == (1, [method.name for method in BLURS])
    assert "both" in three.notes[0]
    with pytest.raises(DataError, match="at most 1 here"):
        plan([tmp_path / "three"], BLURS, 2)
    with pytest.raises(DataError, match="three realizations"):
        plan([tmp_path / "two"], BLURS, None)
    left = plan([tmp_path], BLURS, None)
    assert len(left.views) == 2
    assert "1 view" in left.notes[0]


def test_a_view_that_fails_is_named_and_the_others_go_on(tmp_path):
    for name in "abc":
        write_view(tmp_path / name / "view000", picture(32, 32), realizations=3)
    todo = plan([tmp_path], BLURS[:1], 1)
    broken = tmp_path / "b/view000/r001.exr"
    broken.write_bytes(broken.read_bytes()[:-200])
    found = list(evaluate(todo, ["relMSE est."]))
    assert [type(one) for one in found] == [ViewResult, ViewFailed, ViewResult]
    assert "r001.exr" in found[1].reason


def test_oidn_in_its_modes_and_combinations(tmp_path):
    write_view(tmp_path / "s/view000", picture(48, 48), realizations=2, references=True)
    todo = plan([tmp_path], methods(["default"], True), None)
    names = [method.name for method in todo.methods]
    assert names == ["noisy", "default", "OIDN colour", "OIDN", "OIDN prefiltered", "default + input", "stacked"]
    (one,) = results(todo, ["relMSE"])
    frames = [read_frame(tmp_path / f"s/view000/r00{k}.exr") for k in (0, 1)]
    mean = np.mean([frame.radiance for frame in frames], axis=0)
    np.testing.assert_allclose(one.images["OIDN colour"], Oidn().denoise(mean), rtol=1e-3, atol=1e-4)
    errors = {name: scored.scores["relMSE"].value for name, scored in one.scored.items()}
    assert errors["stacked"] < errors["noisy"] / 5
    assert one.seconds["stacked"] > one.seconds["OIDN"] > 0


def test_models_are_named_as_short_as_they_are_clear(tmp_path):
    from mcdenoise.networks import create
    from mcdenoise.networks.model_file import save_model

    for name in ("x/model", "y/model", "alone"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save_model(tmp_path / f"{name}.safetensors", create("kpn", width=8), {})
    models = [str(tmp_path / f"{name}.safetensors") for name in ("x/model", "y/model", "alone")]
    assert [method.name for method in methods(models, False)][:4] == ["noisy", "x", "y", "alone"]
    with pytest.raises(ModelError, match="twice"):
        methods(["default", "default"], False)


@pytest.mark.parametrize("name", ["noisy/model", "reference", "stacked", "OIDN", "OIDN colour", "default + input"])
def test_no_model_takes_the_name_of_another_method(tmp_path, name):
    from mcdenoise.networks import create
    from mcdenoise.networks.model_file import save_model

    file = tmp_path / f"{name}.safetensors"
    file.parent.mkdir(exist_ok=True)
    save_model(file, create("kpn", width=8), {})
    names = [method.name for method in methods(["default", str(file)], True)]
    assert len(set(names)) == len(names)
    assert names[:3] == ["noisy", "default", str(file)]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_is_a_formula_in_a_spreadsheet(start):
    name = f'{start}HYPERLINK("http://example.com","a")'
    scored = Scored({"relMSE": Score(0.5, "reference")}, {})
    kept = Results()
    kept.add(ViewResult(name, f"{name}v", 4, 1.0, {name: scored, "plain": scored}, {name: 0.1, "plain": 0.1}, {}))
    summary = kept.summary()
    lines = list(csv.DictReader(io.StringIO(as_csv(summary), newline="")))
    assert {line["scene"] for line in lines} == {f"'{name}", "all"}
    assert {line["view"] for line in lines} == {f"'{name}v", "all"}
    assert {line["method"] for line in lines} == {f"'{name}", "plain"}
    (first, _) = json.loads(as_json(summary))["views"]
    assert (first["scene"], first["view"], first["method"]) == (name, f"{name}v", name)


def test_tables_hold_what_was_measured(tmp_path):
    for seed in range(2):
        write_view(tmp_path / f"s{seed}/view000", picture(48, 48, seed), realizations=3, seed=seed, references=True)
    kept = Results()
    found = results(plan([tmp_path], BLURS[:3], 1), ["relMSE", "PSNR", "relMSE est."])
    for one in found:
        kept.add(one)
    summary = json.loads(as_json(kept.summary(command="it")))
    assert summary["command"] == "it"
    assert [row["method"] for row in summary["rows"]] == [method.name for method in BLURS[:3]]
    for row in summary["rows"]:
        values = [one.scored[row["method"]].scores["relMSE"].value for one in found]
        mean = row["scores"]["relMSE"]
        assert mean["value"] == pytest.approx(np.sqrt(np.prod(values)))
        assert mean["low"] <= mean["value"] <= mean["high"]
        several = [one.scored[row["method"]].scores["PSNR"].value for one in found]
        assert row["scores"]["PSNR"]["value"] == pytest.approx(np.mean(several))
    lines = list(csv.DictReader(as_csv(summary).splitlines()))
    assert len(lines) == 3 * 3 * 3  # two views and their mean, methods, metrics
    alls = [line for line in lines if line["scene"] == "all" and line["metric"] == "relMSE"]
    assert [float(line["value"]) for line in alls] == pytest.approx(
        [row["scores"]["relMSE"]["value"] for row in summary["rows"]], rel=1e-5
    )
