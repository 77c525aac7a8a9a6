"""What is asked of a rendering process, and what it answers: plain data that travels between processes and machines."""

from dataclasses import dataclass
from pathlib import Path

from mcdenoise.rendering.paths import Camera


@dataclass(frozen=True)
class Setting:
    """What is the same for all frames of a scene. variant: Mitsuba's, or `auto` while it is not chosen yet."""

    path: Path
    name: str
    split: str
    size: tuple[int, int] | None
    pixel_filter: str
    seed: int
    variant: str


@dataclass(frozen=True)
class Description:
    """What a scene's files say: a hash of them, the size of its frames, its integrator, and Mitsuba's version."""

    digest: str
    size: tuple[int, int]
    integrator: str
    mitsuba_version: str


@dataclass(frozen=True)
class Job:
    """One frame to render.

    name: `r000`, ..., `ref_a`, `ref_b`, `t000` or `t001`. spp: its own; view_spp: that of the realizations. camera: the
    camera-to-world matrix to render from, or None for that which the number `view` stands for.
    """

    setting: Setting
    digest: str
    size: tuple[int, int]
    view: int
    name: str
    spp: int
    view_spp: int
    file: Path
    fingerprint: str
    camera: Camera | None = None

    @property
    def samples(self) -> int:
        """Samples of the whole frame."""
        return self.spp * self.size[0] * self.size[1]


@dataclass(frozen=True)
class Rendered:
    """A job whose frame lies in its file: the seconds it took, and the pixels without finite radiance from Mitsuba."""

    job: Job
    seconds: float
    invalid_pixels: int


@dataclass(frozen=True)
class Failed:
    """A job that cannot be done, and with it what remains of its scene: the reason, in one sentence."""

    job: Job
    reason: str


Outcome = Rendered | Failed
