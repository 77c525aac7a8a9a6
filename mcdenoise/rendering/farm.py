"""Rendering many scenes: what is to be done, what is done already, and what failed."""

import dataclasses
import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mcdenoise.errors import FrameError, SceneError, VariantError
from mcdenoise.exr import read_attributes
from mcdenoise.rendering.discovery import SceneFile, find_scenes, split_of
from mcdenoise.rendering.jobs import Description, Failed, Job, Outcome, Setting
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.reasons import one_line
from mcdenoise.rendering.seeds import REFERENCE_HALVES, TARGETS
from mcdenoise.rendering.variants import Probe, scalar_below

_log = logging.getLogger(__name__)

_RECIPE = 2
"""To be raised when the same scene and options come to give other bytes: older frames are then not mixed with newer."""

_SCALAR = "scalar_rgb"


@dataclass(frozen=True)
class RenderOptions:
    """What to render of each scene.

    spp: samples per pixel of a realization. realizations: independent renders of each view. views: cameras, the scene's
    own first. size: (width, height), or None for the scene's own. reference_spp: samples per pixel of both halves of
    the reference together, 0 for none. target_spp: of each of two more renders to learn from, 0 for none. pixel_filter:
    Mitsuba's name, or `scene` for the scene's own. overwrite: replace frames that were rendered with other options,
    rather than refuse.
    """

    spp: int = 8
    realizations: int = 2
    views: int = 1
    size: tuple[int, int] | None = None
    reference_spp: int = 0
    target_spp: int = 0
    seed: int = 0
    pixel_filter: str = "box"
    overwrite: bool = False


@dataclass(frozen=True)
class VariantChosen:
    """With variant `auto`: scenes of `samples` and more are rendered with `variant`; `reason` says why with that."""

    variant: str
    reason: str
    samples: int


@dataclass(frozen=True)
class ScenePlanned:
    """A scene's frames are known: `total` and `remaining` are the samples of all and of those still to render.

    place: which of the scenes that are to be rendered it is, as (number from 1, how many). choice: why `variant` was
    chosen; empty if it was asked for.
    """

    scene: str
    place: tuple[int, int]
    integrator: str
    variant: str
    choice: str
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


Event = VariantChosen | ScenePlanned | FrameRendered | SceneFailed


