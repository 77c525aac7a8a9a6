"""A network that learns during the flight of the study: what it learns when, and what it makes of the frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mcdenoise.atomic import remove_leftovers
from mcdenoise.data.crops import CropDataset
from mcdenoise.data.views import View
from mcdenoise.errors import TrainingError
from mcdenoise.exr import read_frame, write_image
from mcdenoise.frame import Frame
from mcdenoise.networks.model_file import save_model
from mcdenoise.tonemap import exposure
from mcdenoise.training import checkpoint
from mcdenoise.training.learner import Learner

Plan = list[list[tuple[int, ...]]]
"""Of every frame of the flight, for each step that is taken before it is shown: which frames that step learns from."""


@dataclass(frozen=True)
class Costs:
    """Seconds on this machine: of the two noisy renders of a frame, of its reference, and of a step of training."""

    pair: float
    reference: float
    step: float

    def frame(self, steps: int) -> float:
        """What a frame takes with noisy targets: its two renders, and `steps` steps."""
        return self.pair + steps * self.step


def every_frame(frames: int, steps: int, window: int) -> Plan:
    """`steps` steps for each frame, from it and those just before it, `window` in all."""
    return [[tuple(range(max(0, n + 1 - window), n + 1))] * steps for n in range(frames)]


def equal_time(frames: int, steps: int, window: int, costs: Costs) -> Plan:
    """What clean targets allow in the time that `every_frame` takes with noisy ones.

    Both render two noisy images of every frame, which they show denoised. What is left of a frame's time, in which
    noisy targets take `steps` steps, goes to one thing after another: the reference of the frame that is current when
    it is begun; when that is done, as many steps, from it and the references before it, `window` in all; then the
    reference of the frame that is current by then. Steps count for the frame in which they end.
    """
    share = steps * costs.step
    plan: Plan = [[] for _ in range(frames)]
    finished: list[int] = []
    now = 0.0
    while now < frames * share:
        finished.append(int(now / share))
        now += costs.reference
        for k in range(steps):
            frame = math.ceil((now + (k + 1) * costs.step) / share - 1e-9) - 1
            if frame < frames:
                plan[frame].append(tuple(finished[-window:]))
        now += share
    return plan


class Flyer:
    """A learner that learns by `plan`, in `folder`: `frame000.exr`, ..., what it made of the frames, and a checkpoint.

    Killed at any time, it goes on behind the last frame that it finished, on a CPU to the same bytes. trained: its
    network was trained elsewhere, and is of use before its first step. frame: the number of the next one. Raises
    TrainingError if the folder cannot be written, or its checkpoint is broken.
    """

    def __init__(self, folder: Path, learner: Learner, trained: bool, plan: Plan):
        self.folder, self.learner, self.trained, self.plan = folder, learner, trained, plan
        try:
            folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(folder)
        except OSError as error:
            raise TrainingError(f"{folder}: cannot be made: {error.strerror}.") from None
        self._file = folder / "checkpoint.safetensors"
        self.frame = 0
        if self._file.exists():
            self.frame = checkpoint.read_state(self._file)["settings"]["frame"]
            learner.load(self._file)

    def advance(self, views: Sequence[View]) -> None:
        """Learn what the plan says for the next frame, denoise that, and keep both.

        views: of all frames up to it. Before its first step an untrained network is of no use, and the frame is shown
        as it was rendered. Raises TrainingError if the loss is not finite, or FrameError.
        """
        datasets: dict[tuple[int, ...], CropDataset] = {}
        for window in self.plan[self.frame]:
            if window not in datasets:
                datasets[window] = self.learner.dataset([views[k] for k in window])
            try:
                self.learner.learn(datasets[window])
            except TrainingError as error:
                raise TrainingError(f"{self.folder}: {error}") from None
        images = [self._shown(read_frame(file)) for file in views[self.frame].realizations]
        write_image(picture(self.folder, self.frame), np.mean(images, axis=0, dtype=np.float32), {})
        self.frame += 1
        self.learner.save(self._file, {"frame": self.frame})

    def save(self, path: Path) -> None:
        """Write the averaged network as a model file."""
        save_model(path, self.learner.averaged, {"steps": self.learner.step})

    def _shown(self, frame: Frame) -> np.ndarray:
        learner = self.learner
        return denoise(learner.averaged, frame, learner.device) if learner.step or self.trained else frame.radiance


def picture(folder: Path, frame: int) -> Path:
    """Where what was made of a frame lies."""
    return folder / f"frame{frame:03d}.exr"


@torch.no_grad()
def denoise(network: nn.Module, frame: Frame, device: torch.device) -> np.ndarray:
    """Linear radiance `[H, W, 3]`, float32 and not negative, that `network` makes of a frame of any size."""
    scale = exposure(frame.radiance)
    planes = np.concatenate([frame.radiance * np.float32(scale), frame.albedo, frame.normal], axis=2)
    height, width = planes.shape[:2]
    inputs = torch.from_numpy(planes.astype(np.float32)).permute(2, 0, 1)[None].to(device)
    inputs = F.pad(inputs, (0, -width % network.multiple, 0, -height % network.multiple), mode="replicate")
    output = network(inputs[:, :3], inputs[:, 3:6], inputs[:, 6:])[0, :, :height, :width]
    return (output.float().clamp(min=0) / scale).permute(1, 2, 0).cpu().numpy()
