"""Camera paths: keyframes that a camera passes through, from a JSON file, and the cameras of the frames on the way."""

import dataclasses
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcdenoise import atomic
from mcdenoise.errors import SceneError

_LARGEST = 1e9  # of a coordinate or a time
_MOST_BYTES = 2**20
_MOST_KEYFRAMES = 10_000
_KEYS = {"origin", "target", "up", "time"}
_LEAST_ANGLE = 1e-3  # sine of that between the direction of view and up

Camera = tuple[tuple[float, ...], ...]
"""A camera-to-world matrix, four rows of four numbers: columns left, up, forward, origin, as Mitsuba's `look_at`."""


@dataclass(frozen=True)
class Keyframe:
    """Where a camera is, what it looks at and what is up, in world space, and when it is there, in any unit."""

    origin: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float]
    time: float


def read_path(file: str | os.PathLike) -> list[Keyframe]:
    """The keyframes in a JSON file: a list of objects such as {"origin": [0, 1, 4], "target": [0, 0, 0]}.

    Each may also have "up" (by default that of the keyframe before, and [0, 1, 0] in the first), and all or none a
    "time"; without, they are one unit of time apart. Raises SceneError, in one line and as misuse, if there is no such
    file or if it says anything else.
    """
    file = Path(file)
    if not file.is_file():
        raise SceneError(f"{file}: there is no such file of a camera path.", misuse=True)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES // 2**20} MiB")
        listed = json.loads(file.read_text(encoding="utf-8"))
        return _keyframes(listed)
    except OSError as error:
        raise SceneError(f"{file}: cannot be read: {error.strerror}.", misuse=True) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise SceneError(f"{file}: is no JSON ({place}: {error.msg}).", misuse=True) from None
    except UnicodeDecodeError:
        raise SceneError(f"{file}: is no text in UTF-8.", misuse=True) from None
    except RecursionError:
        raise SceneError(f"{file}: is nested too deeply for a camera path.", misuse=True) from None
    except ValueError as error:
        raise SceneError(f"{file}: is no camera path: {str(error)[:200]}.", misuse=True) from None


def write_path(file: str | os.PathLike, keyframes: Sequence[Keyframe]) -> None:
    """Write keyframes to a JSON file that `read_path` reads, whole or not at all. Raises OSError."""
    lines = ",\n ".join(json.dumps(dataclasses.asdict(key)) for key in keyframes)
    atomic.write_text(file, f"[{lines}]\n")


def cameras(keyframes: Sequence[Keyframe], count: int) -> list[Camera]:
    """The cameras of `count` frames, at equal distances of time from the first keyframe to the last.

    Origin, target and up go along a cubic spline through the keyframes (Catmull-Rom for any distances of time: the
    slope at a keyframe is that between its neighbours). Raises SceneError, as misuse, if one on the way looks nowhere,
    or upwards.
    """
    times = np.array([key.time for key in keyframes])
    points = np.array([[*key.origin, *key.target, *key.up] for key in keyframes])
    found = []
    for frame, time in enumerate(np.linspace(times[0], times[-1], count)):
        point = _spline(times, points, float(time))
        try:
            found.append(look_at(point[:3], point[3:6], point[6:]))
        except ValueError as error:
            message = f"the camera path cannot be followed at frame {frame} of {count}: {error}."
            raise SceneError(message, misuse=True) from None
    return found


def look_at(origin: np.ndarray, target: np.ndarray, up: np.ndarray) -> Camera:
    """The camera at `origin` that looks at `target`, all `[3]`. Raises ValueError if they leave its axes open."""
    forward = np.asarray(target, np.float64) - origin
    length = float(np.linalg.norm(forward))
    if not length > 1e-12:
        raise ValueError("origin and target are one point")
    forward /= length
    height = float(np.linalg.norm(up))
    left = np.cross(up, forward) / height if height > 1e-12 else np.zeros(3)
    sine = float(np.linalg.norm(left))
    if sine < _LEAST_ANGLE:
        raise ValueError("up is along the direction of view, or zero")
    left /= sine
    matrix = np.eye(4)
    matrix[:3] = np.stack([left, np.cross(forward, left), forward, origin], axis=1)
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _spline(times: np.ndarray, points: np.ndarray, time: float) -> np.ndarray:
    """The cubic Hermite spline through `points` `[n, d]` at increasing `times` `[n]`, at `time`: `[d]`."""
    if len(times) == 1:
        return points[0]
    i = int(np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(times) - 2))

    def slope(k: int) -> np.ndarray:
        before, after = max(0, k - 1), min(len(times) - 1, k + 1)
        return (points[after] - points[before]) / (times[after] - times[before])

    length = times[i + 1] - times[i]
    s = (time - times[i]) / length
    return (
        (2 * s**3 - 3 * s**2 + 1) * points[i]
        + (s**3 - 2 * s**2 + s) * length * slope(i)
        + (3 * s**2 - 2 * s**3) * points[i + 1]
        + (s**3 - s**2) * length * slope(i + 1)
    )


def _keyframes(listed: Any) -> list[Keyframe]:
    """Raises ValueError that says what is wrong."""
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError('it must be a list of objects with "origin" and "target"')
    if not 1 <= len(listed) <= _MOST_KEYFRAMES:
        raise ValueError(f"it has {len(listed)} keyframes, and may have 1 to {_MOST_KEYFRAMES}")
    timed = sum("time" in one for one in listed)
    if timed not in (0, len(listed)):
        raise ValueError('all keyframes or none must have a "time"')
    found: list[Keyframe] = []
    for number, one in enumerate(listed):
        where = f"keyframe {number}"
        if one.keys() - _KEYS:
            raise ValueError(f"{where} has {sorted(one.keys() - _KEYS)[0][:40]!r}, which means nothing")
        if not one.keys() >= {"origin", "target"}:
            raise ValueError(f'{where} must have "origin" and "target"')
        up = found[-1].up if found else (0.0, 1.0, 0.0)
        key = Keyframe(
            _point(one["origin"], f"{where}: origin"),
            _point(one["target"], f"{where}: target"),
            _point(one["up"], f"{where}: up") if "up" in one else up,
            _number(one["time"], f"{where}: time") if timed else float(number),
        )
        if found and not key.time > found[-1].time:
            raise ValueError(f"{where}: its time must be later than that of the one before")
        try:
            look_at(*(np.array(point) for point in (key.origin, key.target, key.up)))
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        found.append(key)
    return found


def _point(value: Any, what: str) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError(f"{what} must be three numbers")
    x, y, z = (_number(one, what) for one in value)
    return x, y, z


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"{what} must be made of numbers, at most {_LARGEST:g} from zero")
    return float(value)
