"""A frame in half floats: what it keeps, to what precision, and what is refused."""

import numpy as np
import pytest
import torch
from synthetic import noisy, picture, write_view

from mcdenoise.data.stored import decode
from mcdenoise.errors import FrameError
from mcdenoise.exr import read_frame, write_frame
from mcdenoise.frame import Frame
from mcdenoise.tonemap import exposure, exposure_of_blocks


def stored_radiance(path):
    frame = decode(path)
    return (frame.pixels[:3].double() * frame.scale).permute(1, 2, 0).numpy(), frame


def test_a_frame_comes_back_to_eleven_bits_and_its_features_exactly(tmp_path):
    file = write_view(tmp_path) / "r001.exr"
    frame = read_frame(file)
    radiance, stored = stored_radiance(file)
    np.testing.assert_allclose(radiance, frame.radiance, rtol=2**-11)
    np.testing.assert_array_equal(stored.pixels[3:6].permute(1, 2, 0), frame.albedo.astype(np.float16))
    np.testing.assert_array_equal(stored.pixels[6:].permute(1, 2, 0), frame.normal.astype(np.float16))


@pytest.mark.parametrize("brightest", [1e-30, 1e-6, 0.5, 65504.0, 65505.0, 1e6, 1e20, 3e38])
def test_a_firefly_of_any_size_fits_and_costs_what_is_said(tmp_path, brightest):
    rng = np.random.default_rng(0)
    radiance = (brightest * 2.0 ** rng.uniform(-45, -1, (24, 24, 3))).astype(np.float32)
    radiance[3, 4, 1] = brightest
    radiance[5, 6, 2] = -brightest / 3
    write_frame(tmp_path / "f.exr", Frame(radiance))
    found, stored = stored_radiance(tmp_path / "f.exr")
    assert 32752 <= float(stored.pixels.abs().max()) <= 65504 or brightest < 1e-25
    assert np.log2(stored.scale) == round(np.log2(stored.scale))
    truth = radiance.astype(np.float64)
    error = np.abs(found - truth)
    normal = np.abs(truth) >= brightest * 2.0**-29
    if brightest > 1e-25:
        assert (error[normal] <= np.abs(truth[normal]) * 2**-11).all()
        assert (error <= np.maximum(np.abs(truth) * 2**-11, brightest * 2.0**-40)).all()
    np.testing.assert_allclose(found[3, 4, 1], radiance[3, 4, 1], rtol=2**-11)


def test_rounding_leaves_the_mean(tmp_path):
    radiance = np.random.default_rng(1).gamma(0.5, 2.0, (256, 256, 3)).astype(np.float32)
    write_frame(tmp_path / "f.exr", Frame(radiance))
    found, _ = stored_radiance(tmp_path / "f.exr")
    # Errors up to 2^-11 of each value that go both ways: their mean is some 2^-12 / sqrt(196608) of the values' mean.
    assert abs(found.mean() / radiance.astype(np.float64).mean() - 1) < 5 * 2**-12 / 196608**0.5


def test_black_stays_black(tmp_path):
    write_frame(tmp_path / "f.exr", Frame(np.zeros((8, 8, 3), np.float32)))
    found, stored = stored_radiance(tmp_path / "f.exr")
    assert not found.any()
    assert stored.exposure == 1.0


@pytest.mark.parametrize("size", [(64, 48), (37, 29), (5, 70), (16, 16)])
def test_the_exposure_is_that_of_the_picture_and_that_of_a_mean_follows(tmp_path, size):
    frames = [noisy(picture(*size), np.random.default_rng(k)) for k in range(3)]
    for k, frame in enumerate(frames):
        write_frame(tmp_path / f"{k}.exr", frame)
    stored = [decode(tmp_path / f"{k}.exr") for k in range(3)]
    for one, frame in zip(stored, frames, strict=True):
        assert one.exposure == pytest.approx(exposure(frame.radiance), rel=1e-5)
    together = sum(one.luminance for one in stored) / 3
    mean = np.mean([frame.radiance for frame in frames], axis=0)
    assert exposure_of_blocks(together) == pytest.approx(exposure(mean), rel=1e-5)


def test_missing_features_are_zeros(tmp_path):
    write_frame(tmp_path / "f.exr", Frame(np.ones((4, 5, 3), np.float32)))
    stored = decode(tmp_path / "f.exr")
    assert stored.pixels.shape == (9, 4, 5)
    assert not stored.pixels[3:].any()


def test_features_outside_their_range_are_limited(tmp_path):
    frame = picture(8, 8)
    frame.albedo = frame.albedo * 30  # as Mitsuba's rough conductors can have
    frame.normal = frame.normal * 3
    write_frame(tmp_path / "f.exr", frame)
    features = decode(tmp_path / "f.exr").pixels[3:].float()
    assert (features[:3].min() >= 0, features[:3].max() == 1) == (True, True)
    assert (features[3:].min() == -1, features[3:].max() == 1) == (True, True)


@pytest.mark.parametrize(
    ("channel", "value"),
    [("radiance", np.nan), ("radiance", np.inf), ("radiance", -np.inf), ("albedo", np.nan), ("normal", np.nan)],
)
def test_what_is_not_finite_is_refused(tmp_path, channel, value):
    frame = noisy(picture(16, 16), np.random.default_rng(0))
    image = getattr(frame, channel).copy()
    image[3, 4, 1] = value
    setattr(frame, channel, image)
    write_frame(tmp_path / "bad.exr", frame)
    said = "1 pixels are NaN or Inf" if channel == "radiance" else f"its {channel} holds NaN or Inf"
    with pytest.raises(FrameError, match=rf"bad\.exr: {said}"):
        decode(tmp_path / "bad.exr")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_a_frame_on_a_gpu_is_the_same(tmp_path):
    file = write_view(tmp_path) / "r000.exr"
    one = decode(file)
    assert torch.equal(one.to(torch.device("cuda")).pixels.cpu(), one.pixels)
