"""Rendering on a Dask cluster: which worker gets which frames, and what is done when one is lost.

Frames are dealt from here, one unit of work a worker at a time, rather than all given to Dask at once: so a worker
stays with the scene that it has loaded and compiled, and a scene is shared only when none is left to begin.
"""

import contextlib
import logging
import queue
import re
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mcdenoise import __version__
from mcdenoise.atomic import remove_leftovers, write_text
from mcdenoise.errors import ClusterError, VariantError
from mcdenoise.rendering import dask_worker, variants
from mcdenoise.rendering.jobs import Description, Failed, Job, Outcome, Setting
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.reasons import one_line
from mcdenoise.rendering.variants import AUTOMATIC, Probe

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
WORKER_SECONDS = 600.0
"""How long to wait for a first worker, and for another when all are gone."""

MAX_LOSSES = 3
"""A frame that so many workers were lost with is given up: it may be what takes them down."""

UNIT_SAMPLES_PER_CORE = 1_000_000
"""Samples that a worker gets at once: some seconds of rendering, beside which the way there and back is nothing."""

_POLL_SECONDS = 1.0


@dataclass
class Scene:
    """What is left to deal of a scene, and which workers have had some of it."""

    name: str
    variant: str
    jobs: deque[Job]
    workers: set[str] = field(default_factory=set)

    @property
    def samples(self) -> int:
        return sum(job.samples for job in self.jobs)


