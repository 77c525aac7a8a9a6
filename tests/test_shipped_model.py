"""What the model that ships promises, on renders of a scene that is not among those it learnt from."""

import numpy as np
import pytest
from synthetic import noisy, picture

from mcdenoise.evaluation.metrics import psnr, relmse
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.networks.model_file import load_model, shipped_models
from mcdenoise.rendering.variants import prepare_environment
from mcdenoise.tonemap import exposure

RENDER_SIZE = 128


@pytest.fixture(scope="module", params=["default", "fast"])
def denoiser(request):
    return Denoiser(request.param, "cpu")


def room(mi):
    """A corner with a glossy ball, a rough copper one and a checkered floor, under a small lamp."""

    def wall(colour, *transforms):
        to_world = mi.ScalarTransform4f()
        for transform in transforms:
            to_world = to_world @ transform
        return {"type": "rectangle", "to_world": to_world, "bsdf": {"type": "diffuse", "reflectance": colour}}

    place = mi.ScalarTransform4f()
    checks = {
        "type": "checkerboard",
        "color0": {"type": "rgb", "value": [0.7, 0.7, 0.6]},
        "color1": {"type": "rgb", "value": [0.15, 0.2, 0.3]},
        "to_uv": place.scale([8, 8, 1]),
    }
    film = {"type": "hdrfilm", "width": RENDER_SIZE, "height": RENDER_SIZE, "rfilter": {"type": "box"}}
    return {
        "type": "scene",
        "integrator": {
            "type": "aov",
            "aovs": "albedo:albedo,normal:sh_normal",
            "inner": {"type": "path", "max_depth": 6},
        },
        "sensor": {
            "type": "perspective",
            "fov": 40,
            "film": film,
            "to_world": place.look_at([2.2, 1.8, 4.2], [0, 0.5, 0], [0, 1, 0]),
        },
        "floor": wall(checks, place.rotate([1, 0, 0], -90), place.scale(3)),
        "left": wall({"type": "rgb", "value": [0.6, 0.2, 0.15]}, place.translate([0, 0, -2]), place.scale(3)),
        "right": wall(
            {"type": "rgb", "value": [0.3, 0.5, 0.35]},
            place.translate([-2, 0, 0]),
            place.rotate([0, 1, 0], 90),
            place.scale(3),
        ),
        "ball": {"type": "sphere", "center": [-0.6, 0.5, 0], "radius": 0.5, "bsdf": {"type": "plastic"}},
        "copper": {
            "type": "sphere",
            "center": [0.7, 0.4, 0.3],
            "radius": 0.4,
            "bsdf": {"type": "roughconductor", "material": "Cu", "alpha": 0.2},
        },
        "lamp": {
            "type": "rectangle",
            "to_world": place.look_at([1.5, 3, 1.5], [0, 0, 0], [0, 1, 0.01]) @ place.scale(0.4),
            "emitter": {"type": "area", "radiance": {"type": "rgb", "value": [20, 18, 15]}},
        },
    }


@pytest.fixture(scope="module")
def renders():
    """Radiance and features at 4 and 16 spp, and a reference of 1024 spp of another seed."""
    prepare_environment()
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    scene = mi.load_dict(room(mi))
    return {spp: np.array(mi.render(scene, spp=spp, seed=spp)).astype(np.float32) for spp in (4, 16, 1024)}


@pytest.mark.parametrize("spp", [4, 16])
def test_a_new_scene_gets_three_times_closer_to_its_reference(denoiser, renders, spp):
    reference = renders[1024][..., :3]
    radiance, albedo, normal = (renders[spp][..., start : start + 3] for start in (0, 3, 6))
    denoised = denoiser.denoise(radiance, albedo, normal)
    assert relmse(denoised, reference) < relmse(radiance, reference) / 3


def test_it_works_without_features(denoiser, renders):
    reference, radiance = renders[1024][..., :3], renders[4][..., :3]
    assert relmse(denoiser.denoise(radiance), reference) < relmse(radiance, reference) / 2


@pytest.mark.parametrize("level", [0.01, 1.0, 100.0])
def test_a_constant_picture_stays_about_constant(denoiser, level):
    colour = np.float32([0.8, 1.0, 0.6]) * level
    denoised = denoiser.denoise(np.broadcast_to(colour, (96, 96, 3)).copy())
    np.testing.assert_allclose(denoised[16:-16, 16:-16], np.broadcast_to(colour, (64, 64, 3)), rtol=0.1)


def test_a_clean_picture_is_hardly_changed(denoiser):
    clean = picture(128, 128)
    denoised = denoiser.denoise(clean.radiance, clean.albedo, clean.normal)
    assert relmse(denoised, clean.radiance) < 0.02


def test_every_shipped_model_says_what_it_learnt_from():
    models = shipped_models()
    assert {"default", "fast"} <= set(models)
    assert sum(path.stat().st_size for path in models.values()) < 20e6
    for path in models.values():
        _, summary = load_model(path)
        assert summary["steps"] > 0
        assert summary["scenes"]
        assert not set(summary["scenes"]) & set(summary["validation_scenes"])
        assert summary["options"]["target"] == "noisy"  # no clean image was ever seen


@pytest.fixture(scope="module")
def in_both_precisions():
    return [Denoiser("default", "cpu", precision, passes=1) for precision in ("float32", "bf16")]


@pytest.mark.parametrize("spp", [1, 32])
def test_bf16_is_within_60_dB_of_float32(in_both_precisions, spp):
    frame = noisy(picture(96, 128), np.random.default_rng(spp), spp)
    scale = exposure(frame.radiance)
    exact, short = (scale * one.denoise(frame.radiance, frame.albedo, frame.normal) for one in in_both_precisions)
    # Convolutions keep 8 bits, but kernels filter in float32: an eye sees none of it (measured: 76 dB and more).
    assert psnr(short, exact) > 60


@pytest.mark.parametrize("which", [0, 1], ids=["float32", "bf16"])
def test_a_smooth_ramp_has_no_bands(in_both_precisions, which):
    ramp = np.linspace(0.1, 0.9, 1024, dtype=np.float32)
    image = np.repeat(np.repeat(ramp[None, :, None], 48, axis=0), 3, axis=2)
    row = in_both_precisions[which].denoise(image)[24, :, 0]
    steps = np.diff(row)
    # Bands would be steps of zero with large ones between: bf16 itself knows 384 values from 0.1 to 0.9, 1024 are here.
    assert len(np.unique((row * 65535).round())) == 1024
    inside = steps[2:-2]  # at the picture's edge pixels have neighbours on one side alone
    assert inside.min() > 0.4 * np.diff(ramp).mean()
    assert inside.max() < 1.6 * np.diff(ramp).mean()
