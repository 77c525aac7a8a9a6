"""Renders for studies: what is learnt from, what is tested, and what an input and its target are made of."""

import numpy as np
import pytest
import torch
from synthetic import picture, write_constants, write_view

from mcdenoise.errors import DataError
from mcdenoise.evaluation.metrics import psnr
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.studies.allocation import load, spread
from mcdenoise.studies.budget import allocate as ways_to_spend
from mcdenoise.studies.realizations import allocate as by_realizations
from mcdenoise.studies.renders import crops, denoise, load_renders
from mcdenoise.studies.targets import alone, samples
from mcdenoise.tonemap import exposure, tonemap


def ratios(views, target="noisy", count=200):
    """target / input of many crops of constant frames: which frames each was made of."""
    batch = crops(views, 8, 0, target).batch(0, count)
    found = (batch.target / batch.radiance).mean(dim=(1, 2, 3))
    return {round(float(value), 3) for value in found}


@pytest.fixture(scope="module")
def constants(tmp_path_factory):
    """Five views whose realizations are 1, 2, 4, 8 everywhere and whose reference is 3; one of a validation scene."""
    folder = tmp_path_factory.mktemp("constants")
    for i in range(4):
        write_constants(folder / f"scene{i}" / "view000", [1, 2, 4, 8])
        write_constants(folder / f"scene{i}" / "view000", [3, 3], prefix="ref")
    write_view(folder / "kept" / "view000", references=True, realizations=4, split="validation")
    for k in range(4):  # headers that say how many samples, as renders do
        for i in range(4):
            path = folder / f"scene{i}" / "view000" / f"r{k:03d}.exr"
            frame = read_frame(path)
            frame.attributes["spp"] = 4
            write_frame(path, frame)
    return folder


def test_the_first_realizations_are_taken_and_validation_scenes_are_only_tested(constants):
    data = load_renders(constants, 2)
    assert [view.folder.parent.name for view in data.learnt] == [f"scene{i}" for i in range(4)]
    assert {tuple(path.name for path in view.realizations) for view in data.learnt} == {("r000.exr", "r001.exr")}
    assert [view.name for view in data.tested] == ["kept view000"]
    assert data.spp == 4
    assert ratios(data.learnt) == {0.5, 2.0}  # both orders


def test_other_files_have_another_fingerprint(constants, tmp_path):
    write_view(tmp_path / "a" / "view000")
    write_view(tmp_path / "b" / "view000", seed=1, references=True, split="validation")
    before = load_renders(tmp_path, 2).fingerprint
    assert before == load_renders(tmp_path, 2).fingerprint
    write_view(tmp_path / "c" / "view000", seed=2)
    assert load_renders(tmp_path, 2).fingerprint != before


def test_a_clean_target_meets_each_realization_alone_as_input(constants):
    learnt = load_renders(constants, 2, references=True).learnt
    assert ratios(alone(learnt), "reference") == {3.0, 1.5}
    assert ratios(learnt, "reference") == {3.0, 1.5, 2.0}  # what CropDataset does by itself: means of inputs too


def test_samples_are_counted_as_headers_say(tmp_path):
    write_view(tmp_path / "a" / "view000", picture(32, 64), spp=8, references=True)
    write_view(tmp_path / "b" / "view000", picture(32, 64), seed=1, spp=8, references=True)
    write_view(tmp_path / "c" / "view000", seed=2, references=True, split="validation")
    learnt = load_renders(tmp_path, 2, references=True).learnt
    pixels = 32 * 64
    assert samples(learnt) == {"noisy": 2 * pixels * 2 * 8, "clean": 2 * pixels * (2 * 8 + 2 * 64 * 8)}


def test_renders_that_do_not_say_their_samples_are_refused(tmp_path):
    write_constants(tmp_path / "a" / "view000", [1, 2])
    write_view(tmp_path / "c" / "view000", seed=2, references=True, split="validation")
    with pytest.raises(DataError, match=r"r000\.exr: its header does not say how many samples"):
        load_renders(tmp_path, 2)


