"""Looking at a scene from its cameras, as small previews, to find one that gives a good picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mitsuba as mi
import numpy as np

from mcdenoise.random_scenes.composition import Viewpoint
from mcdenoise.rendering import scene as mitsuba_scene
from mcdenoise.tonemap import exposure

PREVIEW_SIDE = 64
"""Longer side of a preview, in pixels."""

_SPP = 16
_LUMINANCE = np.array([0.212671, 0.715160, 0.072169])


@dataclass(frozen=True)
class Verdict:
    """fault: what is wrong with the view, empty if it is good. exposure: the factor that brings it to middle grey.

    edges: the share of pixels at which surfaces meet or change: how much there is to see.
    """

    viewpoint: Viewpoint
    fault: str
    exposure: float
    edges: float


def camera_matrix(viewpoint: Viewpoint) -> np.ndarray:
    """The camera-to-world matrix `[4, 4]`: x left, y up, z forward, as Mitsuba has it."""
    eye, target = np.array(viewpoint.eye, dtype=float), np.array(viewpoint.target, dtype=float)
    forward = (target - eye) / np.linalg.norm(target - eye)
    left = np.cross([0.0, 0.0, 1.0], forward)
    if np.linalg.norm(left) < 1e-6:  # straight up or down
        left = np.array([1.0, 0.0, 0.0])
    left /= np.linalg.norm(left)
    matrix = np.eye(4)
    matrix[:3] = np.stack([left, np.cross(forward, left), forward, eye], axis=1)
    return matrix


def best_view(path: Path, viewpoints: Sequence[Viewpoint], size: tuple[int, int], tries: int, enough: int) -> Verdict:
    """The view with most to see of the first `enough` good ones on the scene at `path`, whose film has `size`.

    At most `tries` viewpoints are looked at; the last verdict if none is good. Raises SceneError if the scene cannot be
    loaded.
    """
    scale = PREVIEW_SIDE / max(size)
    small = tuple(max(1, round(side * scale)) for side in size)
    good: list[Verdict] = []
    with mitsuba_scene.variant("scalar_rgb"):
        mi.set_log_level(mi.LogLevel.Error)
        loaded = mitsuba_scene.load(path, small, "box", mitsuba_scene.digest(path))
        for viewpoint in viewpoints[:tries]:
            parameters = mi.traverse(loaded.sensor)
            parameters["to_world"] = mi.ScalarTransform4f(camera_matrix(viewpoint).tolist())
            parameters["x_fov"] = horizontal_fov(viewpoint.fov_degrees, size)
            parameters.update()
            image = np.array(
                mi.render(loaded.scene, sensor=loaded.sensor, integrator=loaded.integrator, spp=_SPP, seed=0)
            )
            verdict = judged(image, viewpoint)
            if not verdict.fault:
                good.append(verdict)
            if len(good) == enough:
                break
    return max(good, key=lambda one: one.edges, default=verdict)


def horizontal_fov(degrees: float, size: tuple[int, int]) -> float:
    """The horizontal field of view of a film whose longer side sees `degrees`."""
    return float(np.degrees(2 * np.arctan(np.tan(np.radians(degrees) / 2) * min(1.0, size[0] / size[1]))))


def judged(image: np.ndarray, viewpoint: Viewpoint) -> Verdict:
    """Judge a preview `[h, w, 10]` of radiance, albedo, normal, depth.

    At its own exposure (log mean at middle grey) a good view has at most a fifth of pixels above twice white, at most
    half nearly black, blocks of 4 x 4 pixels that differ (0.3 stops of standard deviation), edges between surfaces on
    4% of pixels, at most a tenth nearer than 15% of the distance that it is focused on, and few surfaces seen from
    behind, as from inside an object.
    """
    radiance, albedo, normal, depth = image[..., :3], image[..., 3:6], image[..., 6:9], image[..., 9]
    radiance = np.nan_to_num(radiance, posinf=0.0, neginf=0.0)
    factor = exposure(radiance)
    luminance = radiance @ _LUMINANCE * factor
    hit = depth > 0
    forward = camera_matrix(viewpoint)[:3, 2]
    behind = float(((normal @ forward) > 0.3)[hit].mean()) if hit.any() else 0.0
    near = float((depth[hit] < 0.15 * viewpoint.focus_distance).mean()) if hit.any() else 0.0
    blocks = luminance[: luminance.shape[0] // 4 * 4, : luminance.shape[1] // 4 * 4]
    blocks = blocks.reshape(blocks.shape[0] // 4, 4, blocks.shape[1] // 4, 4).mean((1, 3))
    stops = np.log2(np.clip(blocks, 0.004, 4.0))
    edges = _edges(albedo, normal, depth)
    fault = ""
    if not np.isfinite(factor) or luminance.max() <= 0 or (luminance < 0.004).mean() > 0.5:
        fault = "black"
    elif (luminance > 2).mean() > 0.2:
        fault = "blown out"
    elif stops.std() < 0.3 or edges < 0.04:
        fault = "nearly uniform"
    elif hit.mean() < 0.3:
        fault = "looks past the scene"
    elif near > 0.1:
        fault = "too close to an object"
    elif behind > 0.45:
        fault = "inside an object"
    return Verdict(viewpoint, fault, float(factor), edges)


def _edges(albedo: np.ndarray, normal: np.ndarray, depth: np.ndarray) -> float:
    """The share of pixels that differ from their right neighbour in albedo (0.1), normal (0.3) or depth (15%)."""
    log_depth = np.log(np.maximum(depth, 1e-3))[..., None]
    found = np.zeros(depth[:, 1:].shape, dtype=bool)
    for feature, least in ((albedo, 0.1), (normal, 0.3), (log_depth, 0.15)):
        found |= np.abs(np.diff(feature, axis=1)).max(axis=-1) > least
    return float(found.mean())
