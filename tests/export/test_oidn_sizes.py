"""The sizes of OIDN's network: its own weights run in ours, and ours in it."""

import struct
from pathlib import Path

import mitsuba_oidn
import numpy as np
import pytest
import torch
from synthetic import noisy, picture, small_options, write_view

from mcdenoise import Denoiser
from mcdenoise.errors import ModelError, TrainingError
from mcdenoise.export import tza
from mcdenoise.export.models import export_model
from mcdenoise.inference.oidn_engine import Oidn
from mcdenoise.networks import create
from mcdenoise.networks.model_file import load_model, save_model
from mcdenoise.training import train

NAMES = {"small": "oidn-small", "base": "oidn", "large": "oidn-large"}
# Of what OIDN 2.5 ships for color, albedo and normal.
PARAMETERS = {"small": 320_035, "base": 919_811, "large": 3_848_387}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A TZA file of each size with weights that OIDN ships in its library, for nine channels."""
    library = (Path(mitsuba_oidn.__file__).parent / "libmitsuba_oidn_core.so").read_bytes()
    folder, found = tmp_path_factory.mktemp("shipped"), {}
    start = library.find(struct.pack("<HBB", 0x41D7, 2, 0))
    while start >= 0 and len(found) < 3:
        try:
            tensors = tza.decode(library[start : start + 10_000_000])
        except ModelError:
            tensors = {}  # the same four bytes by chance
        count = sum(tensor.size for tensor in tensors.values())
        for size in PARAMETERS:
            if count == PARAMETERS[size] and size not in found:
                found[size] = folder / f"{size}.tza"
                tza.write(found[size], tensors)
        start = library.find(struct.pack("<HBB", 0x41D7, 2, 0), start + 1)
    return found


def frame():
    return noisy(picture(61, 83), np.random.default_rng(5), spp=2)


def assert_alike(one, other):
    assert one.std() > 0.1 * one.mean(), "the picture is not flat"
    np.testing.assert_allclose(other, one, rtol=1e-2, atol=1e-3 * float(one.mean()))


@pytest.mark.parametrize("size", PARAMETERS)
def test_oidn_s_own_weights_give_its_own_picture(shipped, size):
    model = Denoiser(shipped[size], "cpu", "float32")
    assert (model.network.name, model.network.config) == (NAMES[size], {"size": size})
    given = frame()
    theirs = Oidn(shipped[size].read_bytes()).denoise(given.radiance, given.albedo, given.normal)
    assert_alike(theirs, model.denoise(given.radiance, given.albedo, given.normal))
    truth = picture(61, 83).radiance
    assert np.abs(theirs - truth).mean() < 0.5 * np.abs(given.radiance - truth).mean(), "and it denoises"


@pytest.mark.parametrize("size", ["small", "large"])
def test_weights_of_ours_run_in_oidn_and_come_back(size, tmp_path):
    torch.manual_seed(3)
    network = create(NAMES[size]).eval()
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[size]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float())
    save_model(tmp_path / "m.safetensors", network, {})
    export_model(tmp_path / "m.safetensors", tmp_path / "m.tza")
    again, _ = load_model(tmp_path / "m.tza")
    assert again.name == load_model(tmp_path / "m.safetensors")[0].name == NAMES[size]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    given = frame()
    images = (given.radiance, given.albedo, given.normal)
    ours = Denoiser(tmp_path / "m.safetensors", "cpu", "float32").denoise(*images)
    assert_alike(ours, Denoiser(tmp_path / "m.safetensors", engine="oidn").denoise(*images))


@pytest.mark.parametrize("size", PARAMETERS)
def test_weights_that_are_not_whole_are_refused_by_us_as_by_oidn(shipped, size, tmp_path):
    tensors = tza.read(shipped[size])
    del tensors["dec_conv3b.bias"]
    with pytest.raises(mitsuba_oidn.Error):
        Oidn(tza.encode(tensors)).denoise(*[np.ones((16, 16, 3), np.float32)] * 3)
    tza.write(tmp_path / "cut.tza", tensors)
    with pytest.raises(ModelError, match=f"network of {size} size .*dec_conv3b.bias is missing") as caught:
        load_model(tmp_path / "cut.tza")
    assert "\n" not in str(caught.value)


def test_training_goes_on_from_oidn_s_weights_of_that_size_only(shipped, tmp_path):
    write_view(tmp_path / "renders/scene/view000", picture(64, 64), realizations=3)
    options = {"config": {}, "steps": 2, "learning_rate": 1e-6, "init": str(shipped["small"])}
    with pytest.raises(TrainingError, match="is a oidn-small, not a oidn: add --model oidn-small"):
        train(tmp_path / "renders", tmp_path / "run", small_options(model="oidn", **options), "cpu")
    train(tmp_path / "renders", tmp_path / "run", small_options(model="oidn-small", **options), "cpu")
    before, after = (load_model(path)[0] for path in (shipped["small"], tmp_path / "run/model.safetensors"))
    for name, tensor in before.state_dict().items():
        # Adam moves a weight by no more than about its rate a step.
        assert (tensor - after.state_dict()[name]).abs().max() < 1e-5


def test_a_size_that_there_is_not_is_refused():
    with pytest.raises(ModelError, match="small, base or large"):
        create("oidn", size="huge")
