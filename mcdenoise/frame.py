"""A frame: one noisy render of one view, with the features that its renderer knows about each pixel."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Frame:
    """One render, float32, rows from the top.

    radiance: `[H, W, 3]`, linear and unclamped.
    albedo: `[H, W, 3]` in [0, 1], or None where the renderer wrote none.
    normal: `[H, W, 3]`, shading normal in world space, components in [-1, 1], zero where nothing was hit; or None.
    depth: `[H, W]`, distance from the camera along the ray in scene units; or None.
    attributes: what the file's header says of it (scene, view, spp, seed, ...), by name.
    """

    radiance: np.ndarray
    albedo: np.ndarray | None = None
    normal: np.ndarray | None = None
    depth: np.ndarray | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = self.radiance.shape[:2]
        return width, height


def mean_frame(frames: list[Frame]) -> Frame:
    """The average of independent realizations of one view: as good as one render with all their samples.

    Weighted by the `spp` attribute where every frame has one. A feature is kept if every frame has it.
    Raises ValueError if the list is empty or sizes differ.
    """
    if not frames:
        raise ValueError("there are no frames to average")
    sizes = {frame.size for frame in frames}
    if len(sizes) > 1:
        raise ValueError(f"frames of one view must have one size, not {sorted(sizes)}")
    spp = [frame.attributes.get("spp") for frame in frames]
    known = all(isinstance(value, int | float) and value > 0 for value in spp)
    weights = np.asarray(spp if known else [1] * len(frames), dtype=np.float64)
    weights /= weights.sum()

    def average(name: str) -> np.ndarray | None:
        arrays = [getattr(frame, name) for frame in frames]
        if any(array is None for array in arrays):
            return None
        total = sum(weight * array.astype(np.float64) for weight, array in zip(weights, arrays, strict=True))
        return total.astype(np.float32)

    attributes = dict(frames[0].attributes)
    if known:
        attributes["spp"] = int(sum(spp))
    return Frame(average("radiance"), average("albedo"), average("normal"), average("depth"), attributes)
