"""Product shots: the same for the same seed, with cameras that see what stands there, and light that reaches it."""

from pathlib import Path

import mitsuba as mi
import numpy as np
import pytest

from mcdenoise.random_scenes import products
from mcdenoise.random_scenes.composition import Composition
from mcdenoise.random_scenes.extent import bounds
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.judge import camera_matrix
from mcdenoise.random_scenes.meshes import Mesh

KINDS = {
    "studio": products.studio,
    "surroundings": products.in_surroundings,
    "materials": products.material_study,
    "window": products.window_still_life,
}


def _written(folder: Path, composition: Composition) -> "mi.Scene":
    view = composition.cameras[0]
    film = {"type": "hdrfilm", "width": 24, "height": 18, "rfilter": {"type": "box"}}
    sensor = {"type": "perspective", "fov": view.fov_degrees, "to_world": camera_matrix(view), "film": film}
    plugins = {"integrator": {"type": "volpath", "max_depth": 6}, "camera": sensor, **composition.emitters}
    write_scene(folder, plugins, list(composition.parts), "product", "train")
    return mi.load_file(str(folder / "scene.xml"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_shot_loads_and_its_light_reaches_the_picture(kind: str, tmp_path: Path) -> None:
    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    for seed in range(4):
        composition = KINDS[kind](np.random.default_rng([seed, 11]))
        assert any(part.emitter for part in composition.parts) or "surroundings" in composition.emitters
        image = np.array(mi.render(_written(tmp_path / f"{seed}", composition), spp=16))
        assert np.isfinite(image).all()
        assert (image.mean(axis=-1) > 0).mean() > 0.5, f"seed {seed}"


@pytest.mark.parametrize("kind", KINDS)
def test_cameras_look_at_surfaces_and_stand_clear_of_them(kind: str, tmp_path: Path) -> None:
    """From each camera, most rays through the middle of the picture meet something not right before the lens.

    In surroundings there is nothing behind the things, and a few pass between them.
    """
    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    near = hits = total = 0
    for seed in range(4):
        composition = KINDS[kind](np.random.default_rng([seed, 12]))
        assert len(composition.cameras) >= 4
        scene = _written(tmp_path / f"{seed}", composition)
        for view in composition.cameras:
            matrix = camera_matrix(view)
            assert 10 < view.fov_degrees <= 75
            distance = np.linalg.norm(np.subtract(view.eye, view.target))
            assert 0.9 * distance <= view.focus_distance <= 1.001 * distance
            assert view.aperture_radius < 0.05 * distance
            for x in (-0.1, 0.0, 0.1):
                way = matrix[:3, :3] @ [x, 0.03, 1.0]
                ray = mi.Ray3f(mi.Point3f(view.eye), mi.Vector3f(way / np.linalg.norm(way)))
                hit = scene.ray_intersect(ray)
                total += 1
                hits += hit.is_valid()
                near += bool(hit.is_valid() and hit.t < 0.15 * view.focus_distance)
    assert hits > (0.8 if kind == "surroundings" else 0.95) * total
    assert near < 0.05 * total


def test_the_same_seed_gives_the_same_files_and_another_seed_other_ones(tmp_path: Path) -> None:
    mi.set_variant("scalar_rgb")
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        _written(tmp_path / name, products.product_shot(np.random.default_rng(seed)))

    def content(name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())}

    assert content("a") == content("b")
    assert content("a")["scene.xml"] != content("c")["scene.xml"]


def test_things_stand_on_their_stage_and_do_not_overlap() -> None:
    """In the study of materials each shape is one part: none reaches into the ground or into another."""
    for seed in range(12):
        composition = products.material_study(np.random.default_rng([seed, 13]))
        count = composition.elements.count("study of a material")
        assert count >= 3
        boxes = [bounds([part]) for part in composition.parts[:count]]
        assert all(isinstance(part.shape, Mesh) for part in composition.parts[:count])
        for k, (low, high) in enumerate(boxes):
            assert 0 < low[2] < 0.001
            middle, size = (low + high)[:2] / 2, (high - low)[:2]
            for other_low, other_high in boxes[:k]:
                assert np.linalg.norm(middle - (other_low + other_high)[:2] / 2) > 0.5 * min(size)


def test_all_kinds_and_lights_occur() -> None:
    rng = np.random.default_rng(1)
    found = [products.product_shot(rng) for _ in range(16)]
    assert {composition.name for composition in found} == {
        "product shot",
        "things in surroundings",
        "study of materials",
        "still life by a window",
    }
    elements = {element for composition in found for element in composition.elements}
    assert {"softbox", "strip light", "small bulb", "sky panel"} <= elements


def test_where_no_thing_found_a_place_there_is_nothing_to_see() -> None:
    """As on plinths that are too narrow for all of them; the scene is then composed anew."""
    assert not products._composed(np.random.default_rng(0), "product shot", products._Set(), 1.0).cameras
