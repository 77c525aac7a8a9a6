"""The frames of a flight through a scene: of each, noisy renders and perhaps a reference, as training finds them.

A frame of the flight is a view folder of its own, so that `mcdenoise train` and `evaluate` can be run on it too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcdenoise.data.views import View
from mcdenoise.errors import FrameError, SceneError
from mcdenoise.exr import read_attributes
from mcdenoise.rendering.discovery import SceneFile, find_scenes, split_of
from mcdenoise.rendering.jobs import Description, Failed, Job, Setting
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.paths import Camera, Keyframe
from mcdenoise.rendering.seeds import REFERENCE_HALVES
from mcdenoise.rendering.variants import scalar_below

NOISY = ("r000", "r001")


def find_scene(source: str | Path) -> SceneFile:
    """The one scene that `source` names, see `discovery.find_scenes`. Raises SceneError if it is none, or several."""
    found = find_scenes([source])
    if len(found) > 1:
        raise SceneError(f"{source}: holds {len(found)} scenes, and one can be flown through: name one.", misuse=True)
    return found[0]


def describe(farm: LocalFarm, scene: SceneFile, size: tuple[int, int] | None, seed: int) -> tuple[Setting, Description]:
    """What is the same for all frames of a flight through `scene`, but for the variant, and what its files say.

    size: (width, height), or None for the scene's own. Raises SceneError.
    """
    path = scene.path.resolve()
    setting = Setting(path, scene.name, split_of(path), size, "box", seed, "auto")
    try:
        return setting, farm.describe(setting)
    except SceneError as error:
        raise SceneError(f"{path}: {error}") from None


def arc(farm: LocalFarm, setting: Setting) -> list[Keyframe]:
    """The path where none is given: a short one near the scene's own camera, see `cameras.arc`. Raises SceneError."""
    try:
        return farm.keyframes(setting)
    except SceneError as error:
        raise SceneError(f"{setting.path}: {error}") from None


def choose_variant(farm: LocalFarm, asked: str, samples: int) -> str:
    """What renders a flight of so many samples: as `mcdenoise render` chooses for a scene. Raises VariantError."""
    if asked == "auto" and samples < scalar_below(farm.cores):
        return "scalar_rgb"
    return farm.choose(asked).variant


@dataclass(frozen=True)
class Flight:
    """The flight along `cameras`, rendered by `farm` to `folder`/view000, view001, ...

    spp: samples per pixel of a noisy render. reference_spp: of both halves of a reference together, 0 for none.
    """

    farm: LocalFarm
    setting: Setting
    description: Description
    cameras: Sequence[Camera]
    spp: int
    folder: Path
    reference_spp: int = 0

    def view(self, frame: int) -> View:
        """The view of frame number `frame`, whose files that are missing are rendered. Raises SceneError."""
        names = (*NOISY, *REFERENCE_HALVES) if self.reference_spp else NOISY
        jobs = [self._job(frame, name) for name in names]
        missing = [job for job in jobs if not _is_there(job)]
        if missing:
            self._render(missing)
        files = [job.file for job in jobs]
        return View(files[0].parent, tuple(files[:2]), tuple(files[2:]), self.description.size, self.setting.split)

    def rate(self) -> float:
        """Samples a second that are rendered and written here, measured on a reference of the first frame.

        Raises SceneError.
        """
        self.view(0)  # with the scene loaded, and kernels compiled
        job = self._job(0, REFERENCE_HALVES[-1])
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
