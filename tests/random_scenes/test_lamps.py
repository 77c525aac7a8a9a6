"""Lamps: they give out the flux that is asked for, let it out, and are sound things."""

import numpy as np
import pytest
import thing_checks

from mcdenoise.random_scenes import building, furniture, lamps
from mcdenoise.random_scenes.parts import Part, Rgb, placed, scaling, translation

FLUX = Rgb(8.0, 6.0, 3.0)
# The greatest size along x, y and z, in metres.
STANDING = {
    lamps.floor_lamp: (1.7, 0.8, 2.3),
    lamps.table_lamp: (0.45, 0.8, 0.8),
    lamps.candle: (0.7, 0.25, 0.65),
    lamps.lantern: (0.35, 0.35, 0.6),
    lamps.pendant: (0.65, 0.65, 1.7),
    lamps.bare_bulb: (0.15, 0.15, 1.15),
    lamps.chandelier: (1.1, 1.1, 1.5),
    lamps.ceiling_lamp: (1.4, 0.8, 0.4),
    lamps.downlights: (4.7, 0.15, 0.2),
    lamps.spot_rail: (2.2, 0.5, 0.4),
    lamps.fluorescent_tube: (1.6, 0.5, 1.0),
}
ON_WALLS = {
    lamps.wall_lamp: (0.4, 0.4, 0.5),
    lamps.fairy_lights: (3.1, 0.05, 1.4),
    lamps.light_strip: (2.6, 0.03, 0.04),
}
ALL = {**STANDING, **ON_WALLS}
NAMES = [maker.__name__ for maker in ALL]


@pytest.fixture
def plain(monkeypatch):
    thing_checks.with_plain_materials(monkeypatch)


def flux_in_mitsuba(folder, parts):
    """What the emitters of a loaded scene give out: radiance times area times pi."""
    import mitsuba as mi

    scene = thing_checks.loaded(folder, parts)
    total = np.zeros(3)
    for shape in scene.shapes():
        if shape.is_emitter():
            values = mi.traverse(shape.emitter())
            total += np.pi * shape.surface_area() * np.array(values["radiance.value"])
    return total


@pytest.mark.parametrize("maker", ALL, ids=NAMES)
def test_a_lamp_fits_its_box(plain, maker):
    seen = set()
    for seed in range(30):
        thing = maker(np.random.default_rng(seed), FLUX)
        thing_checks.check_form(thing, wall=maker in ON_WALLS)
        assert (np.array(thing.size) <= ALL[maker]).all(), (seed, thing.size)
        points = np.concatenate([thing_checks.corners(part) for part in thing.parts])
        assert abs(points[:, 2].min()) < 1e-6
        assert abs(points[:, 2].max() - thing.size[2]) < 1e-6, "ceiling lamps touch the ceiling with their top"
        seen.add(thing_checks.content(thing))
    assert len(seen) == 30
    again = maker(np.random.default_rng(29), FLUX)
    assert thing_checks.content(again) in seen


@pytest.mark.parametrize("maker", ALL, ids=NAMES)
def test_mitsuba_emits_the_flux_that_is_asked_for(plain, maker, tmp_path):
    for seed in range(4):
        thing = maker(np.random.default_rng(seed), FLUX)
        given = flux_in_mitsuba(tmp_path / str(seed), list(thing.parts))
        if maker is lamps.fairy_lights:  # coloured ones keep the sum of the channels
            np.testing.assert_allclose(given.sum(), sum(FLUX), rtol=0.01)
        else:
            np.testing.assert_allclose(given, FLUX, rtol=0.01)


def test_flames_and_screens_emit_the_flux_that_is_asked_for(plain, tmp_path):
    hearth = building.fireplace(np.random.default_rng(0), FLUX)
    np.testing.assert_allclose(flux_in_mitsuba(tmp_path / "fire", list(hearth.parts)), FLUX, rtol=0.01)
    screen = next(part for part in furniture.television(np.random.default_rng(0), FLUX).parts if part.emitter)
    mean = screen.emitter["radiance"]["picture"].pixels.mean((0, 1))
    width, height = (2 * np.linalg.norm(screen.to_world[:3, axis]) for axis in (0, 1))
    np.testing.assert_allclose(np.pi * width * height * mean, FLUX, rtol=0.01)


@pytest.mark.parametrize("maker", ALL, ids=NAMES)
def test_light_gets_out_of_the_lamp(plain, maker, tmp_path):
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    grey = {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(0.7, 0.7, 0.7)}}
    room = Part({"type": "cube"}, grey, to_world=translation(0, 0, 1) @ scaling(3, 3, 3))
    # The mean radiance in a closed room with walls of this reflectance, if all the light got out.
    even = 0.7 / (1 - 0.7) * np.mean(FLUX) / (np.pi * 6 * 6**2)
    tracer = mi.load_dict({"type": "ptracer", "max_depth": 8})  # from the lamp: paths seldom find their way into one
    for seed in range(8):
        thing = maker(np.random.default_rng(seed), FLUX)
        scene = thing_checks.loaded(tmp_path / str(seed), [*placed(thing, 0, 0), room], eye=(2.5, -2.7, 2.5))
        pixels = np.array(mi.render(scene, integrator=tracer, spp=8))
        assert np.isfinite(pixels).all()
        assert pixels.mean() > 0.1 * even, (maker.__name__, seed)


def test_all_load_and_render_with_their_materials(tmp_path):
    things = [maker(np.random.default_rng(seed), FLUX) for maker in ALL for seed in (1, 2)]
    thing_checks.check_renders(things, tmp_path / "scene")
