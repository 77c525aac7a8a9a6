"""The frames of a flight through a scene: of each, noisy renders and two halves of a reference, as training finds them.

A frame of the flight is a view folder of its own, so that `mcdenoise train` and `evaluate` can be run on it too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcdenoise.data.views import View
from mcdenoise.errors import FrameError, SceneError
from mcdenoise.exr import read_attributes
from mcdenoise.rendering.jobs import Description, Failed, Job, Setting
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.paths import Camera

NOISY = ("r000", "r001")
_HALVES = ("ref_a", "ref_b")


@dataclass(frozen=True)
class Flight:
    """The flight along `cameras`, rendered by `farm` to `folder`/view000, view001, ...

    spp: samples per pixel of a noisy render. reference_spp: of both halves of a reference together.
    """

    farm: LocalFarm
    setting: Setting
    description: Description
    cameras: Sequence[Camera]
    spp: int
    reference_spp: int
    folder: Path

    def view(self, frame: int) -> View:
        """The view of frame number `frame`, whose files that are missing are rendered. Raises SceneError."""
        jobs = [self._job(frame, name) for name in (*NOISY, *_HALVES)]
        missing = [job for job in jobs if not _is_there(job)]
        if missing:
            self._render(missing)
        files = [job.file for job in jobs]
        return View(files[0].parent, tuple(files[:2]), tuple(files[2:]), self.description.size, self.setting.split)

    def rate(self) -> float:
        """Samples a second that are rendered and written here, measured on the first frame. Raises SceneError."""
        self.view(0)  # with the scene loaded, and kernels compiled
        job = self._job(0, _HALVES[-1])
        return job.samples / self._render([job])

    def samples(self, spp: int) -> int:
        """Samples of a frame at `spp` samples per pixel."""
        width, height = self.description.size
        return spp * width * height

    def _job(self, frame: int, name: str) -> Job:
        spp = self.spp if name in NOISY else -(-self.reference_spp // 2)
        camera = self.cameras[frame]
        identity = (self.description, self.setting, frame, name, spp, self.spp, camera)
        fingerprint = hashlib.blake2b(repr(identity).encode(), digest_size=16).hexdigest()
        file = self.folder / f"view{frame:03d}" / f"{name}.exr"
        size, digest = self.description.size, self.description.digest
        return Job(self.setting, digest, size, frame, name, spp, self.spp, file, fingerprint, camera)

    def _render(self, jobs: list[Job]) -> float:
        """Seconds that rendering and writing took."""
        outcomes = [*self.farm.render(jobs), *self.farm.finish()]
        for outcome in outcomes:
            if isinstance(outcome, Failed):
                raise SceneError(f"{self.setting.path}: frame {outcome.job.view} of the flight: {outcome.reason}")
        return sum(outcome.seconds for outcome in outcomes)


def _is_there(job: Job) -> bool:
    try:
        return job.file.exists() and read_attributes(job.file).get("fingerprint") == job.fingerprint
    except FrameError:
        return False
