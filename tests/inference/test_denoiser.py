import numpy as np
import pytest
import torch
from synthetic import noisy, picture

from mcdenoise.errors import McdenoiseError, ModelError
from mcdenoise.inference import denoiser as denoiser_module
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.networks import create
from mcdenoise.networks.model_file import load_model, save_model

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")


@pytest.fixture(scope="module")
def denoiser(model):
    return Denoiser(model, "cpu", "float32")


def frame(height, width, seed=0):
    return noisy(picture(height, width, seed), np.random.default_rng(seed))


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (33, 47), (64, 32), (17, 100)])
def test_any_size_comes_back_in_its_size(denoiser, size):
    given = frame(*size)
    result = denoiser.denoise(given.radiance, given.albedo, given.normal)
    assert result.shape == (*size, 3)
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert (result >= 0).all()


def test_padding_does_not_show(kernels):
    # The padded part repeats the edge; well inside, a picture and a part of it that needs padding agree.
    given = frame(96, 288)
    tool = Denoiser(kernels, "cpu", "float32")
    whole = tool._run(stacked(given))
    part = tool._run(stacked(given)[:, :, :, :281])
    torch.testing.assert_close(part[..., :120], whole[..., :120], rtol=1e-4, atol=1e-5)


def stacked(given):
    images = np.concatenate([given.radiance, given.albedo, given.normal], axis=2)
    return torch.from_numpy(images).permute(2, 0, 1)[None]


@pytest.mark.parametrize(
    ("network", "config", "passes"),
    [("unet", {}, 1), ("kpn", {}, 1), ("kpn", {"width": 8}, 2), ("oidn", {}, 1), ("red30", {"width": 8}, 1)],
)
def test_tiles_do_not_show(tmp_path, network, config, passes, monkeypatch):
    """To 1e-3 of a value; nothing that counts is left out, only sums are made in another order."""
    torch.manual_seed(5)
    save_model(tmp_path / "model.safetensors", create(network, **config), {})
    denoiser = Denoiser(tmp_path / "model.safetensors", "cpu", "float32", passes=passes)
    given = frame(430, 590)
    whole = denoiser.denoise(given.radiance, given.albedo, given.normal)
    monkeypatch.setattr(denoiser_module, "_WHOLE_PIXELS", 1000)
    monkeypatch.setattr(denoiser_module, "_TILE", 192)
    tiled = denoiser.denoise(given.radiance, given.albedo, given.normal)
    np.testing.assert_allclose(tiled, whole, rtol=1e-3, atol=1e-5 * whole.mean())
    monkeypatch.setattr(denoiser.network, "reach", 0)
    bare = denoiser.denoise(given.radiance, given.albedo, given.normal)
    assert np.abs(bare - whole).max() > 1e-2 * whole.mean(), "context is what hides them"


def test_a_gpu_sees_as_much_at_once_as_half_of_its_free_memory_holds(monkeypatch):
    """At 4 KiB a pixel, but no less than a processor does, and no more than the network itself wants to see."""
    sees = denoiser_module._pixels_at_once
    for free, expected in ((0, 2_500_000), (80 * 2**30, 10 * 2**20)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 80 * 2**30))
        assert sees(torch.device("cuda")) == expected
        assert sees(torch.device("cpu")) == 2_500_000
    kernels, restorer = create("kpn", width=8), create("red30", width=8)
    whole = [
        len(list(denoiser_module._tiles(2160, 3840, kernels, at_once))) == 1 for at_once in (2_500_000, 10 * 2**20)
    ]
    assert whole == [False, True]
    assert len(list(denoiser_module._tiles(2160, 3840, restorer, 10 * 2**20))) > 1


@needs_gpu
def test_tiles_do_not_show_on_a_gpu(kernels, monkeypatch):
    given = frame(430, 590)
    denoiser = Denoiser(kernels, "cuda", "float32")
    whole = denoiser.denoise(given.radiance, given.albedo, given.normal)
    monkeypatch.setattr(denoiser_module, "_pixels_at_once", lambda device: 1000)
    monkeypatch.setattr(denoiser_module, "_TILE", 192)
    tiled = denoiser.denoise(given.radiance, given.albedo, given.normal)
    # cuDNN takes another convolution for another size, in TF32, which keeps 10 bits.
    np.testing.assert_allclose(tiled, whole, rtol=0.02, atol=0.01 * whole.max())


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (17, 3)])
def test_tiny_and_odd_pictures_are_denoised(kernels, size):
    rng = np.random.default_rng(1)
    color = rng.gamma(0.5, 2.0, (*size, 3)).astype(np.float32)
    for denoiser in (Denoiser(kernels), Denoiser("default")):
        result = denoiser.denoise(color, np.full_like(color, 0.5), np.zeros_like(color))
        assert result.shape == color.shape
        assert np.isfinite(result).all()


