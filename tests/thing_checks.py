"""What must hold for every thing that random scenes are made of."""

import types
from pathlib import Path

import numpy as np

from mcdenoise.random_scenes import materials
from mcdenoise.random_scenes.files import write_scene
from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Plugin, Rgb, Thing, moved_part, placed, scaling, translation

MOST_TRIANGLES = 30_000
SLACK = 1e-6  # metres


def with_plain_materials(monkeypatch) -> None:
    """Materials in one colour, so that forms can be looked at for many seeds without painting textures for each."""
    for name, function in list(vars(materials).items()):
        if (
            isinstance(function, types.FunctionType)
            and not name.startswith("_")
            and name not in ("translucent", "liquid")
        ):
            monkeypatch.setattr(materials, name, _clear if "glass" in name else _plain)


def _plain(*_) -> Plugin:
    return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": Rgb(0.5, 0.5, 0.5)}}


def _clear(*_) -> Plugin:
    """Lets light through, and lets emitters be sampled through it, which smooth glass does not."""
    return {"type": "principledthin", "spec_trans": 1.0, "roughness": 0.5}


def corners(part: Part) -> np.ndarray:
    """Points of a part in its thing's coordinates that reach as far as it does; for round shapes those of its axes."""
    shape = part.shape
    if isinstance(shape, Mesh):
        local = shape.points
    elif shape["type"] == "sphere":
        steps = np.concatenate([np.eye(3), -np.eye(3)])
        # As it is a sphere also after rotation, take the extremes along the axes of the world.
        scale = np.linalg.norm(part.to_world[:3, 0])
        centre = part.to_world[:3, :3] @ np.array(shape["center"]) + part.to_world[:3, 3]
        return centre + scale * shape["radius"] * steps
    elif shape["type"] == "cylinder":
        ends = np.array([shape["p0"], shape["p1"]]) @ part.to_world[:3, :3].T + part.to_world[:3, 3]
        along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
        reach = shape["radius"] * np.linalg.norm(part.to_world[:3, 0]) * np.sqrt(np.maximum(1 - along**2, 0))
        return np.concatenate([ends - reach, ends + reach])
    elif shape["type"] == "disk":
        angle = np.arange(16) / 16 * 2 * np.pi
        local = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    else:
        local = np.array([(x, y, 0) for x in (-1, 1) for y in (-1, 1)])
    return local @ part.to_world[:3, :3].T + part.to_world[:3, 3]


def check_form(thing: Thing, wall: bool = False) -> None:
    """It fits its box, stands on z = 0 (or hangs at y = 0), and its meshes are sound."""
    points = np.concatenate([corners(part) for part in thing.parts])
    wide, deep, high = thing.size
    low = np.array([-wide / 2, -deep if wall else -deep / 2, 0.0])
    top = np.array([wide / 2, 0.0 if wall else deep / 2, high])
    assert np.isfinite(points).all()
    assert (points >= low - SLACK).all(), (thing.name, points.min(0), low)
    assert (points <= top + SLACK).all(), (thing.name, points.max(0), top)
    if wall:
        assert abs(points[:, 1].max()) < SLACK
    triangles = 0
    for part in thing.parts:
        if isinstance(part.shape, Mesh):
            triangles += len(part.shape.faces)
            check_mesh(part.shape)
    assert triangles <= MOST_TRIANGLES, (thing.name, triangles)
    for surface in thing.surfaces:
        assert surface.width > 0.05, thing.name
        assert surface.depth > 0.05, thing.name
        assert surface.headroom > 0.02, thing.name
        assert abs(surface.x) + surface.width / 2 <= wide / 2 + SLACK, thing.name
        middle = -deep / 2 if wall else 0.0
        assert abs(surface.y - middle) + surface.depth / 2 <= deep / 2 + SLACK, thing.name
        assert 0 < surface.z <= high + SLACK, thing.name


