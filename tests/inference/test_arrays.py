import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic import noisy, picture, small_options, write_view

import mcdenoise
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.training import train


@pytest.fixture(scope="module")
def given():
    return noisy(picture(40, 33), np.random.default_rng(0))


def denoise(kernels, *arrays, **options):
    return mcdenoise.denoise(*arrays, model=kernels, device="cpu", **options)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 0), (np.float64, 1e-6), (np.float16, 2e-3)])
def test_numpy_in_numpy_out(kernels, given, dtype, tolerance):
    expected = Denoiser(kernels, "cpu").denoise(given.radiance, given.albedo, given.normal)
    result = denoise(kernels, *(array.astype(dtype) for array in (given.radiance, given.albedo, given.normal)))
    assert isinstance(result, np.ndarray)
    assert result.dtype == dtype
    # Half keeps 11 bits of the input; where bf16 rounds the network's convolutions, one bit may tip over.
    np.testing.assert_allclose(result, expected, rtol=0.02 if tolerance else 0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_torch_in_torch_out(kernels, given, dtype):
    expected = torch.from_numpy(denoise(kernels, given.radiance, given.albedo, given.normal))
    tensors = [torch.from_numpy(array).to(dtype) for array in (given.radiance, given.albedo, given.normal)]
    result = denoise(kernels, *tensors)
    assert isinstance(result, torch.Tensor)
    assert (result.dtype, result.device) == (dtype, tensors[0].device)
    torch.testing.assert_close(result.float(), expected, rtol=0.05, atol=0.02)


def test_tensors_of_a_graph_will_do(kernels, given):
    color = torch.from_numpy(given.radiance).requires_grad_()
    assert denoise(kernels, color).shape == (40, 33, 3)


def test_kinds_may_be_mixed(kernels, given):
    result = denoise(kernels, given.radiance, torch.from_numpy(given.albedo), given.normal.tolist())
    np.testing.assert_array_equal(result, denoise(kernels, given.radiance, given.albedo, given.normal))


def test_plain_lists_and_integers_give_float32(kernels):
    result = denoise(kernels, [[[1, 2, 3]] * 4] * 5)
    assert result.dtype == np.float32
    assert result.shape == (5, 4, 3)
    assert denoise(kernels, np.full((5, 4, 3), 200, np.uint8)).dtype == np.float32


def test_a_fourth_channel_is_ignored(kernels, given):
    alpha = np.random.default_rng(1).random((40, 33, 1), np.float32)
    result = denoise(kernels, np.concatenate([given.radiance, alpha], axis=2))
    np.testing.assert_array_equal(result, denoise(kernels, given.radiance))


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_half_does_not_overflow(kernels, kind):
    bright = np.full((16, 16, 3), 60000, np.float16)
    bright[8, 8] = np.inf
    result = denoise(kernels, bright if kind == "numpy" else torch.from_numpy(bright))
    assert bool(np.isfinite(result).all() if kind == "numpy" else torch.isfinite(result).all())


def test_low_dynamic_range_is_limited_to_one(kernels, given):
    bright = given.radiance * 10
    assert denoise(kernels, bright).max() > 1
    limited = denoise(kernels, bright, hdr=False)
    assert limited.max() == 1
    np.testing.assert_array_equal(limited, denoise(kernels, bright).clip(max=1))


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 2), (8, 8, 5), (2, 8, 8, 3), (3,), ()])
def test_shapes_that_are_no_image_are_refused(kernels, shape):
    with pytest.raises(ValueError, match="expected an image"):
        denoise(kernels, np.ones(shape, np.float32))


def test_features_of_another_size_are_refused(kernels):
    with pytest.raises(ValueError, match="albedo"):
        denoise(kernels, np.ones((8, 8, 3)), np.ones((8, 9, 3)))


def test_a_model_file_that_changes_is_read_again(tmp_path):
    write_view(tmp_path / "renders/a/view000", picture(32, 32))
    color = np.random.default_rng(0).random((32, 32, 3), np.float32)
    results = []
    for seed in (0, 1):
        result = train(tmp_path / "renders", tmp_path / str(seed), small_options(steps=1, seed=seed), "cpu")
        result.model.replace(tmp_path / "m.safetensors")
        results.append(denoise(tmp_path / "m.safetensors", color))
    assert not np.array_equal(*results)


