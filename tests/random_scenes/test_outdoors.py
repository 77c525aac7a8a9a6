"""Outdoor compositions: sizes, lights, cameras in free space, and the pieces that buildings are made of."""

import numpy as np
import pytest
import thing_checks
from test_plants import sound

from mcdenoise.random_scenes import materials, outdoors, site, street_furniture
from mcdenoise.random_scenes.composition import triangles
from mcdenoise.random_scenes.extent import bounds, measured
from mcdenoise.random_scenes.facades import (
    Hole,
    Stock,
    awning,
    block,
    column,
    flat,
    front_door,
    hollow_box,
    house,
    railing,
    street_lamp,
    wall,
)
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Strands

KINDS = list(outdoors.COMPOSITIONS)
MOST_TRIANGLES = 250_000


@pytest.fixture(scope="module")
def compositions():
    """One of each kind in two lights, with plain materials."""
    with pytest.MonkeyPatch.context() as patch:
        thing_checks.with_plain_materials(patch)
        lights = list(site.LIGHTS)
        return [
            outdoors.composed(np.random.default_rng(7 * k + j), kind, lights[(k + 3 * j) % len(lights)])
            for k, kind in enumerate(KINDS)
            for j in range(2)
        ]


def area(mesh: Mesh, facing: tuple[float, float, float]) -> float:
    """The area of the faces of a mesh that look one way."""
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    size = np.linalg.norm(cross, axis=1)
    return float(size[cross @ np.array(facing) > 0.99 * size].sum() / 2)


def test_there_are_many_kinds_and_all_occur():
    assert len(KINDS) >= 8
    assert all(weight > 0 for weight in outdoors.COMPOSITIONS.values())
    assert sum(site.LIGHTS.values()) == 100


def test_compositions_stay_within_their_limits(compositions):
    for composition in compositions:
        assert triangles(composition.parts) < MOST_TRIANGLES, composition.name
        assert len(composition.parts) < 900
        assert len(composition.elements) >= 3


def test_meshes_are_sound(compositions):
    for composition in compositions:
        for mesh in {id(part.shape): part.shape for part in composition.parts if isinstance(part.shape, Mesh)}.values():
            assert sound(mesh), composition.name


def test_lamps_are_on_when_it_is_dark_and_the_sky_is_weaker(compositions):
    for composition in compositions:
        sky = composition.emitters["sky"]
        light = composition.elements[-1].removeprefix("light: ")
        if light == "night":
            assert sky["type"] == "constant"
            assert max(sky["radiance"]) <= 0.021
            assert any(part.emitter is not None for part in composition.parts), composition.name
        elif light in ("sun", "low sun", "haze"):
            assert sky["type"] == "sunsky"
            assert sky["sun_scale"] > 10
            assert sky["sun_direction"].z > 0.04
        elif light == "dusk":
            assert sky["sun_scale"] == 0.0
            assert sky["sky_scale"] <= 2.001


def test_cameras_are_level_more_often_than_not_and_keep_clear(compositions):
    level = total = 0
    for composition in compositions:
        assert len(composition.cameras) >= 2, composition.name
        meshes = [part for part in composition.parts if isinstance(part.shape, Mesh)]
        points = np.concatenate([p.shape.points @ p.to_world[:3, :3].T + p.to_world[:3, 3] for p in meshes])
        for camera in composition.cameras:
            eye, target = np.array(camera.eye), np.array(camera.target)
            assert 0.2 < eye[2] < 8
            assert 18 < camera.fov_degrees < 80
            assert camera.focus_distance == pytest.approx(np.linalg.norm(target - eye))
            assert np.linalg.norm(points - eye, axis=1).min() > 0.04, composition.name
            if camera.aperture_radius == 0:
                level += abs(eye[2] - target[2]) < 1e-9
                total += 1
    assert level / total > 0.5