@pytest.mark.parametrize("value", [0.0, 1.0, 3e5])
def test_a_picture_with_nothing_to_denoise_comes_back_as_it_was(denoiser, value):
    color = np.full((37, 50, 3), value, np.float32) * np.float32([1.0, 0.5, 0.25])
    np.testing.assert_array_equal(denoiser.denoise(color, np.full_like(color, 0.5)), color)
    np.testing.assert_array_equal(denoiser.denoise(color[:1, :1]), color[:1, :1])


def spoilt(kind):
    given = frame(48, 48)
    radiance = given.radiance
    if kind == "NaN":
        radiance[5:9, 7] = np.nan
    elif kind == "Inf":
        radiance[5, 7, 0] = np.inf
        radiance[20, 20, 1] = -np.inf
    elif kind == "negative":
        radiance[10:20] *= -1
    elif kind == "huge":
        radiance[11, 12] = 1e30
    elif kind == "huge in the dark":
        radiance *= np.float32(1e-7)
        radiance[11, 12] = 1e30
    elif kind == "all huge":
        radiance[:] = 1e30
    elif kind == "largest":
        radiance[:] = np.finfo(np.float32).max
    elif kind == "tiny":
        radiance *= np.float32(1e-20)
    elif kind == "subnormal":
        radiance[:] = 1e-42
    elif kind == "all NaN":
        radiance[:] = np.nan
    elif kind == "all Inf":
        radiance[:] = np.inf
    elif kind == "all negative":
        radiance[:] = -1
    elif kind == "black":
        radiance[:] = 0
    return given


