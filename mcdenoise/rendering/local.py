"""Rendering on this machine: one rendering process, started again after a crash, and nothing lost with it."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcdenoise.errors import SceneError
from mcdenoise.rendering import variants
from mcdenoise.rendering.jobs import Description, Failed, Job, Outcome, Setting
from mcdenoise.rendering.paths import Keyframe
from mcdenoise.rendering.process import ProcessDied, RenderingProcess
from mcdenoise.rendering.variants import Probe

_CRASHED = "Mitsuba crashed on it, or ran out of memory."


class LocalFarm:
    """Describes scenes and renders jobs, one after the other, in a process of its own. Use it in a `with`.

    keep_leftovers: leave alone what other processes left half-written (they may be at work on another machine).
    """

    def __init__(self, keep_leftovers: bool = False):
        self._keep_leftovers = keep_leftovers
        self._process: RenderingProcess | None = None
        self._taken: dict[Path, Job] = {}  # jobs that the process has, by their files
        self._finished: deque[Outcome] = deque()
        self._lost: deque[Job] = deque()
        self._lost_once: set[Path] = set()
        self._stopped = False

    def __enter__(self) -> "LocalFarm":
        self._running()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def cores(self) -> int:
        """Processors that rendering may use."""
        return variants.cores()

    def choose(self, variant: str) -> Probe:
        """See `variants.choose`."""
        return variants.choose(variant)

    def describe(self, setting: Setting) -> Description:
        """Raises SceneError if the scene is broken, or takes the process down twice."""
        return self._ask("describe", setting)

    def keyframes(self, setting: Setting) -> list[Keyframe]:
        """A short path near the scene's own camera, see `cameras.arc`. Raises as `describe`."""
        return self._ask("keyframes", setting)

    def _ask(self, kind: str, setting: Setting) -> Any:
        for _ in range(2):  # a frame that is being written may have been the cause
            try:
                process = self._running()
                process.send(kind, setting)
                while True:
                    said, value = process.receive()
                    if said == "answered":
                        return value
                    if said == "refused":
                        raise SceneError(value)
                    self._finish(value)
            except ProcessDied:
                self._forget_process()
        raise SceneError(_CRASHED)

    def render(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Render the jobs of one scene, and give what is finished meanwhile, also of scenes before.

        Ends when all are rendered, or one has failed; some may still be being written then (see `finish`).
        """
        for job in jobs:
            failed = False
            for outcome in self._render(job):
                failed |= isinstance(outcome, Failed) and outcome.job.setting == job.setting
                yield outcome
            if failed:
                return

    def finish(self) -> Iterator[Outcome]:
        """Give what is still to come."""
        while self._taken or self._lost or self._finished:
            if self._finished:
                yield self._finished.popleft()
            elif self._lost:
                yield from self._render(self._lost.popleft())
            else:
                try:
                    self._finish(self._running().receive()[1])
                except ProcessDied:
                    self._forget_process()

    def end(self) -> None:
        """End the process once the frames that it has rendered are written."""
        if self._process is not None:
            process, self._process = self._process, None
            process.end()

    def stop(self) -> None:
        """Give up, from another thread than that which renders: what is rendered is written, the rest has failed."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.stop()

    def _render(self, job: Job) -> Iterator[Outcome]:
        failed = None
        try:
            process = self._running()
            self._taken[job.file] = job
            process.send("render", job)
            while failed is None:
                kind, value = process.receive()
                if kind == "taken":
                    break
                if kind == "failed":
                    del self._taken[job.file]
                    failed = value
                else:
                    self._finish(value)
                while self._finished:
                    yield self._finished.popleft()
        except ProcessDied:
            self._taken.pop(job.file, None)
            self._forget_process()
            failed = Failed(job, _CRASHED)
        if failed is not None:
            yield from self.finish()  # so that the failure is the last that is heard of the scene
            yield failed

    def _finish(self, outcome: Outcome) -> None:
        del self._taken[outcome.job.file]
        self._finished.append(outcome)

    def _running(self) -> RenderingProcess:
        if self._stopped:
            raise ProcessDied
        if self._process is not None and not self._process.alive:  # between two requests: the fault of neither
            self._forget_process()
        if self._process is None:
            self._process = RenderingProcess(self._keep_leftovers)
        return self._process

    def _forget_process(self) -> None:
        """The process died: what it had rendered and not yet written is to be rendered again, but not for ever."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.end()
        for file, job in self._taken.items():
            if file in self._lost_once:
                self._finished.append(Failed(job, _CRASHED))
            else:
                self._lost_once.add(file)
                self._lost.append(job)
        self._taken.clear()
