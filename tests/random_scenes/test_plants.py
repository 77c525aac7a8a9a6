"""Plants: they stand on the ground, have the measures of real ones, and their meshes are sound."""

import numpy as np
import pytest
import thing_checks

from mcdenoise.random_scenes import plants
from mcdenoise.random_scenes.composition import triangles
from mcdenoise.random_scenes.extent import bounds, measured
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.meshes import Mesh, tube
from mcdenoise.random_scenes.parts import Part, Point, Strands, placed
from mcdenoise.random_scenes.strands import blades, ribbons, scattered, tubes

SEEDS = 20
# How high each may be, in metres, and how wide at most.
MAKERS = {
    "potted plant": (plants.potted_plant, (0.05, 2.1), 2.6),
    "tall potted plant": (lambda rng: plants.potted_plant(rng, 1.6), (0.7, 1.9), 2.6),
    "tree": (plants.tree, (3.3, 13.5), 15.0),
    "leafy tree": (lambda rng: plants.leafy_tree(rng, 6.0), (5.0, 8.0), 9.0),
    "bare tree": (lambda rng: plants.bare_tree(rng, 6.0), (5.0, 8.0), 9.0),
    "conifer": (lambda rng: plants.conifer(rng, 6.0), (5.6, 6.4), 5.5),
    "palm": (lambda rng: plants.palm(rng, 6.0), (5.0, 7.2), 9.0),
    "slim tree": (lambda rng: plants.slim_tree(rng, 6.0), (5.5, 6.4), 2.6),
    "shrub": (plants.shrub, (0.4, 2.4), 3.6),
    "hedge": (lambda rng: plants.hedge(rng, 3.0, 1.2, 0.6), (1.15, 1.4), 3.3),
    "flower bed": (lambda rng: plants.flower_bed(rng, 1.5, 0.8), (0.1, 1.0), 3.6),
    "grass": (lambda rng: plants.grass_patch(rng, 2.0, 1.5), (0.02, 0.4), 3.1),
    "ivy": (lambda rng: plants.ivy(rng, 2.0, 3.0), (0.9, 3.3), 2.4),
    "fallen leaves": (lambda rng: plants.fallen_leaves(rng, 2.0, 2.0), (0.004, 0.1), 2.4),
    "planter": (lambda rng: plants.planter(rng, 1.4), (0.3, 1.7), 3.4),
    **{
        kind.__name__: (lambda rng, kind=kind: measured("in a pot", kind(rng, 0.4, 0.08)), (0.02, 0.75), 1.6)
        for kind in plants.POTTED
    },
}


def sound(mesh: Mesh) -> bool:
    """Whether a mesh is finite and at most 2 % of its faces (at sharp bends of twigs) turn from their normals."""
    if not all(np.isfinite(values).all() for values in (mesh.points, mesh.normals, mesh.uvs)):
        return False
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    agree = np.einsum("ij,ij->i", face, mesh.normals[mesh.faces].sum(1))
    unit = np.abs(np.linalg.norm(mesh.normals[np.unique(mesh.faces)], axis=1) - 1) < 1e-6
    return bool(unit.all() and (agree < 0).mean() < 0.02)


def content(parts) -> bytes:
    found = []
    for part in parts:
        shape = part.shape
        found.append(part.to_world.tobytes())
        arrays = shape.curves if isinstance(shape, Strands) else (shape.points, shape.normals, shape.uvs, shape.faces)
        found += [np.asarray(array).tobytes() for array in arrays]
    return b"".join(found)


@pytest.mark.parametrize("name", MAKERS)
def test_a_plant_stands_on_the_ground_and_has_real_measures(name, monkeypatch):
    thing_checks.with_plain_materials(monkeypatch)
    maker, (least, most), widest = MAKERS[name]
    seen = set()
    for seed in range(SEEDS):
        thing = maker(np.random.default_rng(seed))
        low, high = bounds(thing.parts)
        held = name in {kind.__name__ for kind in plants.POTTED}  # leaves may hang over a rim, down to the ground
        assert (-0.35 if held else -0.06) <= low[2] <= 0.05, (seed, low)
        assert least <= high[2] <= most, (seed, high)
        assert max(thing.size[:2]) <= widest, (seed, thing.size)
        half = np.array(thing.size[:2]) / 2 + 1e-6
        assert (np.abs(low[:2]) <= half).all()
        assert (np.abs(high[:2]) <= half).all()
        assert high[2] == pytest.approx(thing.size[2])
        assert triangles(thing.parts) <= 30_000, seed
        assert all(sound(part.shape) for part in thing.parts if isinstance(part.shape, Mesh)), seed
        seen.add(content(thing.parts))
    assert len(seen) == SEEDS, "no two seeds give the same plant"
    assert content(maker(np.random.default_rng(3)).parts) == content(maker(np.random.default_rng(3)).parts)


