import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from synthetic import noisy, picture, small_options, write_view

from mcdenoise.data import find_views
from mcdenoise.evaluation.metrics import EPSILON
from mcdenoise.exr import read_frame
from mcdenoise.networks import create
from mcdenoise.tonemap import exposure
from mcdenoise.training import train
from mcdenoise.training.validation import Validation


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create("kpn", width=8).eval()


def measure(views, network):
    validation = Validation(views, network.multiple)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=False)
    return validation, validation.measure(network, torch.device("cpu"), autocast)


def output_of(network, frame):
    """The network's output and the factor that brought its input to middle grey, for sizes that need no cut."""
    scale = exposure(frame.radiance)
    images = [torch.from_numpy(i.transpose(2, 0, 1).copy())[None] for i in (frame.radiance, frame.albedo, frame.normal)]
    with torch.inference_mode():
        output = network(images[0] * np.float32(scale), images[1], images[2])
    return output[0].numpy().transpose(1, 2, 0).astype(np.float64), scale


def test_three_realizations_are_measured_by_their_cross_product(tmp_path, network):
    write_view(tmp_path / "a/view000", realizations=3)
    validation, value = measure(find_views(tmp_path), network)
    frames = [read_frame(tmp_path / f"a/view000/r00{k}.exr") for k in range(3)]
    f, scale = output_of(network, frames[0])
    b, c = (frame.radiance * scale for frame in frames[1:])
    assert validation.kind == "cross"
    assert value == pytest.approx(float(np.mean((f - b) * (f - c) / (f**2 + EPSILON))), rel=1e-4)


def test_more_realizations_are_all_used(tmp_path, network):
    write_view(tmp_path / "a/view000", realizations=6)
    _, value = measure(find_views(tmp_path), network)
    frames = [read_frame(tmp_path / f"a/view000/r00{k}.exr") for k in range(6)]
    f, scale = output_of(network, frames[0])
    b = np.mean([frames[k].radiance for k in (1, 3, 5)], axis=0) * scale
    c = np.mean([frames[k].radiance for k in (2, 4)], axis=0) * scale
    assert value == pytest.approx(float(np.mean((f - b) * (f - c) / (f**2 + EPSILON))), rel=1e-4)


def test_two_realizations_are_measured_by_the_one_held_back(tmp_path, network):
    write_view(tmp_path / "a/view000", realizations=2)
    validation, value = measure(find_views(tmp_path), network)
    frames = [read_frame(tmp_path / f"a/view000/r00{k}.exr") for k in range(2)]
    f, scale = output_of(network, frames[0])
    assert validation.kind == "held-back"
    assert value == pytest.approx(float(np.mean((f - frames[1].radiance * scale) ** 2 / (f**2 + EPSILON))), rel=1e-4)


def test_views_of_three_are_preferred(tmp_path, network):
    write_view(tmp_path / "a/view000", realizations=2)
    write_view(tmp_path / "b/view000", realizations=3, seed=1)
    validation, _ = measure(find_views(tmp_path), network)
    assert validation.kind == "cross"
    assert len(validation.examples) == 1


def test_it_is_near_the_error_against_the_truth(tmp_path, network):
    truth = picture(128, 128)
    for view in range(12):
        write_view(tmp_path / f"a/view{view:03d}", truth, realizations=3, seed=view)
    _, value = measure(find_views(tmp_path), network)
    errors = []
    for view in range(12):
        f, scale = output_of(network, noisy(truth, np.random.default_rng([5, view])))
        errors.append(np.mean((f - truth.radiance * scale) ** 2 / (f**2 + EPSILON)))
    # The estimate's own noise: 12 x 49152 products of two values with a relative variance of 1/4 each have a standard
    # deviation of 0.25 / 768 = 3.3e-4; four of them. (One held-back realization would say some 0.25.)
    assert value == pytest.approx(float(np.mean(errors)), abs=1.3e-3)


def test_large_frames_are_measured_in_their_middle_and_tiny_ones_not_at_all(tmp_path, network):
    write_view(tmp_path / "large/view000", picture(300, 280))
    write_view(tmp_path / "tiny/view000", picture(12, 90))
    views = {view.folder.parent.name: view for view in find_views(tmp_path)}
    large, _ = measure([views["large"]], network)
    assert [tuple(example.inputs.shape) for example in large.examples] == [(9, 256, 256)]
    frame = read_frame(tmp_path / "large/view000/r000.exr")
    middle = frame.radiance[22:278, 12:268] * exposure(frame.radiance)
    np.testing.assert_allclose(large.examples[0].inputs[:3].permute(1, 2, 0), middle, rtol=1e-5)
    assert not Validation([views["tiny"]], network.multiple).examples


def test_at_most_twelve_views_spread_over_all(tmp_path, network):
    for view in range(30):
        write_view(tmp_path / f"a/view{view:03d}", picture(16, 16), seed=view)
    validation, _ = measure(find_views(tmp_path), network)
    assert len(validation.examples) == 12


def test_broken_validation_frames_are_left_out(tmp_path, network):
    write_view(tmp_path / "a/view000", realizations=3)
    write_view(tmp_path / "b/view000", realizations=3, seed=1)
    bad = tmp_path / "b/view000/r001.exr"
    bad.write_bytes(bad.read_bytes()[:-100])
    validation, value = measure(find_views(tmp_path), network)
    assert len(validation.examples) == 1
    assert np.isfinite(value)


def test_validation_scenes_do_not_touch_the_weights(tmp_path):
    for name, seed in (("one", 5), ("two", 6)):
        write_view(tmp_path / name / "a/view000", seed=1)
        write_view(tmp_path / name / "z/view000", picture(64, 64, seed), seed=seed, split="validation")
        train(tmp_path / name, tmp_path / f"{name}-out", small_options(steps=4), "cpu")
    one, two = (load_file(tmp_path / f"{name}-out/model.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    values = [
        (tmp_path / f"{name}-out/train.csv").read_text().splitlines()[-1].split(",")[-1] for name in ("one", "two")
    ]
    assert values[0] != values[1]
