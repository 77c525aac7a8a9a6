"""Small things: real sizes, surfaces that face outwards, dielectrics that nest, arrangements without overlap."""

import zlib

import mitsuba as mi
import numpy as np
import pytest

from mcdenoise.random_scenes import desk_things, materials, ornaments, solids, tableware
from mcdenoise.random_scenes.extent import bounds
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Plugin, Rgb, Strands, Surface, Thing, placed
from mcdenoise.random_scenes.small_things import (
    SMALL_THINGS,
    arranged,
    fitting,
    small_thing,
)

SEEDS = 30
TRIANGLES = 30_000


def _rng(*seed: int | str) -> np.random.Generator:
    return np.random.default_rng([part if isinstance(part, int) else zlib.crc32(part.encode()) for part in seed])


@pytest.fixture
def plain_materials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Materials without pictures, which take most of the time: these tests are about shapes."""
    grey: Plugin = {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}
    for name, function in list(vars(materials).items()):
        if callable(function) and getattr(function, "__module__", "") == materials.__name__ and name[0] != "_":
            monkeypatch.setattr(materials, name, lambda rng, *rest: grey)
    clear: Plugin = {"type": "dielectric", "int_ior": 1.5}
    for name in ("glass", "coloured_glass", "frosted_glass"):
        monkeypatch.setattr(materials, name, lambda rng: clear)
    monkeypatch.setattr(materials, "liquid", lambda rng, size: ({"type": "dielectric", "int_ior": 1.33}, None))
    monkeypatch.setattr(materials, "translucent", lambda rng, size: (clear, {"type": "homogeneous"}))


def _meshes(thing: Thing) -> list[Mesh]:
    return [part.shape for part in thing.parts if isinstance(part.shape, Mesh)]


def _bytes(thing: Thing) -> bytes:
    pieces = []
    for part in thing.parts:
        pieces.append(np.round(part.to_world, 6).tobytes())
        if isinstance(part.shape, Mesh):
            pieces += [np.round(part.shape.points, 5).tobytes(), part.shape.faces.tobytes()]
        elif isinstance(part.shape, Strands):
            pieces += [curve.tobytes() for curve in part.shape.curves]
    return b"".join(pieces)


def _face_normals(mesh: Mesh) -> np.ndarray:
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def _is_closed(mesh: Mesh) -> bool:
    """Whether every edge, by position, is run through once in each direction."""
    _, index = np.unique(np.round(mesh.points, 6), axis=0, return_inverse=True)
    faces = index.reshape(-1)[mesh.faces]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    key = edges.astype(np.int64) @ [len(mesh.points) + 1, 1]
    back = edges[:, ::-1].astype(np.int64) @ [len(mesh.points) + 1, 1]
    return np.array_equal(np.sort(key), np.sort(back))


@pytest.mark.usefixtures("plain_materials")
@pytest.mark.parametrize("name", SMALL_THINGS)
def test_a_thing_keeps_within_its_size_and_stands_on_the_ground(name: str) -> None:
    kind = SMALL_THINGS[name]
    for seed in range(SEEDS):
        thing = kind.make(_rng(name, seed))
        low, high = bounds(thing.parts)
        np.testing.assert_allclose(high - [*(np.array(thing.size[:2]) / 2), thing.size[2]], 0, atol=2e-4)
        np.testing.assert_allclose(low, [*(-np.array(thing.size[:2]) / 2), solids.CLEARANCE], atol=2e-4)
        assert max(thing.size[:2]) <= kind.width, f"seed {seed}"
        assert thing.size[2] <= kind.height, f"seed {seed}"
        assert sum(len(mesh.faces) for mesh in _meshes(thing)) <= TRIANGLES


@pytest.mark.usefixtures("plain_materials")
@pytest.mark.parametrize("name", SMALL_THINGS)
def test_meshes_face_outwards(name: str) -> None:
    for seed in range(4):
        for mesh in _meshes(SMALL_THINGS[name].make(_rng(name, seed))):
            assert np.isfinite(mesh.points).all()
            assert np.isfinite(mesh.uvs).all()
            np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
            faces = _face_normals(mesh)
            area = np.linalg.norm(faces, axis=1)
            agree = np.sum(faces * mesh.normals[mesh.faces].sum(axis=1), axis=1) > 0
            assert area[agree].sum() > 0.995 * area.sum()
            if _is_closed(mesh):
                volume = np.sum(mesh.points[mesh.faces[:, 0]] * faces) / 6
                assert volume > 0


@pytest.mark.usefixtures("plain_materials")
def test_what_is_made_of_glass_or_holds_a_medium_is_closed() -> None:
    for seed in range(12):
        rng = _rng("closed", seed)
        assert _is_closed(ornaments.sculpture_mesh(rng, 0.2))
        assert _is_closed(ornaments.gem_mesh(0.01, 6 + seed % 4))
    outer = np.array([(0, 0), (0.03, 0), (0.035, 0.1)])
    parts, _, _ = tableware.vessel(outer, 0.002, 0.006, {"type": "dielectric", "int_ior": 1.5})
    assert _is_closed(parts[0].shape)


@pytest.mark.usefixtures("plain_materials")
def test_the_same_seed_gives_the_same_thing_and_another_seed_another() -> None:
    for name, kind in SMALL_THINGS.items():
        first = _bytes(kind.make(_rng(name, 1)))
        assert first == _bytes(kind.make(_rng(name, 1))), name
        others = {_bytes(kind.make(_rng(name, seed))) for seed in range(2, 5)}
        assert others != {first}, name


GLASSWARE = (
    *("glass of water", "empty glass", "tumbler with ice", "wine glass", "bottle", "carafe", "jar"),
    *("hourglass", "perfume bottle"),
)


@pytest.mark.parametrize("name", GLASSWARE)
def test_dielectrics_nest(name: str, plain_materials: None) -> None:
    """On any way through, what a surface has on its near side is what the surface before it had on its far side."""
    mi.set_variant("scalar_rgb")
    crossings = 0
    for seed in range(4):
        thing = SMALL_THINGS[name].make(_rng("nest", name, seed))
        shapes, sides = {}, {}
        for k, part in enumerate(thing.parts):
            if part.bsdf["type"] == "dielectric" and isinstance(part.shape, Mesh):
                shapes[f"part{k}"] = _mitsuba_mesh(part)
                sides[f"part{k}"] = (part.bsdf["int_ior"], part.bsdf.get("ext_ior", 1.0))
        scene = mi.load_dict({"type": "scene", **shapes})
        rng = _rng("rays", seed)
        centre, size = np.array([0, 0, thing.size[2] / 2]), np.linalg.norm(thing.size)
        for _ in range(150):
            way = rng.standard_normal(3)
            way /= np.linalg.norm(way)
            # Slightly off the middle: a ray through a shared edge of two surfaces may miss both.
            aim = centre + rng.uniform(-0.5, 0.5, 3) * [0.7 * thing.size[0], 0.7 * thing.size[1], thing.size[2]]
            origin, within = aim - size * way, 1.0
            for _ in range(60):
                hit = scene.ray_intersect(mi.Ray3f(mi.Point3f(origin), mi.Vector3f(way)))
                if not hit.is_valid():
                    assert within == 1.0, f"seed {seed}: ends inside"
                    break
                inner, outer = sides[hit.shape.id()]
                entering = float(np.dot(np.array(hit.n), way)) < 0
                assert within == (outer if entering else inner), f"seed {seed} at {np.array(hit.p)}"
                within = inner if entering else outer
                origin = np.array(hit.p) + 2e-6 * way
                crossings += 1
    assert crossings > 500


def _mitsuba_mesh(part: Part) -> "mi.Mesh":
    mesh = mi.Mesh("mesh", len(part.shape.points), len(part.shape.faces))
    points = part.shape.points @ part.to_world[:3, :3].T + part.to_world[:3, 3]
    parameters = mi.traverse(mesh)
    parameters["vertex_positions"] = points.astype(np.float32).ravel()
    parameters["faces"] = part.shape.faces.astype(np.uint32).ravel()
    parameters.update()
    return mesh


@pytest.mark.usefixtures("plain_materials")
def test_a_small_thing_fits_and_none_fits_where_there_is_no_room() -> None:
    for seed in range(60):
        rng = _rng("fit", seed)
        largest, headroom = rng.uniform(0.05, 0.5), rng.uniform(0.041, 0.6)
        thing = small_thing(rng, largest, headroom)
        assert max(thing.size[:2]) <= largest
        assert thing.size[2] <= headroom
    assert not fitting(0.03, 0.5)
    with pytest.raises(ValueError, match="no small thing fits"):
        small_thing(_rng(0), 0.03, 0.5)


def _random_surface(rng: np.random.Generator) -> Surface:
    shelf = rng.uniform() < 0.4
    depth = rng.uniform(0.1, 0.4) if shelf else rng.uniform(0.06, 1.1)
    headroom = rng.uniform(0.05, 0.45) if shelf else rng.uniform(0.5, 2.0)
    return Surface(*rng.uniform(-2, 2, 2), rng.uniform(0, 1.2), rng.uniform(0.06, 2.0), depth, headroom)


@pytest.mark.usefixtures("plain_materials")
def test_arranged_things_neither_overlap_nor_overhang() -> None:
    stood = 0
    for seed in range(60):
        rng = _rng("arranged", seed)
        surface = _random_surface(rng)
        standing = arranged(rng, surface, rng.uniform(0.1, 1.0))
        boxes = [bounds(one.parts()) for one in standing]
        for low, high in boxes:
            assert abs(low[0] - surface.x) <= surface.width / 2
            assert abs(high[0] - surface.x) <= surface.width / 2
            assert abs(low[1] - surface.y) <= surface.depth / 2
            assert abs(high[1] - surface.y) <= surface.depth / 2
            np.testing.assert_allclose(low[2], surface.z + solids.CLEARANCE, atol=2e-4)
            assert high[2] <= surface.z + surface.headroom + 1e-6
        for k, (low, high) in enumerate(boxes):
            for other_low, other_high in boxes[:k]:
                apart = (high[:2] <= other_low[:2]) | (other_high[:2] <= low[:2])
                assert apart.any(), f"seed {seed}"
        stood += len(standing)
    assert stood > 200


@pytest.mark.usefixtures("plain_materials")
def test_density_says_how_much_stands_on_a_surface() -> None:
    table = Surface(0, 0, 0, 1.4, 0.8, 1.5)
    counts = {d: sum(len(arranged(_rng("density", s), table, d)) for s in range(25)) for d in (0.0, 0.2, 1.0)}
    assert counts[0.0] == 0
    assert counts[0.2] < 0.75 * counts[1.0]
    assert arranged(_rng(3), table, 0.0) == []


@pytest.mark.usefixtures("plain_materials")
def test_a_row_of_books_keeps_to_its_shelf() -> None:
    for seed in range(12):
        rng = _rng("books", seed)
        length, height, depth = rng.uniform(0.05, 1.2), rng.uniform(0.17, 0.4), rng.uniform(0.1, 0.35)
        row = desk_things.book_row(rng, length, height, depth)
        assert row.size[0] <= length + 1e-6
        assert row.size[1] <= depth
        assert row.size[2] <= height
        assert row.size[0] > 0.5 * length - 0.06
    with pytest.raises(ValueError, match="no book fits"):
        desk_things.book_row(_rng(0), 0.5, 0.1, 0.2)


@pytest.mark.usefixtures("plain_materials")
def test_lettering_on_a_book_is_not_mirrored() -> None:
    """Seen from outside, u grows to the right on the spine and on both boards."""
    cover, _ = desk_things.book_meshes(0.03, 0.15, 0.2, False)
    boards = np.arange(len(cover.points)) < len(cover.points) * 2 // 3  # the spine is the last of three blocks
    sides = (((0, -1, 0), (1, 0, 0), ~boards), ((1, 0, 0), (0, 1, 0), boards), ((-1, 0, 0), (0, -1, 0), boards))
    for outwards, right, block in sides:
        outer = (cover.normals @ outwards > 0.9) & block
        assert np.corrcoef(cover.points[outer] @ right, cover.uvs[outer, 0])[0, 1] > 0.99


def test_all_load_and_render_in_mitsuba(tmp_path) -> None:
    """With their real materials, every kind in one scene: nothing is not a number, and each adds to the picture."""
    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    parts = []
    for k, (name, kind) in enumerate(SMALL_THINGS.items()):
        parts += placed(kind.make(_rng(name, 77)), 0.6 * (k % 9), 0.6 * (k // 9), 0.0, 20.0)
    look = mi.ScalarTransform4f().look_at([2.4, -3.0, 5.0], [2.4, 2.4, 0], [0, 0, 1])
    film = {"type": "hdrfilm", "width": 64, "height": 64, "rfilter": {"type": "box"}}
    sensor = {"type": "perspective", "fov": 55.0, "to_world": np.array(look.matrix, dtype=float), "film": film}
    plugins = {
        "integrator": {"type": "volpath", "max_depth": 6},
        "camera": sensor,
        "light": {"type": "constant", "radiance": Rgb(1, 1, 1)},
    }
    write_scene(tmp_path / "all", plugins, parts, "all small things", "train")
    scene = mi.load_file(str(tmp_path / "all" / "scene.xml"))
    loaded = sum(shape.face_count() for shape in scene.shapes() if shape.is_mesh())
    assert loaded == sum(len(part.shape.faces) for part in parts if isinstance(part.shape, Mesh))
    image = np.array(mi.render(scene, spp=2))
    assert np.isfinite(image).all()
    assert image.std() > 0.05
