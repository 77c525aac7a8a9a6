"""Rendering many scenes: what is to be done, what is done already, and what failed."""

import concurrent.futures
import hashlib
import logging
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcdenoise.errors import McdenoiseError, SceneError
from mcdenoise.exr import FrameError, read_attributes
from mcdenoise.rendering import worker
from mcdenoise.rendering.discovery import SceneFile, find_scenes, split_of
from mcdenoise.rendering.reasons import one_line
from mcdenoise.rendering.seeds import REFERENCE_HALVES

_log = logging.getLogger(__name__)

_RECIPE = 1
"""To be raised when the same scene and options come to give other bytes: older frames are then not mixed with newer."""


@dataclass(frozen=True)
class RenderOptions:
    """What to render of each scene.

    spp: samples per pixel of a realization. realizations: independent renders of each view. views: cameras, the scene's
    own first. size: (width, height), or None for the scene's own. reference_spp: samples per pixel of both halves of
    the reference together, 0 for none. pixel_filter: Mitsuba's name, or `scene` for the scene's own. overwrite: replace
    frames that were rendered with other options, rather than refuse.
    """

    spp: int = 8
    realizations: int = 2
    views: int = 1
    size: tuple[int, int] | None = None
    reference_spp: int = 0
    seed: int = 0
    pixel_filter: str = "box"
    overwrite: bool = False


@dataclass(frozen=True)
class ScenePlanned:
    """A scene is loaded: `total` and `remaining` are the samples of all its frames and of those still to render.

    place: which of the scenes that are to be rendered it is, as (number from 1, how many).
    """

    scene: str
    place: tuple[int, int]
    integrator: str
    size: tuple[int, int]
    frames: int
    done_frames: int
    total: int
    remaining: int


@dataclass(frozen=True)
class FrameRendered:
    """A frame lies in its file."""

    scene: str
    file: Path
    samples: int
    seconds: float


@dataclass(frozen=True)
class SceneFailed:
    """A scene is given up: `reason` in one sentence; `samples` is what it had still to render."""

    scene: str
    path: Path
    reason: str
    samples: int


Event = ScenePlanned | FrameRendered | SceneFailed


def render(sources: Sequence[str | Path], out: str | Path, variant: str, options: RenderOptions) -> Iterator[Event]:
    """Render every scene that `sources` name into `out/<scene>/<view>/`, and tell what happens as it happens.

    Frames that lie there already, rendered from the same files with the same options, are kept. A scene that fails ends
    with a SceneFailed, and the others go on. variant: one that works (see `variants.choose`).
    Raises SceneError if no scene is found, before anything is rendered.
    """
    scenes = find_scenes(sources)
    out = Path(out)
    with _Process(variant) as process:
        for number, scene in enumerate(scenes, start=1):
            yield from _render_scene(scene, (number, len(scenes)), out, variant, options, process)


class _Process:
    """A rendering process that is started when needed, and started again after it died."""

    def __init__(self, variant: str):
        self._variant = variant
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def call(self, function: Any, argument: Any) -> Any:
        """Run `function(argument)` there. Raises SceneError if it took the process down."""
        if self._pool is None:
            self._pool = concurrent.futures.ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=worker.start, initargs=(self._variant,)
            )
        try:
            return self._pool.submit(function, argument).result()
        except BrokenProcessPool:
            self._end()
            raise SceneError("Mitsuba crashed on it, or ran out of memory.") from None

    def _end(self) -> None:
        if self._pool is not None:
            for child in (self._pool._processes or {}).values():
                child.kill()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _render_scene(
    scene: SceneFile, place: tuple[int, int], out: Path, variant: str, options: RenderOptions, process: _Process
) -> Iterator[Event]:
    setting = worker.Setting(
        scene.path.resolve(),
        scene.name,
        split_of(scene.path),
        options.size,
        options.pixel_filter,
        options.seed,
        variant,
    )
    remaining = 0
    try:
        description = process.call(worker.describe, setting)
        width, height = description.size
        jobs = _jobs(setting, description, out, options)
        missing = [job for job in jobs if not _done(job, options.overwrite)]
        remaining = sum(job.spp for job in missing) * width * height
        yield ScenePlanned(
            scene.name,
            place,
            description.integrator,
            description.size,
            len(jobs),
            len(jobs) - len(missing),
            sum(job.spp for job in jobs) * width * height,
            remaining,
        )
        for job in missing:
            rendered = process.call(worker.run, job)
            if rendered.invalid_pixels:
                _log.warning(
                    "%s: %d pixels had no finite radiance and took their neighbours' mean.",
                    job.file,
                    rendered.invalid_pixels,
                )
            remaining -= job.spp * width * height
            yield FrameRendered(scene.name, job.file, job.spp * width * height, rendered.seconds)
    except McdenoiseError as error:
        yield SceneFailed(scene.name, scene.path, one_line(str(error)), remaining)


def _jobs(
    setting: worker.Setting, description: worker.Description, out: Path, options: RenderOptions
) -> list[worker.Job]:
    jobs = []
    for view in range(options.views):
        names = [(f"r{k:03d}", options.spp) for k in range(options.realizations)]
        if options.reference_spp:
            names += [(name, -(-options.reference_spp // 2)) for name in REFERENCE_HALVES]
        for name, spp in names:
            identity = (
                _RECIPE,
                description.digest,
                setting.name,
                view,
                name,
                spp,
                options.spp,
                description.size,
                setting.pixel_filter,
                setting.seed,
                setting.variant,
                description.mitsuba_version,
            )
            fingerprint = hashlib.blake2b(repr(identity).encode(), digest_size=16).hexdigest()
            file = out / setting.name / f"view{view:03d}" / f"{name}.exr"
            jobs.append(worker.Job(setting, description.digest, view, name, spp, options.spp, file, fingerprint))
    return jobs


def _done(job: worker.Job, overwrite: bool) -> bool:
    """Whether the job's file is there, from the same scene and options. Raises SceneError if another is in its way."""
    if not job.file.exists():
        return False
    try:
        found = read_attributes(job.file).get("fingerprint")
    except FrameError:
        found = None
    if found == job.fingerprint:
        return True
    if overwrite:
        return False
    raise SceneError(
        f"{job.file} is there already, from another scene, variant or options: "
        "choose another --out, or replace it with --overwrite."
    )