def test_ivy_stays_on_its_side_of_the_wall():
    for seed in range(10):
        low, high = bounds(plants.ivy(np.random.default_rng(seed), 2.0, 3.0).parts)
        assert high[1] <= 0.0
        assert low[1] > -0.4


def test_a_potted_plant_grows_out_of_its_pot():
    for seed in range(SEEDS):
        thing = plants.potted_plant(np.random.default_rng(seed))
        pot = bounds(thing.parts[:1])
        assert pot[0][2] == pytest.approx(0.0, abs=1e-9)
        assert thing.size[2] > 1.05 * pot[1][2], "something stands above the rim"


def test_scattered_copies_have_the_place_way_and_size_asked_for():
    arrow = plants._leaflet(0.3, fold=0.0, droop=0.0)
    ways = np.array([(1.0, 0, 0), (0, 0, 1.0), (0, -2.0, 0)])
    places = np.array([(1.0, 2, 3), (0, 0, 0), (-1, 0, 5)])
    sizes = np.array([0.5, 2.0, 1.0])
    mesh = scattered(arrow, places, ways, np.tile([0.2, 0.3, 0.9], (3, 1)), sizes)
    points = mesh.points.reshape(3, 4, 3)
    np.testing.assert_allclose(points[:, 0], places, atol=1e-12)
    tips = places + ways / np.linalg.norm(ways, axis=1, keepdims=True) * sizes[:, None]
    np.testing.assert_allclose(points[:, 2], tips, atol=1e-12)
    assert sound(mesh)


def test_tubes_are_the_tubes_of_meshes_made_at_once():
    t = np.linspace(0, 1, 6)
    paths = np.stack([np.stack([t, a * t**2, t * 0.5], 1) for a in (0.3, -0.8)])
    radii = np.broadcast_to(np.linspace(0.1, 0.05, 6), (2, 6))
    mesh = tubes(paths, radii, 8)
    each = tube(paths[0], radii[0], 8)
    for path, points in zip(paths, mesh.points.reshape(2, 6, 9, 3), strict=True):
        away = np.linalg.norm(points - path[:, None], axis=-1)
        np.testing.assert_allclose(away, np.broadcast_to(radii[0][:, None], away.shape), atol=1e-12)
    assert len(mesh.faces) == 2 * len(each.faces)
    assert sound(mesh)
    # Where a path turns into the direction in which the first side was chosen, no normal may vanish.
    bent = np.array([[(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2)]], dtype=float)
    assert np.linalg.norm(tubes(bent, np.full((1, 4), 0.1), 6).normals, axis=1).min() > 0.99


def test_ribbons_are_as_wide_as_asked_and_face_up():
    paths = np.stack([np.linspace(0, 1, 5), np.zeros(5), np.zeros(5)], 1)[None]
    mesh = ribbons(paths, np.full((1, 5), 0.2), np.array([[0.0, -1.0, 0.0]]))
    assert np.ptp(mesh.points[:, 1]) == pytest.approx(0.2)
    assert (mesh.normals[:, 2] > 0.99).all() or (mesh.normals[:, 2] < -0.99).all()
    assert sound(mesh)


def test_blades_stand_within_their_rectangle_and_taper():
    curves = blades(np.random.default_rng(0), 200, 2.0, 1.0, 0.1)
    assert curves.shape == (200, 4, 4)
    roots = curves[:, 1, :2]
    assert (np.abs(roots) <= [1.02, 0.52]).all()
    assert (np.diff(curves[..., 3], axis=1) <= 0).all()
    assert 0.04 < curves[:, -1, 2].min() <= curves[:, -1, 2].max() <= 0.1


def test_every_plant_loads_and_renders(tmp_path):
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    parts: list[Part] = []
    for k, (maker, _, _) in enumerate(MAKERS.values()):
        thing = maker(np.random.default_rng(100 + k))
        parts += placed(thing, 5.0 * (k % 6) - 12.5, 5.0 * (k // 6), 0.3 if thing.name == "in a pot" else 0.0)
    parts.append(Part({"type": "disk"}, plants.turf(np.random.default_rng(1)), to_world=np.diag([400.0, 400.0, 1, 1])))
    sensor = {
        "type": "perspective",
        "fov": 60.0,
        "to_world": np.array(mi.ScalarTransform4f().look_at([0, -14, 10], [0, 6, 1], [0, 0, 1]).matrix, dtype=float),
        "film": {"type": "hdrfilm", "width": 48, "height": 32, "rfilter": {"type": "box"}},
        "sampler": {"type": "independent", "sample_count": 2},
    }
    sky = {"type": "sunsky", "sun_direction": Point(0.3, -0.5, 0.8)}
    plugins = {"integrator": {"type": "path", "max_depth": 5}, "camera": sensor, "sky": sky}
    write_scene(tmp_path, plugins, parts, "plants", "train")
    pixels = np.array(mi.render(mi.load_file(str(tmp_path / "scene.xml")), spp=2))
    assert np.isfinite(pixels).all()
    assert (pixels.sum(-1) > 0).mean() > 0.9
