"""What a worker of a Dask cluster does: it says what it is, and renders jobs in a process of its own.

Called by `dask_farm` through Dask. One rendering process serves all threads of a worker.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcdenoise import __version__
from mcdenoise.errors import SceneError, VariantError
from mcdenoise.rendering import variants
from mcdenoise.rendering.jobs import Failed, Job, Outcome
from mcdenoise.rendering.local import LocalFarm

_rendering = threading.Lock()  # Dask calls in as many threads as the worker has; Mitsuba uses all cores by itself
_farm: LocalFarm | None = None
_run: str | None = None  # the run that the rendering process was used for last
_checked: set[Path] = set()  # scenes found to be what they were where the run was planned


@dataclass(frozen=True)
class About:
    """A worker: its host, versions and cores, and in one sentence each what keeps it from taking part."""

    host: str
    mcdenoise: str
    mitsuba: str
    cores: int
    problems: tuple[str, ...]


async def about(scene: Path, token: Path, text: str, needed: Sequence[str]) -> About:
    """What this worker is.

    scene: a scene of the run. token: a file in the folder of the frames, which holds `text`. needed: Mitsuba variants.
    """
    problems = []
    shared = "scenes and frames must lie on a file system that all workers share"
    try:
        if token.read_text(encoding="utf-8") != text:
            problems.append(f"{token.parent} is another folder there: {shared}")
    except OSError as error:
        problems.append(f"{token.parent} cannot be read there ({error.strerror}): {shared}")
    if not scene.is_file():
        problems.append(f"{scene} is not there: {shared}")
    problems += [reason for variant in needed if (reason := await fault(variant))]
    return About(socket.gethostname(), __version__, variants.mitsuba_version(), variants.cores(), tuple(problems))


async def fault(variant: str) -> str | None:
    """Why a Mitsuba variant cannot be used here, or None."""
    try:
        await asyncio.to_thread(variants.choose, variant)
    except VariantError as error:
        return str(error).rstrip(".")
    return None


def render(run: str, jobs: Sequence[Job]) -> list[Outcome]:
    """Render jobs of one scene; all their frames lie in their files when this returns, unless one has failed.

    The rendering process stays, with the scene that it has loaded, until `leave`.
    """
    global _farm, _run
    with _rendering:
        if run != _run:
            _checked.clear()
        _run = run
        farm = _farm = _farm or LocalFarm(keep_leftovers=True)
        problem = _difference(farm, jobs[0])
        if problem is not None:
            return [Failed(jobs[0], f"on {socket.gethostname()}: {problem}")]
        return [*farm.render(jobs), *farm.finish()]


async def leave(run: str) -> None:
    """End the rendering process if it works for `run`, with what it is rendering given up; what is rendered is written.

    Returns when it has ended.
    """
    global _farm
    if _run == run and _farm is not None:
        farm, _farm = _farm, None
        await asyncio.to_thread(farm.stop)


def _difference(farm: LocalFarm, job: Job) -> str | None:
    """In what the scene is another here than where the run was planned; asked once for each scene."""
    path = job.setting.path
    if path in _checked:
        return None
    try:
        digest = farm.describe(job.setting).digest
    except SceneError as error:
        return str(error)
    if digest != job.digest:
        return f"{path}, or a file that it names, is not what it was when the run began: is its file system shared?"
    _checked.add(path)
    return None