def test_a_tested_view_is_seen_and_measured_at_middle_grey(tmp_path):
    truth = picture(64, 96)
    write_view(tmp_path / "a" / "view000")
    folder = write_view(tmp_path / "b" / "view000", truth, references=True, split="validation")
    view = load_renders(tmp_path, 2).tested[0]
    frame = read_frame(folder / "r000.exr")
    reference = np.mean([read_frame(folder / f"ref_{half}.exr").radiance for half in "ab"], axis=0)
    scale = exposure(frame.radiance)
    np.testing.assert_allclose(view.noisy, frame.radiance * scale, rtol=1e-5)
    np.testing.assert_allclose(view.inputs[3:6].permute(1, 2, 0), truth.albedo, atol=1e-3)
    grey = exposure(reference)
    assert view.psnr(view.noisy) == pytest.approx(psnr(frame.radiance * grey, reference * grey), abs=1e-3)
    assert view.brightness(view.reference) == pytest.approx(1)
    dark = tonemap(reference * grey / 2).mean() / tonemap(reference * grey).mean()
    assert view.brightness(view.reference / 2) == pytest.approx(dark, rel=1e-4)

    def network(radiance, albedo, normal):
        return radiance * 3

    np.testing.assert_allclose(denoise(network, view, torch.device("cpu")), view.noisy * 3, rtol=1e-6)
    half = denoise(network, view, torch.device("cpu"), lambda output: output / 6)
    np.testing.assert_allclose(half, view.noisy / 2, rtol=1e-6)


def test_what_tonemapped_targets_can_teach_is_measured_without_their_noise(tmp_path):
    """From two realizations as from very many."""
    truth = picture(64, 96)
    write_view(tmp_path / "a" / "view000")
    write_view(tmp_path / "b" / "view000", truth, spp=1, references=True, split="validation")
    view = load_renders(tmp_path, 2).tested[0]
    rng = np.random.default_rng(0)
    scale = exposure(truth.radiance)
    draws = np.mean(
        [tonemap(truth.radiance * scale * rng.gamma(1, 1, truth.radiance.shape)) for _ in range(500)], axis=0
    )
    clean = tonemap(truth.radiance * scale)
    expected = -10 * np.log10(np.mean((draws - clean) ** 2)), draws.mean() / clean.mean()
    found = view.tonemapped_limit()
    assert found[0] == pytest.approx(expected[0], abs=0.8)  # of 18,432 values, each as noisy as the error is large
    assert found[1] == pytest.approx(expected[1], rel=0.02)
    assert found[0] > view.psnr(view.noisy) + 3


def test_the_ways_take_as_many_renders_and_pair_them_as_they_say(constants):
    data = load(constants, 4)
    ways = ways_to_spend(data, 4)
    assert {one.renders for one in ways.values()} == {8}
    assert [one.cameras for one in ways.values()] == [2, 2, 2, 4]
    assert ratios(ways["I"].views, "reference") == {round((2 + 4 + 8) / 3, 3)}
    assert ratios(ways["I-all"].views, "reference") == {round((15 - k) / 3 / k, 3) for k in (1, 2, 4, 8)}
    assert ratios(ways["II"].views) == {round(a / b, 3) for a in (1, 2, 4, 8) for b in (1, 2, 4, 8) if a != b}
    assert ratios(ways["III"].views) == {0.5, 2.0}
    assert {view.folder for view in ways["I"].views} == {view.folder for view in ways["II"].views}
    assert len({view.folder for view in ways["III"].views}) == 4


def test_more_realizations_are_of_fewer_views_and_targets_are_means_of_the_others(constants):
    ways = by_realizations(load(constants, 4), 4)
    assert list(ways) == ["K2", "K4"]
    assert {one.renders for one in ways.values()} == {8}
    assert [one.cameras for one in ways.values()] == [4, 2]
    assert ratios(ways["K2"].views) == {0.5, 2.0}
    found = ratios(ways["K4"].views)
    assert round((2 + 4 + 8) / 3, 3) in found  # one is the input, the mean of the three others the target
    assert round(8 / ((1 + 2 + 4) / 3), 3) in found


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_views_are_spread_without_repeating_one(constants, count):
    data = load_renders(constants, 2)
    chosen = [view.folder for view in spread(data, count)]
    assert len(set(chosen)) == count
    assert chosen == sorted(chosen)


def test_what_cannot_be_studied_is_one_line(constants, tmp_path):
    with pytest.raises(DataError, match=r"8 realizations: render with --realizations 8\."):
        load_renders(constants, 8)
    write_view(tmp_path / "a" / "view000")
    write_view(tmp_path / "b" / "view000", seed=1, split="validation")
    with pytest.raises(DataError, match="no view of a validation scene has a reference"):
        load_renders(tmp_path, 2)
    with pytest.raises(DataError, match="2 realizations and a reference"):
        load_renders(tmp_path, 2, references=True)
    write_view(tmp_path / "b" / "view000", seed=1, realizations=8, references=True, split="validation")
    write_view(tmp_path / "a" / "view000", realizations=8)
    with pytest.raises(DataError, match="1 views to learn from are too few: render 4 at least"):
        load(tmp_path, 8)
