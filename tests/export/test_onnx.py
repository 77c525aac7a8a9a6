import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from mcdenoise import Denoiser
from mcdenoise.errors import McdenoiseError, ModelError
from mcdenoise.export.models import export_model
from mcdenoise.networks import create
from mcdenoise.networks.model_file import save_model

SIZES = [(72, 104), (61, 100), (1, 30), (7, 130), (224, 160)]
# What float32 leaves of a sum of a thousand products done in another order; the U-Net's output is an exponent.
TOLERANCES = {"kpn": 1e-4, "oidn": 1e-3, "unet": 1e-2}


def picture(height, width):
    rng = np.random.default_rng(height * width)
    color = rng.gamma(0.5, 6.0, (height, width, 3))
    albedo, normal = rng.random((height, width, 3)), rng.normal(size=(height, width, 3)).clip(-1, 1)
    return [image.astype(np.float32) for image in (color, albedo, normal)]


def run(session, *images):
    inputs = [np.ascontiguousarray(image.transpose(2, 0, 1)[None]) for image in images]
    (result,) = session.run(None, dict(zip(("color", "albedo", "normal"), inputs, strict=True)))
    return result[0].transpose(1, 2, 0)


@pytest.fixture(scope="module", params=["kpn", "oidn", "unet"])
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    model = "default"
    if request.param != "kpn":  # the model that ships is one
        torch.manual_seed(0)
        model = folder / "model.safetensors"
        save_model(model, create(request.param), {})
    export_model(model, folder / "model.onnx", "onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    return request.param, Denoiser(model, precision="float32"), session, folder / "model.onnx"


@pytest.mark.parametrize("size", SIZES)
def test_onnxruntime_gives_the_same_picture(exported, size):
    name, denoiser, session, _ = exported
    images = picture(*size)
    expected = denoiser.denoise(*images)
    np.testing.assert_allclose(run(session, *images), expected, rtol=0, atol=TOLERANCES[name] * expected.mean())


def test_exposure_is_within_the_graph(exported):
    name, denoiser, session, _ = exported
    color, *features = picture(50, 90)
    for factor in (1e-4, 1e4):
        expected = denoiser.denoise(color * factor, *features)
        result = run(session, color * factor, *features)
        np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCES[name] * expected.mean())


def test_black_and_broken_pixels_stay_finite(exported):
    _, _, session, _ = exported
    color, albedo, normal = picture(40, 50)
    assert np.isfinite(run(session, 0 * color, albedo, normal)).all()
    assert run(session, *picture(1, 1)).shape == (1, 1, 3)
    color[3, 4], color[5, 6], color[7, 8], albedo[9, 10] = np.nan, np.inf, -1, np.nan
    result = run(session, color, albedo, normal)
    assert np.isfinite(result).all()
    assert (result >= 0).all()


def test_the_graph_says_what_it_takes(exported):
    *_, path = exported
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    shapes = {
        value.name: [one.dim_value or one.dim_param for one in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    expected = [1, 3, "height", "width"]
    assert shapes == {"color": expected, "albedo": expected, "normal": expected, "denoised": expected}
    assert "linear radiance" in model.doc_string


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "out.onnx").mkdir()
    with pytest.raises(ModelError, match=r"out\.onnx: cannot be written"):
        export_model("default", tmp_path / "out.onnx", "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["out.onnx"]
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(McdenoiseError, match=r"pip install 'mcdenoise\[onnx\]'"):
        export_model("default", tmp_path / "other.onnx", "onnx")
    assert not (tmp_path / "other.onnx").exists()