def check_mesh(mesh: Mesh) -> None:
    """Finite, with unit normals to the side from which the corners of a face run counterclockwise."""
    for values in (mesh.points, mesh.normals, mesh.uvs):
        assert np.isfinite(values).all()
    assert mesh.uvs.shape == (len(mesh.points), 2)
    assert mesh.faces.min() >= 0
    assert mesh.faces.max() < len(mesh.points)
    used = np.unique(mesh.faces)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals[used], axis=1), 1, atol=1e-6)
    a, b, c = (mesh.points[mesh.faces[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    size = np.linalg.norm(face, axis=1)
    sound = size > 1e-9
    agree = np.einsum("ij,ikj->ik", face[sound] / size[sound, None], mesh.normals[mesh.faces[sound]]).mean(1)
    assert (agree > 0).all(), f"{(agree <= 0).sum()} of {len(agree)} faces turn away from their normals"


def content(thing: Thing) -> bytes:
    """The geometry of a thing, byte for byte."""
    found = [repr((thing.name, thing.size, thing.surfaces)).encode()]
    for part in thing.parts:
        found.append(part.to_world.tobytes())
        if isinstance(part.shape, Mesh):
            found += [
                values.tobytes() for values in (part.shape.points, part.shape.normals, part.shape.uvs, part.shape.faces)
            ]
        else:
            found.append(repr(part.shape).encode())
        found.append(repr(part.emitter).encode())
    return b"".join(found)


def loaded(folder: Path, parts: list[Part], eye: tuple[float, float, float] = (0.0, -12.0, 6.0)):
    """A Mitsuba scene of the parts alone, with a camera at `eye` that looks at (0, 0, 1)."""
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    mi.set_log_level(mi.LogLevel.Error)
    sensor = {
        "type": "perspective",
        "fov": 60.0,
        "to_world": np.array(mi.ScalarTransform4f().look_at(list(eye), [0, 0, 1], [0, 0, 1]).matrix, dtype=float),
        "film": {"type": "hdrfilm", "width": 32, "height": 24, "rfilter": {"type": "box"}},
        "sampler": {"type": "independent", "sample_count": 1},
    }
    write_scene(folder, {"integrator": {"type": "path", "max_depth": 6}, "camera": sensor}, parts, "test", "train")
    return mi.load_file(str(folder / "scene.xml"))


def check_surfaces(thing: Thing, folder: Path) -> None:
    """From below its headroom down, nothing but the surface itself is met, at its height, and it faces up."""
    import mitsuba as mi

    scene = loaded(folder, list(thing.parts))
    for surface in thing.surfaces:
        drop = min(surface.headroom, 0.5) - 0.002
        for u in np.linspace(-0.49, 0.47, 6):  # rays on the diagonals may slip between triangles
            for v in np.linspace(-0.48, 0.485, 6):
                x, y = surface.x + u * surface.width, surface.y + v * surface.depth
                ray = mi.Ray3f(o=[x, y, surface.z + drop], d=[0, 0, -1])
                hit = scene.ray_intersect(ray)
                assert hit.is_valid(), (thing.name, surface)
                assert abs(hit.t - drop) < 0.002, (thing.name, surface, hit.t, drop, u, v)
                assert hit.n.z > 0.99, thing.name


def side_by_side(things: list[Thing], pitch: float = 4.0) -> list[Part]:
    """Their parts, in rows on one floor."""
    columns = int(np.ceil(np.sqrt(len(things))))
    parts: list[Part] = []
    for k, thing in enumerate(things):
        row, column = divmod(k, columns)
        parts += placed(thing, pitch * (column - columns / 2), pitch * row)
    return parts


def check_renders(things: list[Thing], folder: Path) -> None:
    """All load into one scene, which renders finite radiance."""
    import mitsuba as mi

    glow = Part({"type": "sphere", "radius": 1.0}, _plain(), {"type": "area", "radiance": Rgb(50, 50, 50)})
    ground = Part({"type": "rectangle"}, _plain(), to_world=translation(0, 0, -0.01) @ scaling(60))
    parts = [*side_by_side(things), moved_part(glow, translation(0, -6, 12)), ground]
    scene = loaded(folder, parts)
    pixels = np.array(mi.render(scene, spp=2))
    assert np.isfinite(pixels).all()
    assert (pixels.sum(-1) > 0).mean() > 0.5
