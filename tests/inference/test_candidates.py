"""Denoisers by name are those of the packages, and modes that would be the same run once."""

import mitsuba_oidn
import numpy as np
import pytest
from synthetic import picture

from mcdenoise import Denoiser
from mcdenoise.errors import ModelError
from mcdenoise.inference.candidates import OIDN_MODES, candidates, default_names, usable


@pytest.fixture(scope="module")
def noisy():
    frame = picture(40, 56)
    rng = np.random.default_rng(2)
    return [
        (plane * rng.gamma(4.0, 0.25, plane.shape)).astype(np.float32).clip(-1, 10)
        for plane in (frame.radiance, frame.albedo, frame.normal)
    ]


def test_oidn_s_modes_are_what_the_package_gives(noisy):
    color, albedo, normal = noisy
    found = candidates(OIDN_MODES, None)
    clipped = albedo.clip(0, 1)
    expected = {
        "oidn-color": mitsuba_oidn.denoise(color, hdr=True),
        "oidn": mitsuba_oidn.denoise(color, clipped, normal, hdr=True),
    }
    for name, picture_of in expected.items():
        np.testing.assert_array_equal(found[name](color, albedo, normal), np.asarray(picture_of))
    prefiltered = found["oidn-prefilter"](color, albedo, normal)
    assert np.abs(prefiltered - np.asarray(expected["oidn"])).max() > 1e-3


def test_without_features_all_modes_of_oidn_are_one(noisy):
    found = candidates(OIDN_MODES, None)
    first, *others = (denoise(noisy[0], None, None) for denoise in found.values())
    for other in others:
        np.testing.assert_array_equal(first, other)
    assert list(usable(found, albedo=False)) == ["oidn-color"]
    assert list(usable(found, albedo=True)) == list(OIDN_MODES)
    assert list(usable({"oidn": None, "model": None, "oidn-prefilter": None}, albedo=False)) == ["oidn", "model"]


def test_names_are_checked():
    model = Denoiser()
    assert list(candidates(default_names(), model)) == ["model", *OIDN_MODES]
    for names in (["model", "model"], ["oidn-clean"], []):
        with pytest.raises(ModelError):
            candidates(names, model)
