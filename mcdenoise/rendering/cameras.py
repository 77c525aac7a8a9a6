"""Cameras near a scene's own: the same place seen as a photographer who walks a few steps would see it."""

import functools
from dataclasses import dataclass

import mitsuba as mi
import numpy as np

from mcdenoise.errors import SceneError
from mcdenoise.rendering.paths import Keyframe
from mcdenoise.rendering.scene import LoadedScene

TRIES = 40

ARC = 16.0
"""Degrees from the scene's own camera to either end of `arc`, if nothing stands in the way."""

PREVIEW_SIDE = 48
"""Longer side, in pixels, of the film that cameras are tried on."""

_PREVIEW_SPP = 16
_LUMINANCE = np.array([0.212671, 0.715160, 0.072169])


@dataclass(frozen=True)
class _Look:
    """What a camera sees, measured on a preview of a few samples per pixel."""

    median_depth: float
    hits: float
    back_facing: float
    luminance: float
    contrast: float


@functools.lru_cache(maxsize=2)
def camera(loaded: LoadedScene, view: int, seed: int) -> np.ndarray:
    """The camera-to-world matrix `[4, 4]` of view number `view`: 0 is the scene's own camera, others are drawn near it.

    A drawn camera orbits what the scene's own looks at: azimuth normal with 14 degrees of standard deviation, elevation
    7 degrees, each within two deviations; distance times 0.7 to 1.15 (uniform in the logarithm); the point looked at is
    moved by up to 6% of the distance. It is kept if nothing stands between the scene's own camera and it, and if its
    preview is not black, uniform, or seen from inside an object. Views depend on their number alone, so that more of
    them can be added later; `seed` varies them all. loaded: the scene with a film of about PREVIEW_SIDE pixels, best in
    a scalar variant, which compiles nothing. Raises SceneError if no camera of TRIES is good.
    """
    if view == 0:
        return loaded.own_camera
    if not movable(loaded):
        raise SceneError(
            f"a {loaded.sensor.class_name()} cannot be moved, only perspective and thinlens: use --views 1."
        )
    own, distance = _own_look(loaded)
    rng = np.random.default_rng([seed, view])
    reason = ""
    for _ in range(TRIES):
        candidate = _draw(loaded.own_camera, distance, rng)
        if _blocked(loaded, candidate):
            reason = "objects stand in the way"
            continue
        reason = _fault(_look(loaded, candidate), own)
        if not reason:
            return candidate
    raise SceneError(f"no good camera for view {view} in {TRIES} tries ({reason}): render fewer --views.")


def arc(loaded: LoadedScene) -> list[Keyframe]:
    """Five keyframes of a short path about what the scene's own camera looks at, through that camera in the middle.

    From ARC degrees on one side to as many on the other; the ends are drawn in, by halves, until nothing stands between
    the own camera and any of the others. loaded: as for `camera`. Raises SceneError if its camera cannot be moved.
    """
    if not movable(loaded):
        raise SceneError(f"a {loaded.sensor.class_name()} cannot be moved along a path, only perspective and thinlens.")
    own = loaded.own_camera
    _, distance = _own_look(loaded)
    up, forward = (own[:3, i] / np.linalg.norm(own[:3, i]) for i in (1, 2))
    target = own[:3, 3] + forward * distance
    left = np.cross(up, forward)
    angle = np.radians(ARC)
    for _ in range(6):
        turns = np.linspace(-angle, angle, 5)
        origins = [target + distance * (left * np.sin(turn) - forward * np.cos(turn)) for turn in turns]
        if not any(_blocked(loaded, _moved(own, origin)) for k, origin in enumerate(origins) if k != 2):
            break
        angle /= 2
    points = [tuple(float(value) for value in point) for point in (*origins, target, up)]
    return [Keyframe(origin, points[5], points[6], float(k)) for k, origin in enumerate(points[:5])]


def movable(loaded: LoadedScene) -> bool:
    """Whether the scene's camera is one that can be moved: perspective or thinlens."""
    parameters = mi.traverse(loaded.sensor)
    return "to_world" in parameters and "x_fov" in parameters


def point(loaded: LoadedScene, matrix: np.ndarray) -> None:
    """Move the scene's sensor to the camera-to-world matrix `[4, 4]`, if it is movable."""
    if movable(loaded):
        parameters = mi.traverse(loaded.sensor)
        parameters["to_world"] = type(parameters["to_world"])(matrix.tolist())
        parameters.update()


