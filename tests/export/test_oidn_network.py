"""The network of OIDN's kind: OIDN runs it to the same picture, and it can begin with OIDN's weights."""

from pathlib import Path

import mitsuba_oidn
import numpy as np
import pytest
import torch
from command_line import run_alone as mcdenoise
from synthetic import picture, write_view

from mcdenoise import Denoiser
from mcdenoise.errors import ModelError
from mcdenoise.exr import read_frame
from mcdenoise.inference.oidn_engine import Oidn
from mcdenoise.networks import create
from mcdenoise.networks.model_file import load_model, save_model
from mcdenoise.networks.oidn import inverse_pu_curve, pu_curve

VALIDATION = Path(__file__).parents[3] / "shared" / "validation"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file of random weights, which are half floats already."""
    torch.manual_seed(3)
    network = create("oidn")
    with torch.no_grad():
        network.dec_conv0.weight *= 4
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())
    path = tmp_path_factory.mktemp("model") / "oidn.safetensors"
    save_model(path, network, {})
    return path


def frames():
    """Frames of sizes that are no multiples of 16, noisy, of very different brightness; real ones where there are."""
    rng = np.random.default_rng(5)
    for (height, width), scale in (((61, 83), 1.0), ((128, 40), 300.0), ((33, 97), 1e-3)):
        frame = picture(height, width)
        noisy = frame.radiance * rng.gamma(0.5, 2.0, frame.radiance.shape) * scale
        yield noisy.astype(np.float32), frame.albedo, frame.normal
    for path in sorted(VALIDATION.glob("*_4spp_r000.exr"))[:3]:
        frame = read_frame(path)
        yield frame.radiance.clip(min=0), frame.albedo, frame.normal


def test_oidn_and_torch_agree_on_the_same_weights(model):
    """To 1e-2 of each value; OIDN computes in another order, and its exposure and curve are in it."""
    with_torch, with_oidn = Denoiser(model, precision="float32"), Denoiser(model, engine="oidn")
    for color, albedo, normal in frames():
        one, other = with_torch.denoise(color, albedo, normal), with_oidn.denoise(color, albedo, normal)
        assert one.std() > 0.01 * one.mean(), "the picture is not flat"
        np.testing.assert_allclose(other, one, rtol=1e-2, atol=1e-4 * float(one.mean()))


def test_features_that_are_missing_are_the_same_to_both(model):
    color, albedo, _ = next(frames())
    with_torch, with_oidn = Denoiser(model, precision="float32"), Denoiser(model, engine="oidn")
    for features in ((), (albedo,)):
        one, other = with_torch.denoise(color, *features), with_oidn.denoise(color, *features)
        np.testing.assert_allclose(other, one, rtol=1e-2, atol=1e-4 * float(one.mean()))


def test_an_exported_file_runs_in_oidn_as_its_documentation_says(model, tmp_path):
    assert mcdenoise("export", model, tmp_path / "mine.tza").returncode == 0
    color, albedo, normal = next(frames())
    denoiser = mitsuba_oidn.Device().new_filter("RT")
    denoiser.hdr = True
    denoiser.set_data("weights", np.fromfile(tmp_path / "mine.tza", np.uint8))
    images = {"color": color, "albedo": albedo, "normal": normal, "output": np.empty_like(color)}
    images = {name: np.ascontiguousarray(image, np.float32) for name, image in images.items()}
    for name, image in images.items():
        denoiser.set_image(name, image)
    denoiser.execute()
    expected = Denoiser(tmp_path / "mine.tza", precision="float32").denoise(color, albedo, normal)
    np.testing.assert_allclose(images["output"], expected, rtol=1e-2, atol=1e-4 * float(expected.mean()))


def test_weights_of_a_tza_file_are_a_model_and_a_start_for_training(model, tmp_path):
    assert mcdenoise("export", model, tmp_path / "mine.tza").returncode == 0
    ours, _ = load_model(model)
    theirs, _ = load_model(tmp_path / "mine.tza")
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[name]), name


def test_only_networks_of_oidn_s_kind_are_exported_or_run_by_it(tmp_path):
    said = mcdenoise("export", "default", tmp_path / "mine.tza")
    assert said.returncode == 2
    assert "train --model oidn" in said.stderr
    assert not list(tmp_path.iterdir())
    with pytest.raises(ModelError, match="train --model oidn"):
        Denoiser("default", engine="oidn")


def test_the_curve_is_oidn_s_and_its_inverse_undoes_it():
    """Written as the source has it, in float64; float32 keeps six digits."""

    def plainly(y):
        if y <= 1.57945760e-06:
            return 1.41283765e03 * y
        if y <= 3.22087631e-02:
            return 1.64593172 * y**4.31384981e-01 - 2.94139609e-03
        return 1.92653254e-01 * np.log(y + 6.26026094e-03) + 9.98620152e-01

    values = np.concatenate([[0.0, 1e-7], np.logspace(-6.5, np.log10(65504), 200)])
    expected = np.array([plainly(y) for y in values]) / plainly(65504.0)
    curve = pu_curve(torch.from_numpy(values).float())
    np.testing.assert_allclose(curve, expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(inverse_pu_curve(curve), values, rtol=1e-4, atol=1e-10)


def test_gradients_lead_back_from_outside_the_curve_s_range():
    value = torch.tensor([-0.1, 0.5, 6.0], requires_grad=True)
    pull = torch.tensor([1.0, 1.0, -1.0])  # further away from the range at both ends
    inverse_pu_curve(value).backward(pull)
    assert value.grad[0] == 0
    assert value.grad[2] == 0
    value.grad = None
    inverse_pu_curve(value).backward(-pull)
    assert value.grad[0] < 0 < value.grad[2]


def test_oidn_s_own_weights_are_those_of_the_package():
    color, albedo, normal = next(frames())
    expected = np.asarray(mitsuba_oidn.denoise(color, albedo, normal, hdr=True))
    np.testing.assert_array_equal(Oidn().denoise(color, albedo, normal), expected)


def test_training_begins_with_the_weights_of_a_tza_file(model, tmp_path):
    write_view(tmp_path / "renders/scene/view000", picture(64, 64), realizations=3)
    assert mcdenoise("export", model, tmp_path / "start.tza").returncode == 0
    arguments = ["--model", "oidn", "--steps", 2, "--batch", 1, "--crop", 32, "--learning-rate", 1e-6]
    done = mcdenoise(
        "train", tmp_path / "renders", *arguments, "--init", tmp_path / "start.tza", "--out", tmp_path / "run"
    )
    assert done.returncode == 0, done.stderr
    before, _ = load_model(model)
    after, _ = load_model(tmp_path / "run/model.safetensors")
    for name, tensor in before.state_dict().items():
        # Adam moves a weight by no more than about its rate a step.
        assert (tensor - after.state_dict()[name]).abs().max() < 1e-5