def test_same_seed_same_composition_and_another_differs():
    def content(seed: int) -> bytes:
        found = []
        composition = outdoors.outdoor(np.random.default_rng(seed))
        for part in composition.parts:
            found.append(part.to_world.tobytes())
            if isinstance(part.shape, Mesh):
                found += [part.shape.points.tobytes(), part.shape.uvs.tobytes()]
            elif isinstance(part.shape, Strands):
                found += [curve.tobytes() for curve in part.shape.curves]
        return repr((composition.name, composition.cameras, composition.elements)).encode() + b"".join(found)

    assert content(5) == content(5)
    assert content(5) != content(6)


def test_fog_is_bounded_and_the_camera_stands_in_it():
    rng = np.random.default_rng(0)
    place = site.Site("field", "haze")
    medium = site.fog(rng, place, "haze")
    bank = next(part for part in place.parts if part.bsdf["type"] == "null")
    assert bank.interior is medium, "one object, so that it is written once and the sensor can name it"
    low, high = bounds([bank])
    assert low[2] < -1 < 8 < high[2]
    assert min(-low[0], high[0], -low[1], high[1]) > 40
    assert medium["sigma_t"] * 20 < 1, "what is 20 m away is still seen"


def test_a_wall_has_the_area_that_its_holes_leave():
    holes = [Hole(-2, -1, 0.9, 2.3), Hole(0.5, 1.5, 0.0, 2.5, rise=0.5)]
    mesh = wall(6.0, 3.0, 0.3, holes)
    left = 18 - 1.4 - (2.0 + np.pi * 0.25 / 2)
    assert area(mesh, (0, -1, 0)) == pytest.approx(left, rel=0.002)
    assert area(mesh, (0, 1, 0)) == pytest.approx(left, rel=0.002)
    assert area(mesh, (0, 0, 1)) == pytest.approx(6 * 0.3 + 1.0 * 0.3, rel=1e-6), "its top and the sill of the window"
    assert sound(mesh)
    # uvs are in metres: the area in the texture is that on the wall.
    a, b, c = (mesh.uvs[mesh.faces[:, k]] for k in range(3))
    e, f = b - a, c - a
    in_texture = np.abs(e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]).sum() / 2
    p, q, r = (mesh.points[mesh.faces[:, k]] for k in range(3))
    assert in_texture == pytest.approx(np.linalg.norm(np.cross(q - p, r - p), axis=1).sum() / 2)


def test_a_hollow_box_is_seen_from_inside():
    mesh = hollow_box(2.0, 3.0, 2.5)
    inward = np.array([0, 1.5, 1.25]) - mesh.points[mesh.faces].mean(1)
    assert (np.einsum("ij,ij->i", inward, mesh.normals[mesh.faces[:, 0]]) > 0).all()
    assert area(mesh, (0, -1, 0)) == pytest.approx(2.0 * 2.5)


def test_a_block_is_a_closed_box_seen_from_outside():
    mesh = block((2.0, 1.0, 0.5), (3.0, 0.0, 1.0))
    np.testing.assert_allclose([mesh.points.min(0), mesh.points.max(0)], [(2, -0.5, 0.75), (4, 0.5, 1.25)])
    volume = np.linalg.det(mesh.points[mesh.faces]).sum() / 6
    assert volume == pytest.approx(1.0), "positive only if all faces turn outwards"
    assert sound(mesh)


def test_quads_of_no_area_are_left_out():
    corner = [(0, 0, 0), (1, 0, 0), (0, 0, 1), (0, 0, 1)]
    assert len(flat([corner]).faces) == 1


def test_stock_makes_at_most_three_of_a_kind():
    stock, rng = Stock(), np.random.default_rng(0)
    made = {id(stock(rng, materials.dark_metal)) for _ in range(20)}
    assert len(made) == 3