KINDS = ["NaN", "Inf", "negative", "huge", "huge in the dark", "all huge", "largest"]
KINDS += ["tiny", "subnormal", "all NaN", "all Inf", "all negative", "black"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_whatever_renderers_write_gives_finite_radiance(model, kind, precision):
    given = spoilt(kind)
    result = Denoiser(model, "cpu", precision).denoise(given.radiance, given.albedo, given.normal)
    assert np.isfinite(result).all()
    assert (result >= 0).all()


@pytest.mark.parametrize("kind", ["black", "all NaN", "all negative"])
def test_black_stays_black(kernels, kind):
    given = spoilt(kind)
    assert not Denoiser(kernels, "cpu", "float32").denoise(given.radiance, given.albedo, given.normal).any()


@pytest.mark.parametrize("kind", ["NaN", "Inf"])
def test_features_may_be_broken_too(denoiser, kind):
    given = frame(32, 32)
    albedo, normal = given.albedo.copy(), given.normal.copy()
    albedo[3, 3] = normal[9, 9] = np.nan if kind == "NaN" else np.inf
    result = denoiser.denoise(given.radiance, albedo * 50, normal * 1e30)
    assert np.isfinite(result).all()


def test_features_may_be_missing_and_count_if_there(denoiser):
    given = frame(48, 40)
    results = [
        denoiser.denoise(given.radiance, albedo, normal)
        for albedo in (given.albedo, None)
        for normal in (given.normal, None)
    ]
    assert all(np.isfinite(result).all() for result in results)
    for i, one in enumerate(results):
        for other in results[:i]:
            assert not np.allclose(one, other)
    zeros = np.zeros_like(given.radiance)
    np.testing.assert_array_equal(denoiser.denoise(given.radiance, zeros, zeros), results[3])


@pytest.mark.parametrize("scale", [1e-3, 0.1, 3.0, 1e3])
def test_exposure_does_not_matter(denoiser, scale):
    given = frame(64, 64)
    plain = denoiser.denoise(given.radiance, given.albedo, given.normal)
    scaled = denoiser.denoise(given.radiance * np.float32(scale), given.albedo, given.normal) / scale
    lit = plain > 1e-3 * plain.max()
    assert lit.mean() > 0.3
    np.testing.assert_allclose(scaled[lit], plain[lit], rtol=1e-3)


def test_bf16_is_close_to_float32(model):
    given = frame(64, 64)
    full, half = (
        Denoiser(model, "cpu", precision, passes=1).denoise(given.radiance, given.albedo, given.normal)
        for precision in ("float32", "bf16")
    )
    # bf16 keeps 8 bits; some twenty layers of it stay within a few percent of the brightest values.
    assert 0 < np.abs(full - half).mean() < 0.05 * full.mean()


def test_inputs_are_not_changed(denoiser):
    given = spoilt("NaN")
    arrays = given.radiance, given.albedo, given.normal
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    denoiser.denoise(*arrays)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_same_input_gives_the_same_bytes(denoiser):
    given = frame(40, 40)
    first = denoiser.denoise(given.radiance, given.albedo, given.normal)
    denoiser.denoise(frame(33, 20, 1).radiance)
    np.testing.assert_array_equal(denoiser.denoise(given.radiance, given.albedo, given.normal), first)


def test_views_of_arrays_will_do(denoiser):
    given = frame(40, 56)
    turned = [array[::-1].transpose(1, 0, 2)[:, ::-1] for array in (given.radiance, given.albedo, given.normal)]
    copied = [np.ascontiguousarray(array) for array in turned]
    np.testing.assert_array_equal(denoiser.denoise(*turned), denoiser.denoise(*copied))


@pytest.mark.parametrize(
    ("color", "albedo", "normal"),
    [
        ((8, 8), None, None),
        ((8, 8, 1), None, None),
        ((8, 8, 4), None, None),
        ((1, 8, 8, 3), None, None),
        ((0, 8, 3), None, None),
        ((8, 0, 3), None, None),
        ((8, 8, 3), (8, 9, 3), None),
        ((8, 8, 3), (8, 8, 1), None),
        ((8, 8, 3), (8, 8, 3), (4, 8, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(denoiser, color, albedo, normal):
    arrays = [None if shape is None else np.ones(shape, np.float32) for shape in (color, albedo, normal)]
    with pytest.raises(ValueError, match="must"):
        denoiser.denoise(*arrays)


@pytest.mark.parametrize(
    ("name", "said"),
    [("no-such-model", "no model"), ("missing.safetensors", "no such model file"), (".", "is a folder")],
)
def test_models_that_are_not_there_are_named(name, said):
    with pytest.raises(ModelError, match=said) as caught:
        Denoiser(name, "cpu")
    assert name in str(caught.value)


@pytest.mark.parametrize("device", ["tpu", "cuda:999", "meta", "", "cuda:x", "xpu"])
def test_devices_that_are_not_there_are_refused(kernels, device):
    with pytest.raises(McdenoiseError) as caught:
        Denoiser(kernels, device)
    assert "device" in str(caught.value)
    assert "\n" not in str(caught.value)


@needs_gpu
def test_the_gpu_agrees_with_the_processor(model):
    given = frame(70, 90)
    cpu, gpu = (
        Denoiser(model, device, "float32").denoise(given.radiance, given.albedo, given.normal)
        for device in ("cpu", "cuda")
    )
    # TF32, which cuDNN takes for convolutions, keeps 10 bits.
    np.testing.assert_allclose(gpu, cpu, rtol=0.02, atol=0.01 * cpu.max())


def _ways(image):
    """All eight of a picture, in the order in which more passes see more of them, and how each is turned back."""
    for transposed in (False, True):
        for down, across in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
            turn = slice(None, None, down), slice(None, None, across)
            seen = np.swapaxes(image, 0, 1) if transposed else image
            yield seen[turn], lambda x, turn=turn, on=transposed: np.swapaxes(x[turn], 0, 1) if on else x[turn]


@pytest.mark.parametrize("passes", [1, 2, 4, 8])
def test_passes_are_the_mean_of_what_the_picture_gives_turned_and_mirrored(kernels, passes):
    given = frame(64, 96)  # multiples of what is pooled: so pixels are pooled with the same ones however it is turned
    once, often = (Denoiser(kernels, "cpu", "float32", passes=count) for count in (1, passes))
    images = zip(*(_ways(image) for image in (given.radiance, given.albedo, given.normal)), strict=True)
    seen = [back(once.denoise(r, a, n)) for (r, back), (a, _), (n, _) in images]
    found = often.denoise(given.radiance, given.albedo, given.normal)
    expected = np.mean(seen[:passes], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * expected.mean())
    others = [other for other in (1, 2, 4, 8) if other != passes]
    assert all(np.abs(np.mean(seen[:other], axis=0) - expected).max() > 0.02 * expected.mean() for other in others)


@pytest.mark.parametrize("name", ["kpn", "unet", "oidn"])
def test_passes_of_any_size_and_network_are_padded_at_the_same_edges(tmp_path, name):
    """Below and at the right, before a picture is turned: so pixels are pooled with the same ones in every pass."""
    torch.manual_seed(1)
    network = create(name).eval()
    given = frame(70, 101)
    denoiser = Denoiser(network, "cpu", "float32", passes=8)
    found = denoiser._run(stacked(given))
    multiple = network.multiple
    x = denoiser._padded(stacked(given), (0, -101 % multiple, 0, -70 % multiple))
    images, total = x[0].permute(1, 2, 0).numpy(), 0
    for seen, back in _ways(images):
        planes = torch.from_numpy(np.ascontiguousarray(seen)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            result = network(planes[:, :3], planes[:, 3:6], planes[:, 6:])
        total = total + back(result[0].permute(1, 2, 0).numpy())
    expected = total[:70, :101] / 8
    np.testing.assert_allclose(
        found[0].permute(1, 2, 0).detach().numpy(), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max()
    )


def test_two_passes_are_usual_for_kpn_in_bf16(kernels, tmp_path):
    """For kpn in bf16: in float32, for small ones and for others one is. Results differ, and so do identities."""
    found = {}
    for name in ("kpn", "kpn-small", "unet"):
        save_model(tmp_path / f"{name}.safetensors", create(name), {})
        for precision in ("float32", "bf16"):
            found[name, precision] = Denoiser(tmp_path / f"{name}.safetensors", "cpu", precision).passes
    assert {which for which, passes in found.items() if passes != 1} == {("kpn", "bf16")}
    assert found["kpn", "bf16"] == 2
    assert [Denoiser(name, "cpu", "bf16").passes for name in ("default", "fast")] == [2, 1]
    identities = {Denoiser(kernels, "cpu", "bf16", passes=count).identity for count in (1, 2, 4, 8)}
    assert len(identities) == 4
    assert Denoiser(kernels, "cpu", "bf16").identity == Denoiser(kernels, "cpu", "bf16", passes=1).identity


def test_open_image_denoise_runs_a_model_once(kernels):
    with pytest.raises(ModelError, match="sees a picture once"):
        Denoiser(kernels, "cpu", engine="oidn", passes=2)


@pytest.mark.parametrize("options", [{"precision": "fp16"}, {"engine": "cuda"}, {"passes": 3}])
def test_options_that_there_are_not_are_refused(kernels, options):
    with pytest.raises(ValueError, match=repr(next(iter(options.values())))):
        Denoiser(kernels, "cpu", **options)


@pytest.mark.parametrize("passes", ["2", 2.0, True, None, torch.tensor(2), np.array([1, 2])])
def test_passes_are_whole_numbers(kernels, passes):
    with pytest.raises(ValueError, match="passes must be auto, 1, 2, 4 or 8"):
        Denoiser(kernels, "cpu", passes=passes)


def test_another_model_gets_the_same_options(kernels):
    first = Denoiser("fast", "cpu", "bf16", passes=4)
    other = first.with_model(kernels)
    assert (other.device, other.precision, other.passes) == (first.device, "bf16", 4)
    assert other.identity == Denoiser(kernels, "cpu", "bf16", passes=4).identity
    assert Denoiser("fast", "cpu", "bf16").with_model("default").passes == 2  # not asked for: as usual for that one


def test_a_row_that_is_reversed_will_do(denoiser):
    given = frame(1, 40)
    arrays = [image[::-1] for image in (given.radiance, given.albedo, given.normal)]
    np.testing.assert_array_equal(
        denoiser.denoise(*arrays), denoiser.denoise(given.radiance, given.albedo, given.normal)
    )


def test_arrays_of_other_kinds_are_refused(denoiser):
    with pytest.raises(TypeError, match=r"mcdenoise\.denoise takes others"):
        denoiser.denoise([[[0.0, 0.0, 0.0]]])


def test_a_network_is_used_as_it_is_at_that_moment(kernels):
    network = load_model(kernels)[0]
    live, kept = Denoiser(network, "cpu", "float32"), Denoiser(kernels, "cpu", "float32")
    given = frame(33, 47)
    arrays = given.radiance, given.albedo, given.normal
    np.testing.assert_array_equal(live.denoise(*arrays), kept.denoise(*arrays))
    before = live.identity
    with torch.no_grad():
        network.kernels0.bias += torch.linspace(0, 1, network.kernels0.bias.numel())
    assert live.identity != before
    assert np.abs(live.denoise(*arrays) - kept.denoise(*arrays)).max() > 0.01