def deal(scenes: Sequence[Scene], worker: str, workers: int, cores: int) -> list[Job]:
    """The frames that `worker` is to render next, taken from `scenes`; of one scene, or none.

    First of the scene that it has loaded (had frames of last), then of one that nobody has begun, then of the one with
    the most left, if that is worth the kernels that `worker` must compile for it. workers: how many there are. cores:
    that each has.
    """
    left = [scene for scene in scenes if scene.jobs]
    mine = [scene for scene in left if worker in scene.workers]
    fresh = [scene for scene in left if not scene.workers]
    shared = [
        scene for scene in left if scene.variant.startswith("scalar") or scene.samples >= variants.scalar_below(cores)
    ]
    candidates = mine or fresh[:1] or sorted(shared, key=lambda scene: -scene.samples)
    if not candidates:
        return []
    scene = candidates[-1] if mine else candidates[0]
    limit = UNIT_SAMPLES_PER_CORE * cores
    if not [other for other in fresh if other is not scene]:  # the last scenes: smaller units, to end together
        limit = min(limit, scene.samples // (2 * workers))
    unit = [scene.jobs.popleft()]
    while scene.jobs and sum(job.samples for job in unit) + scene.jobs[0].samples <= limit:
        unit.append(scene.jobs.popleft())
    scene.workers.add(worker)
    return unit


class DaskFarm:
    """Describes scenes here, and renders jobs on the workers of the Dask scheduler at `address`. Use it in a `with`.

    scene: one of the scenes; out: the folder of the frames: every worker must see both. Entering raises ClusterError if
    there is no scheduler, no worker comes, or one cannot take part. One that joins later is left out then, and said so.
    """

    def __init__(self, address: str, scene: Path, out: Path):
        self._address, self._scene, self._out = address, scene.resolve(), out.resolve()
        self._run = uuid.uuid4().hex
        self._token = self._out / f".mcdenoise-{self._run}"
        self._client: Any = None
        self._planner = LocalFarm()
        self._workers: dict[str, dask_worker.About] = {}
        self._left_out: set[str] = set()
        self._needed: list[str] = []  # variants
        self._scenes: dict[str, Scene] = {}
        self._given: dict[str, tuple[Any, list[Job]]] = {}  # by worker: the future, and its jobs
        self._answers: queue.SimpleQueue = queue.SimpleQueue()  # (worker, key of the future)
        self._losses: Counter[Path] = Counter()
        self._failed: set[str] = set()
        self._files: dict[Path, Path] = {}  # as the caller called them, by what the workers call them
        self._looked = self._last_seen = time.monotonic()
        self._waiting = False

    def __enter__(self) -> "DaskFarm":
        with contextlib.ExitStack() as stack:
            stack.push(self)
            self._connect()
            self._planner.__enter__()
            try:
                self._out.mkdir(parents=True, exist_ok=True)
                write_text(self._token, self._run)
            except OSError as error:
                raise ClusterError(f"{self._out}: cannot be written: {error.strerror}.") from None
            self._look(first=True)
            while not self._workers:
                self._wait_for_a_worker()
                self._look(first=True)
            stack.pop_all()
        self.cores = min(worker.cores for worker in self._workers.values())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._client is not None:
                with contextlib.suppress(OSError, RuntimeError):  # a cluster that is gone need not be left
                    self._client.cancel([future for future, _ in self._given.values()], force=True)
                    self._client.run(dask_worker.leave, self._run, on_error="ignore")
                self._client.close(timeout=CONNECT_SECONDS)
        finally:
            self._planner.end()
            self._token.unlink(missing_ok=True)
            for folder in {file.parent for file in self._files}:  # what lost workers left, on whatever machine
                remove_leftovers(folder, of_living=True)

    def choose(self, variant: str) -> Probe:
        """The variant to use for `auto`: the first that works on every worker; or the one asked for.

        Raises VariantError if that does not work on one of them.
        """
        reasons = []
        for candidate in AUTOMATIC if variant == "auto" else (variant,):
            answers = self._client.run(dask_worker.fault, candidate, workers=list(self._workers), on_error="return")
            faults = sorted(
                f"on {self._workers[at].host}: {fault}" for at, fault in answers.items() if fault is not None
            )
            if not faults:
                self._needed.append(candidate)
                why = "asked for" if variant != "auto" else f"the fastest that works on all workers ({len(answers)})"
                return Probe(candidate, True, "; ".join([why, *reasons]))
            reasons.append(faults[0])
        raise VariantError("; ".join(reasons) + ".")

    def describe(self, setting: Setting) -> Description:
        """See `local.LocalFarm`."""
        return self._planner.describe(setting)

    def render(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Take on the jobs of one scene; returns once no worker could run dry while the next one is planned."""
        setting = jobs[0].setting
        called = [replace(job, file=job.file.absolute()) for job in jobs]
        self._files |= {ours.file: job.file for ours, job in zip(called, jobs, strict=True)}
        self._scenes[setting.name] = Scene(setting.name, setting.variant, deque(called))
        yield from self._advance(wait=False)
        while sum(not scene.workers for scene in self._scenes.values()) > len(self._workers):
            yield from self._advance(wait=True)

    def finish(self) -> Iterator[Outcome]:
        """Give what is still to come."""
        while self._scenes:
            yield from self._advance(wait=True)

    def _connect(self) -> None:
        try:
            from distributed import Client
            from distributed.comm.registry import backends
        except ImportError:
            raise ClusterError("--scheduler needs the package `distributed`: pip install 'mcdenoise[farm]'.") from None
        parts = re.fullmatch(r"(\w+)://.+:\d+", self._address)
        if parts is None or parts[1] not in backends:  # Dask would say so too, and then wait for what was not begun
            known = ", ".join(sorted(set(backends) - {"inproc"}))
            raise ClusterError(f"{self._address!r} is no address such as tcp://host:8786 (with {known}).", misuse=True)
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said here, in one line
        try:
            self._client = Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False, name="mcdenoise")
        except (OSError, ValueError, TypeError) as error:
            said = one_line(str(error), 200).rstrip(".")
            raise ClusterError(f"no Dask scheduler answers at {self._address}: {said}.") from None

    def _look(self, first: bool = False) -> None:
        """See who has come and who is gone. Raises ClusterError if the scheduler is, or `first` and one cannot do."""
        self._looked = time.monotonic()
        try:
            present = set(self._client.nthreads())
            new = sorted(present - self._workers.keys() - self._left_out)
            asked = self._scene, self._token, self._run, self._needed
            answers = self._client.run(dask_worker.about, *asked, workers=new, on_error="return") if new else {}
        except (OSError, RuntimeError) as error:
            said = one_line(str(error), 200).rstrip(".")
            raise ClusterError(f"the Dask scheduler at {self._address} is gone: {said}.") from None
        for address, answer in answers.items():
            if isinstance(answer, OSError):  # it went while it was asked, or will be asked again
                continue
            problem = _problem(address, answer)
            if problem is None:
                self._workers[address] = answer
            elif first:
                raise ClusterError(problem)
            else:
                self._left_out.add(address)
                _log.warning("It is left out: %s", problem)
        for gone in self._workers.keys() - present:
            del self._workers[gone]
        if self._workers:
            self._last_seen, self._waiting = self._looked, False

    def _wait_for_a_worker(self) -> None:
        """Say that none is there, once, and give it a second."""
        if time.monotonic() - self._last_seen > WORKER_SECONDS:
            raise ClusterError(
                f"{self._address} had no worker for {WORKER_SECONDS:.0f} s: start one with dask worker {self._address}."
            )
        if not self._waiting:
            self._waiting = True
            _log.info(
                "%s has no worker: waiting for one, up to %.0f s (dask worker %s).",
                self._address,
                WORKER_SECONDS,
                self._address,
            )
        time.sleep(_POLL_SECONDS)

    def _advance(self, wait: bool) -> Iterator[Outcome]:
        """Take what came back, and give out what there is to do. wait: for an answer, or a second if none comes."""
        if time.monotonic() - self._looked > _POLL_SECONDS:
            self._look()
            if not self._workers:
                self._wait_for_a_worker()
        for worker in self._given.keys() - self._workers.keys():
            future, jobs = self._given.pop(worker)
            self._client.cancel([future], force=True)
            yield from self._lost(worker, jobs)
        for worker in self._workers.keys() - self._given.keys():
            self._give(worker)
        with contextlib.suppress(queue.Empty):
            worker, key = self._answers.get(timeout=_POLL_SECONDS) if wait else self._answers.get_nowait()
            if worker in self._given and self._given[worker][0].key == key:
                yield from self._came_back(worker)
        in_work = {jobs[0].setting.name for _, jobs in self._given.values()}
        for scene in list(self._scenes.values()):
            if not scene.jobs and scene.name not in in_work:
                del self._scenes[scene.name]

    def _give(self, worker: str) -> None:
        unit = deal(list(self._scenes.values()), worker, len(self._workers), self.cores)
        if not unit:
            return
        key = f"mcdenoise-{uuid.uuid4().hex}"
        future = self._client.submit(dask_worker.render, self._run, unit, workers=[worker], pure=False, key=key)
        self._given[worker] = future, unit
        future.add_done_callback(lambda _: self._answers.put((worker, key)))

    def _came_back(self, worker: str) -> Iterator[Outcome]:
        future, jobs = self._given.pop(worker)
        if future.status == "finished":
            yield from self._told(future.result())
        elif future.status == "error":
            error = future.exception()
            said = one_line(f"{type(error).__name__}: {error}", 200).rstrip(".")
            yield from self._told([Failed(jobs[0], f"the worker {worker} gave it up: {said}.")])
        else:  # cancelled with its worker or scheduler, of which the next look tells
            yield from self._lost(worker, jobs)

    def _lost(self, worker: str, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Take back what a lost worker had, to be done again."""
        _log.info("The worker %s is lost; its frames are rendered again.", worker)
        scene = self._scenes[jobs[0].setting.name]
        scene.workers.discard(worker)
        if scene.name in self._failed:
            return
        scene.jobs.extendleft(reversed(jobs))
        self._losses.update(job.file for job in jobs)
        if max(self._losses[job.file] for job in jobs) >= MAX_LOSSES:
            yield from self._told([Failed(jobs[0], f"{MAX_LOSSES} workers were lost while they rendered it.")])

    def _told(self, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
        """The outcomes as the caller knows the files."""
        for outcome in outcomes:
            if isinstance(outcome, Failed):
                name = outcome.job.setting.name
                self._scenes[name].jobs.clear()
                self._failed.add(name)
            yield replace(outcome, job=replace(outcome.job, file=self._files[outcome.job.file]))


def _problem(address: str, answer: Any) -> str | None:
    """Why the worker that gave `answer` (an About, or the error instead) cannot take part, in one sentence."""
    if isinstance(answer, BaseException):
        said = one_line(f"{type(answer).__name__}: {answer}", 200).rstrip(".")
        return f"the Dask worker {address} cannot run mcdenoise ({said}): install it there."
    ours, theirs = (__version__, variants.mitsuba_version()), (answer.mcdenoise, answer.mitsuba)
    if ours != theirs:
        return (
            f"the Dask worker {address} on {answer.host} has mcdenoise {theirs[0]} with Mitsuba {theirs[1]}, "
            f"here they are {ours[0]} and {ours[1]}: install the same."
        )
    return f"the Dask worker {address} on {answer.host}: {answer.problems[0]}." if answer.problems else None