def test_houses_have_a_door_windows_and_the_height_of_their_storeys(monkeypatch):
    thing_checks.with_plain_materials(monkeypatch)
    lit = dark = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        storeys = 1 + seed % 4
        building = house(rng, Stock(), 9.0, 7.0, storeys, dark=seed % 2 == 1)
        low, high = bounds(building.parts)
        assert abs(low[2]) < 0.3
        assert 2.7 * storeys < building.height < 3.6 * storeys + 7.5
        assert high[2] >= building.height - 1e-6
        assert -2.7 <= low[1] < 0 < high[1] <= 8.1
        assert abs(building.door) < 4.5
        assert "front door" in building.elements
        lights = sum(part.emitter is not None for part in building.parts)
        lit, dark = (lit + lights, dark) if seed % 2 else (lit, dark + lights)
    assert lit > 5 * max(dark, 1), "windows are lit when it is dark"


MEASURES = {
    "railing": (lambda rng: railing(rng, Stock(), 2.0), (2.0, 0.0, 0.8), (2.1, 0.3, 1.2)),
    "awning": (lambda rng: awning(rng, Stock(), 2.0), (1.9, 1.5, 0.4), (2.2, 3.4, 1.2)),
    "column": (lambda rng: column(rng, Stock(), 3.0, 0.2), (0.35, 0.35, 2.99), (0.65, 0.65, 3.01)),
    "broken column": (lambda rng: column(rng, Stock(), 3.0, 0.2, True), (0.35, 0.35, 0.3), (0.65, 0.65, 2.9)),
    "front door": (lambda rng: front_door(rng, Stock(), 1.0, 2.2), (0.99, 0.1, 2.19), (1.51, 3.2, 2.3)),
    "street lamp": (lambda rng: street_lamp(rng, Stock(), True), (0.2, 0.2, 2.7), (0.6, 3.8, 6.2)),
    "parasol": (lambda rng: street_furniture.parasol(rng, Stock()), (2.1, 2.1, 2.1), (3.3, 3.3, 2.8)),
    "crate": (lambda rng: street_furniture.crate(rng, Stock()), (0.4, 0.3, 0.14), (0.65, 0.45, 0.4)),
    "stall": (lambda rng: street_furniture.stall(rng, Stock(), True), (2.5, 1.7, 2.2), (3.8, 2.6, 3.1)),
    "fountain": (lambda rng: street_furniture.fountain(rng, Stock()), (1.8, 1.8, 0.9), (3.8, 3.8, 1.8)),
    "lounger": (lambda rng: street_furniture.lounger(rng, Stock()), (0.55, 1.7, 0.4), (0.7, 2.1, 1.1)),
    "container": (lambda rng: street_furniture.container(rng, Stock()), (6.0, 2.4, 2.59), (6.2, 2.6, 2.61)),
    "pallets": (lambda rng: street_furniture.pallets(rng, Stock()), (1.1, 0.7, 0.14), (1.3, 0.9, 1.4)),
    "bin": (lambda rng: street_furniture.rubbish_bin(rng, Stock()), (1.2, 0.8, 1.1), (1.3, 0.9, 1.2)),
    "car": (lambda rng: street_furniture.car(rng, Stock()), (1.6, 3.7, 1.3), (2.0, 4.8, 1.7)),
    "slide": (lambda rng: street_furniture.slide(rng, Stock()), (0.4, 3.0, 1.9), (0.7, 5.5, 2.8)),
    "swing": (lambda rng: street_furniture.swing(rng, Stock()), (3.0, 1.5, 1.9), (3.2, 1.8, 2.5)),
    "dome": (lambda rng: street_furniture.climbing_dome(rng, Stock()), (2.0, 2.0, 1.0), (3.1, 3.1, 1.6)),
    "sandpit": (lambda rng: street_furniture.sandpit(rng, Stock()), (1.5, 1.5, 0.2), (2.5, 2.5, 0.4)),
}