def _draw(own: np.ndarray, distance: float, rng: np.random.Generator) -> np.ndarray:
    """A camera near `own` in its frame: x left, y up, z forward."""
    azimuth, elevation = np.radians(np.clip(rng.normal(size=2), -2, 2) * (14, 7))
    factor = np.exp(rng.uniform(np.log(0.7), np.log(1.15)))
    left, up, forward, origin = (own[:3, i] for i in range(4))
    left, up, forward = (axis / np.linalg.norm(axis) for axis in (left, up, forward))
    target = origin + forward * distance + (left * rng.normal() + up * rng.normal()) * 0.03 * distance
    back = -forward * np.cos(azimuth) * np.cos(elevation) + left * np.sin(azimuth) * np.cos(elevation)
    moved = target + (back + up * np.sin(elevation)) * distance * factor
    towards = (target - moved) / np.linalg.norm(target - moved)
    # The scene's own up direction is kept (its handedness and scale too), turned as little as the new direction needs.
    sideways = np.cross(up, towards)
    sideways *= np.sign(sideways @ left) / np.linalg.norm(sideways)
    upwards = np.cross(towards, sideways)
    upwards *= np.sign(upwards @ up)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([sideways, upwards, towards], axis=1) * np.linalg.norm(own[:3, :3], axis=0)
    matrix[:3, 3] = moved
    return matrix


@functools.lru_cache(maxsize=1)
def _own_look(loaded: LoadedScene) -> tuple[_Look, float]:
    """What the scene's own camera sees, and how far away the middle of its picture is."""
    image = _preview(loaded, loaded.own_camera)
    height, width = image.shape[:2]
    depth = image[height // 3 : -(height // 3) or None, width // 3 : -(width // 3) or None, -1]
    seen = depth[np.isfinite(depth) & (depth > 0)]
    if seen.size == 0:
        raise SceneError("the scene's own camera looks at nothing, so no views near it can be made: use --views 1.")
    return _look(loaded, loaded.own_camera), float(np.median(seen))


def _moved(own: np.ndarray, origin: np.ndarray) -> np.ndarray:
    matrix = own.copy()
    matrix[:3, 3] = origin
    return matrix


def _blocked(loaded: LoadedScene, matrix: np.ndarray) -> bool:
    start, end = loaded.own_camera[:3, 3], matrix[:3, 3]
    way = end - start
    length = float(np.linalg.norm(way))
    ray = mi.Ray3f(mi.Point3f(*start.tolist()), mi.Vector3f(*(way / length).tolist()), length * 1.1, 0.0, [])
    return bool(np.array(loaded.scene.ray_test(ray)).any())


def _fault(look: _Look, own: _Look) -> str:
    if look.luminance < 0.05 * own.luminance:
        return "too dark"
    if look.luminance > 20 * own.luminance:
        return "too bright"
    if look.contrast < 0.2 * own.contrast:
        return "nearly uniform"
    if look.hits < 0.5 * own.hits:
        return "looks past the scene"
    if look.median_depth < 0.2 * own.median_depth:
        return "too close to an object"
    if look.back_facing > own.back_facing + 0.25:
        return "inside an object"
    return ""


def _look(loaded: LoadedScene, matrix: np.ndarray) -> _Look:
    image = np.nan_to_num(_preview(loaded, matrix).astype(np.float64), posinf=0.0, neginf=0.0)
    luminance = np.minimum(image[..., :3] @ _LUMINANCE, 1e4)
    normal, depth = image[..., 6:9], image[..., 9]
    hit = depth > 0
    # Against the middle ray: a rough test, and enough to tell the inside of a closed surface from its outside.
    facing = normal @ (matrix[:3, 2] / np.linalg.norm(matrix[:3, 2]))
    curve = np.log(luminance + 1e-2 * max(luminance.mean(), 1e-12))
    return _Look(
        median_depth=float(np.median(depth[hit])) if hit.any() else 0.0,
        hits=float(hit.mean()),
        back_facing=float((facing[hit] > 0.3).mean()) if hit.any() else 0.0,
        luminance=float(luminance.mean()),
        contrast=float(curve.std()),
    )


def _preview(loaded: LoadedScene, matrix: np.ndarray) -> np.ndarray:
    """A small picture from `matrix`: `[h, w, 10]`, radiance, albedo, normal, depth."""
    point(loaded, matrix)

    def run(integrator: object) -> np.ndarray:
        return np.array(mi.render(loaded.scene, sensor=loaded.sensor, integrator=integrator, spp=_PREVIEW_SPP, seed=0))

    if loaded.integrator is not None:
        return run(loaded.integrator)
    return np.concatenate([run(loaded.radiance_integrator)[..., :3], run(loaded.feature_integrator)], axis=-1)