class Executor(Protocol):
    """Where jobs are done: on this machine (`local.LocalFarm`) or on a cluster (`dask_farm.DaskFarm`)."""

    cores: int
    """Processors that one rendering process may use."""

    def choose(self, variant: str) -> Probe:
        """The variant to use for `auto`, or the one asked for; raises VariantError if it does not work."""

    def describe(self, setting: Setting) -> Description:
        """Raises SceneError."""

    def render(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Take on jobs of one scene, and give what is finished meanwhile, of whichever scene.

        After a Failed, no more jobs of its scene are begun.
        """

    def finish(self) -> Iterator[Outcome]:
        """Give what is still to come."""


def render(
    sources: Sequence[str | Path], out: str | Path, variant: str, options: RenderOptions, scheduler: str | None = None
) -> Iterator[Event]:
    """Render every scene that `sources` name into `out/<scene>/<view>/`, and tell what happens as it happens.

    Frames that lie there already, rendered from the same files with the same options, are kept. A scene that fails
    gives a SceneFailed, and the others go on. Scenes overlap: frames of one are written while the next is begun.
    variant: a Mitsuba variant that works (see `variants.choose`), or `auto`: for each scene scalar_rgb or the fastest
    that works, by its number of samples (see `variants.scalar_below`); a scene of which frames are there keeps theirs.
    scheduler: address of a Dask scheduler whose workers are to render; None for this machine.
    Raises SceneError if no scene is found, before anything is rendered, VariantError if no variant works, and
    ClusterError if there is no cluster at `scheduler` that can render.
    """
    scenes = find_scenes(sources)
    out = Path(out)
    with _executor(scheduler, scenes, out) as executor:
        if scheduler is not None and variant != "auto":
            executor.choose(variant)
        run = _Run(executor, out, variant, options)
        if variant == "auto" and not run.surely_small():
            yield from run.choose_fastest()  # while the rendering process is starting
        for number, scene in enumerate(scenes, start=1):
            yield from run.add(scene, (number, len(scenes)))
        yield from run.told(executor.finish())


def _executor(scheduler: str | None, scenes: Sequence[SceneFile], out: Path) -> Any:
    if scheduler is None:
        return LocalFarm()
    from mcdenoise.rendering.dask_farm import DaskFarm

    return DaskFarm(scheduler, scenes[0].path, out)


@dataclass
class _Scene:
    """A scene in work: the samples that it has still to render, and whether it is given up."""

    file: SceneFile
    remaining: int = 0
    failed: bool = False


class _Run:
    """One call of `render`."""

    def __init__(self, executor: Executor, out: Path, variant: str, options: RenderOptions):
        self._executor, self._out, self._variant, self._options = executor, out, variant, options
        self._small = scalar_below(executor.cores)
        self._fastest: Probe | None = None
        self._scenes: dict[str, _Scene] = {}

    def surely_small(self) -> bool:
        """Whether every scene will be rendered in scalar_rgb: then no other variant need be tried."""
        options = self._options
        return options.size is not None and self._samples(options.size) < self._small

    def choose_fastest(self) -> Iterator[Event]:
        if self._fastest is None:
            self._fastest = self._executor.choose("auto")
            yield VariantChosen(self._fastest.variant, self._fastest.reason, self._small)

    def add(self, scene: SceneFile, place: tuple[int, int]) -> Iterator[Event]:
        """Plan a scene and have what is missing of it rendered."""
        self._scenes[scene.name] = _Scene(scene)
        options = self._options
        setting = Setting(
            scene.path.resolve(),
            scene.name,
            split_of(scene.path),
            options.size,
            options.pixel_filter,
            options.seed,
            self._variant,
        )
        try:
            description = self._executor.describe(setting)
            there = self._attributes_of_frames(setting, description)
            kept = self._variant_of_frames(setting, description, there) if self._variant == "auto" else None
            choice = ""
            if self._variant == "auto":
                small = self._samples(description.size) < self._small
                if kept is None and not small:
                    yield from self.choose_fastest()
                variant = kept or (_SCALAR if small else self._fastest.variant)
                limit = f"{self._small / 1e6:.1f} M samples"
                choice = "as the frames there" if kept else f"below {limit}" if small else f"{limit} or more"
                setting = dataclasses.replace(setting, variant=variant)
            jobs = list(self._jobs(setting, description))
            missing = [job for job in jobs if not self._done(job, there.get(job.file))]
        except SceneError as error:
            yield SceneFailed(scene.name, scene.path, one_line(str(error)), 0)
            return
        remaining = sum(job.samples for job in missing)
        self._scenes[scene.name].remaining = remaining
        yield ScenePlanned(
            scene.name,
            place,
            description.integrator,
            setting.variant,
            choice,
            description.size,
            len(jobs),
            len(jobs) - len(missing),
            sum(job.samples for job in jobs),
            remaining,
        )
        if missing:
            yield from self.told(self._executor.render(missing))

    def told(self, outcomes: Iterator[Outcome]) -> Iterator[Event]:
        """The events that outcomes are."""
        for outcome in outcomes:
            job = outcome.job
            scene = self._scenes[job.setting.name]
            if isinstance(outcome, Failed):
                if not scene.failed:  # more of its frames may have been under way
                    scene.failed = True
                    yield SceneFailed(scene.file.name, scene.file.path, outcome.reason, scene.remaining)
                continue
            if outcome.invalid_pixels:
                _log.warning(
                    "%s: %d pixels had no finite radiance and took their neighbours' mean.",
                    job.file,
                    outcome.invalid_pixels,
                )
            scene.remaining -= job.samples
            yield FrameRendered(scene.file.name, job.file, job.samples, outcome.seconds)

    def _frames(self) -> list[tuple[int, str, int]]:
        """(view, name, spp) of every frame of a scene."""
        options = self._options
        names = [(f"r{k:03d}", options.spp) for k in range(options.realizations)]
        if options.reference_spp:
            names += [(name, -(-options.reference_spp // 2)) for name in REFERENCE_HALVES]
        if options.target_spp:
            names += [(name, options.target_spp) for name in TARGETS]
        return [(view, name, spp) for view in range(options.views) for name, spp in names]

    def _samples(self, size: tuple[int, int]) -> int:
        return sum(spp for _, _, spp in self._frames()) * size[0] * size[1]

    def _jobs(self, setting: Setting, description: Description) -> Iterator[Job]:
        for view, name, spp in self._frames():
            identity = (
                _RECIPE,
                description.digest,
                setting.name,
                view,
                name,
                spp,
                self._options.spp,
                description.size,
                setting.pixel_filter,
                setting.seed,
                setting.variant,
                description.mitsuba_version,
            )
            fingerprint = hashlib.blake2b(repr(identity).encode(), digest_size=16).hexdigest()
            file = self._out / setting.name / f"view{view:03d}" / f"{name}.exr"
            yield Job(
                setting, description.digest, description.size, view, name, spp, self._options.spp, file, fingerprint
            )

    def _attributes_of_frames(self, setting: Setting, description: Description) -> dict[Path, dict[str, Any]]:
        """The attributes of those of the scene's files that are there; none for a broken one."""
        found = {}
        for job in self._jobs(setting, description):
            if job.file.exists():
                try:
                    found[job.file] = read_attributes(job.file)
                except FrameError:
                    found[job.file] = {}
        return found

    def _variant_of_frames(
        self, setting: Setting, description: Description, there: dict[Path, dict[str, Any]]
    ) -> str | None:
        """The variant that rendered frames of the scene with the same options before, if it works here.

        Raises SceneError if it does not and frames are missing, unless they are to be replaced.
        """
        said = {str(attributes.get("variant")) for attributes in there.values()}
        for variant in sorted(name for name in said if re.fullmatch(r"[a-z0-9_]+", name)):
            jobs = list(self._jobs(dataclasses.replace(setting, variant=variant), description))
            kept = [job for job in jobs if there.get(job.file, {}).get("fingerprint") == job.fingerprint]
            if not kept:
                continue
            if len(kept) == len(jobs) or variant == _SCALAR:
                return variant
            try:
                self._executor.choose(variant)
            except VariantError as error:
                if self._options.overwrite:
                    continue
                raise SceneError(
                    f"{kept[0].file} and what is beside it cannot be gone on with: {str(error).rstrip('.')}: "
                    "choose another --out, or replace them with --overwrite."
                ) from None
            return variant
        return None

    def _done(self, job: Job, attributes: dict[str, Any] | None) -> bool:
        """Whether the job's file is there, from the same scene and options; SceneError if another is in its way."""
        if attributes is None:
            return False
        if attributes.get("fingerprint") == job.fingerprint:
            return True
        if self._options.overwrite:
            return False
        raise SceneError(
            f"{job.file} is there already, from another scene, variant or options: "
            "choose another --out, or replace it with --overwrite."
        )