@pytest.mark.parametrize("name", MEASURES)
def test_things_outdoors_have_real_measures(name, monkeypatch):
    thing_checks.with_plain_materials(monkeypatch)
    maker, least, most = MEASURES[name]
    for seed in range(20):
        thing = maker(np.random.default_rng(seed))
        low, high = bounds(thing.parts)
        assert abs(low[2]) < 0.02 or name in ("awning", "fountain"), (seed, low)
        for size, a, b in zip(thing.size, least, most, strict=True):
            assert a - 1e-6 <= size <= b, (seed, thing.size)
        assert (high <= np.array([*np.array(thing.size[:2]) / 2, thing.size[2]]) + 1e-6).all()
        assert triangles(thing.parts) < 30_000
        assert all(sound(part.shape) for part in thing.parts if isinstance(part.shape, Mesh)), seed


def test_water_lies_at_its_level_faces_up_and_is_as_steep_as_it_says():
    for seed in range(10):
        part = street_furniture.water_surface(np.random.default_rng(seed), np.array([-3.0, -2.0, 3.0, 2.0]), -0.1, 60)
        mesh = part.shape
        assert abs(mesh.points[:, 2].mean() + 0.1) < 0.01
        slope = np.linalg.norm(mesh.normals[:, :2] / mesh.normals[:, 2:], axis=1)
        assert 0.002 < np.sqrt((slope**2).mean()) < 0.1
        assert mesh.normals[:, 2].min() > 0.7
        assert sound(mesh)
        # The exact normals are those of the surface: they agree with the faces' own.
        a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
        face = np.cross(b - a, c - a)
        face /= np.linalg.norm(face, axis=1, keepdims=True)
        assert np.abs(face - mesh.normals[mesh.faces].mean(1)).max() < 0.1


def test_every_kind_loads_and_gives_a_picture(compositions, tmp_path):
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    for k, composition in enumerate(compositions[::2]):
        view = composition.cameras[0]
        look = mi.ScalarTransform4f().look_at(list(view.eye), list(view.target), [0, 0, 1]).matrix
        sensor = {
            "type": "perspective",
            "fov": view.fov_degrees,
            "to_world": np.array(look, dtype=float),
            "film": {"type": "hdrfilm", "width": 18, "height": 12, "rfilter": {"type": "box"}},
            "sampler": {"type": "independent", "sample_count": 4},
        }
        medium = {} if composition.medium is None else {"medium": composition.medium}
        integrator = {"type": "volpath" if medium else "path", "max_depth": 6}
        plugins = {"integrator": integrator, "camera": {**sensor, **medium}, **composition.emitters}
        folder = tmp_path / str(k)
        write_scene(folder, plugins, list(composition.parts), composition.name, "train")
        pixels = np.array(mi.render(mi.load_file(str(folder / "scene.xml")), spp=4))
        assert np.isfinite(pixels).all(), composition.name
        assert (pixels.sum(-1) > 0).mean() > 0.3, composition.name
        assert sum(file.stat().st_size for file in folder.iterdir()) < 15e6


def test_a_scene_with_its_real_materials_is_small_on_disk(tmp_path):
    composition = outdoors.composed(np.random.default_rng(2), outdoors.street, "sun")
    write_scene(
        tmp_path, {"integrator": {"type": "path"}, **composition.emitters}, list(composition.parts), "x", "train"
    )
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 15e6


def test_parts_that_are_alike_share_their_mesh(compositions):
    for composition in compositions:
        if composition.name == "street":
            meshes = [part.shape for part in composition.parts if isinstance(part.shape, Mesh)]
            assert len({id(mesh) for mesh in meshes}) < 0.7 * len(meshes), "windows of one house are one file"
            return
    pytest.fail("there was no street")


def test_part_of_site_blocks_cameras():
    place = site.Site("field", "sun")
    cube = Part({"type": "cube"}, {"type": "diffuse"})
    place.add(measured("block", [cube]), 5.0, 0.0)
    assert not place.clear(5.0, 0.0, 0.5)
    assert place.clear(8.0, 0.0, 0.5)
    place.look((5.0, 0.5, 0.5), (0, 0, 0), 50)
    assert not place.cameras