MITSUBA = """
import sys
from mcdenoise.rendering.variants import prepare_environment
prepare_environment()
import mitsuba as mi, numpy as np
import mcdenoise
mi.set_variant(sys.argv[1])
arrays = [np.random.default_rng(k).random((24, 20, 3), np.float32) for k in range(3)]
tensors = [mi.TensorXf(array) for array in arrays]
seen, made = [], []
plain = mcdenoise.Denoiser.denoise
def spy(self, *images):
    seen.extend(image.data_ptr() for image in images)
    made.append(plain(self, *images))
    return made[-1]
mcdenoise.Denoiser.denoise = spy
result = mcdenoise.denoise(*tensors, model=sys.argv[2], device="cpu")
assert type(result) is mi.TensorXf, type(result)
import torch
assert seen == [torch.from_dlpack(tensor).data_ptr() for tensor in tensors], "copied on the way in"
if sys.argv[1] != "scalar_rgb":  # whose tensors own their memory
    assert made[0].data_ptr() == torch.from_dlpack(result).data_ptr(), "copied on the way out"
expected = mcdenoise.denoise(*arrays, model=sys.argv[2], device="cpu")
np.testing.assert_array_equal(np.array(result), expected)
bitmap = mcdenoise.denoise(mi.Bitmap(arrays[0]), tensors[1], arrays[2], model=sys.argv[2], device="cpu")
assert type(bitmap) is mi.Bitmap, type(bitmap)
np.testing.assert_array_equal(np.array(bitmap), expected)
print("fine")
"""


@pytest.mark.parametrize("variant", ["scalar_rgb", "llvm_ad_rgb"])
def test_mitsuba_in_mitsuba_out(kernels, variant):
    # In a process of its own: a variant, once it is loaded, stays.
    done = subprocess.run(
        [sys.executable, "-c", MITSUBA, variant, str(kernels)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "fine", done.stderr


BITMAP = """
from mcdenoise.rendering.variants import prepare_environment
prepare_environment()
import mcdenoise, sys
assert "mitsuba" not in sys.modules, "importing mcdenoise imports no Mitsuba"
import mitsuba as mi, numpy as np
mi.set_variant("scalar_rgb")
scene = mi.load_dict({
    "type": "scene",
    "integrator": {"type": "aov", "aovs": "albedo:albedo,normals:sh_normal,depth:depth", "inner": {"type": "path"}},
    "sensor": {
        "type": "perspective",
        "film": {"type": "hdrfilm", "width": 40, "height": 30, "pixel_format": "rgba", "rfilter": {"type": "box"}},
        "to_world": mi.ScalarTransform4f().look_at([0, 0, 4], [0, 0, 0], [0, 1, 0]),
    },
    "shape": {"type": "sphere"},
    "light": {"type": "constant"},
})
mi.render(scene, spp=4, seed=1)
bitmap = scene.sensors()[0].film().bitmap()
clean = mcdenoise.denoise(bitmap)
assert type(clean) is mi.Bitmap, type(clean)
layers = dict(bitmap.split())
color, albedo, normal = (np.array(layers[name]) for name in ("<root>", "albedo", "normals"))
np.testing.assert_array_equal(np.array(clean), mcdenoise.denoise(color, albedo, normal))
assert np.abs(np.array(clean) - mcdenoise.denoise(color)).max() > 1e-3, "features count"
assert mi.variant() == "scalar_rgb"
"""


LOW_DYNAMIC_RANGE = """
from mcdenoise.rendering.variants import prepare_environment
prepare_environment()
import mcdenoise
import mitsuba as mi, numpy as np
encoded = np.random.default_rng(0).integers(0, 256, (24, 20, 3)).astype(np.uint8)
clean = np.array(mcdenoise.denoise(mi.Bitmap(encoded)))
value = encoded / 255
linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
np.testing.assert_allclose(clean, mcdenoise.denoise(linear.astype(np.float32)), rtol=1e-3, atol=1e-4)
"""


def test_a_bitmap_of_eight_bits_is_made_linear():
    done = subprocess.run([sys.executable, "-c", LOW_DYNAMIC_RANGE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("color", ["frame.exr", Path("frame.exr"), None])
def test_what_is_no_image_is_refused(kernels, color):
    with pytest.raises(ValueError, match="read_frame"):
        denoise(kernels, color)


def test_a_tensor_with_features_beside_the_colour_is_refused_with_a_hint(kernels):
    with pytest.raises(ValueError, match=r"give colour alone, as image\[:, :, :3\]"):
        denoise(kernels, np.zeros((4, 4, 9), np.float32))


def test_a_bitmap_of_mitsuba_brings_its_features_along():
    done = subprocess.run([sys.executable, "-c", BITMAP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
