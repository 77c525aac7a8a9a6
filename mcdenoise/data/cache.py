"""Decoded frames, kept in memory up to a limit."""

import logging
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from mcdenoise.errors import FrameError
from mcdenoise.exr import read_frame

_log = logging.getLogger(__name__)


class FrameCache:
    """The frames used last, radiance in float32 and features in float16, up to `limit` bytes.

    A frame that cannot be used is remembered as such, and named once in a warning.
    """

    def __init__(self, limit: int = 2 * 2**30):
        self._limit = limit
        self._bytes = 0
        self._frames: OrderedDict[Path, tuple[np.ndarray, np.ndarray]] = OrderedDict()
        self._broken: set[Path] = set()
        self._lock = threading.Lock()

    def get(self, path: Path) -> tuple[np.ndarray, np.ndarray] | None:
        """(radiance `[H, W, 3]` float32, albedo and normal `[H, W, 6]` float16), or None if the file is broken.

        Missing features are zeros. A frame with NaN or Inf is broken.
        """
        with self._lock:
            if path in self._broken:
                return None
            if path in self._frames:
                self._frames.move_to_end(path)
                return self._frames[path]
        try:
            arrays = _decode(path)
        except FrameError as error:
            with self._lock:
                if path not in self._broken:
                    _log.warning("skipped: %s", error)
                self._broken.add(path)
            return None
        with self._lock:
            if path not in self._frames:
                self._frames[path] = arrays
                self._bytes += _size(arrays)
            while self._bytes > self._limit and len(self._frames) > 1:
                self._bytes -= _size(self._frames.popitem(last=False)[1])
        return arrays


def _decode(path: Path) -> tuple[np.ndarray, np.ndarray]:
    frame = read_frame(path)
    if not np.isfinite(frame.radiance).all():
        count = int((~np.isfinite(frame.radiance)).any(axis=-1).sum())
        raise FrameError(f"{path}: {count} pixels are NaN or Inf.")
    features = np.zeros((*frame.radiance.shape[:2], 6), dtype=np.float16)
    for start, feature in ((0, frame.albedo), (3, frame.normal)):
        if feature is not None:
            if not np.isfinite(feature).all():
                raise FrameError(f"{path}: its {'normal' if start else 'albedo'} holds NaN or Inf.")
            # Mitsuba's albedo exceeds 1 on rough conductors, up to 30.
            features[..., start : start + 3] = np.clip(feature, -1 if start else 0, 1)
    return frame.radiance, features


def _size(arrays: tuple[np.ndarray, ...]) -> int:
    return sum(array.nbytes for array in arrays)
