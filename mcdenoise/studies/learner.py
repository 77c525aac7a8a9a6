"""A network that learns while a camera moves: some steps for every frame, then it denoises the frame, and goes on."""

import copy
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.atomic import remove_leftovers
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.crops import CropDataset, Target
from mcdenoise.data.views import View
from mcdenoise.errors import TrainingError
from mcdenoise.exr import read_frame, write_image
from mcdenoise.frame import Frame
from mcdenoise.networks.model_file import save_model
from mcdenoise.studies.fitting import update_average
from mcdenoise.tonemap import exposure
from mcdenoise.training import checkpoint
from mcdenoise.training.losses import hdr

Plan = list[list[tuple[int, ...]]]
"""Of every frame of the flight, for each step that is taken before it is shown: which frames that step learns from."""

_RAMP = 50  # steps until the learning rate is at its height
_AVERAGE = 0.98  # decay of the moving average of the weights: of the last few frames
_CLIP = 1.0


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


class Learner:
    """A network that learns by `plan`, in `folder`: `frame000.exr`, ..., what it made of the frames, and a checkpoint.

    Killed at any time, it goes on behind the last frame that it finished, on a CPU to the same bytes. network:
    untrained, or `trained` elsewhere: then it is of use before its first step. target: what it learns from. crop: side
    of training crops in pixels. batch: of them a step. frame: the number of the next one. Raises TrainingError if the
    folder cannot be written, or its checkpoint is broken.
    """

    def __init__(
        self,
        folder: Path,
        network: nn.Module,
        trained: bool,
        plan: Plan,
        target: Target,
        crop: int,
        batch: int,
        learning_rate: float,
        seed: int,
        device: torch.device,
        cache: FrameCache,
    ):
        self.folder, self.plan, self.target, self.trained = folder, plan, target, trained
        self.crop, self.batch, self.learning_rate, self.seed = crop, batch, learning_rate, seed
        self.device, self.cache = device, cache
        try:
            folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(folder)
        except OSError as error:
            raise TrainingError(f"{folder}: cannot be made: {error.strerror}.") from None
        self.network = network.to(device).train()
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        self._optimizer = torch.optim.Adam(self.network.parameters(), lr=learning_rate, betas=(0.9, 0.99))
        self._file = folder / "checkpoint.safetensors"
        self.frame = self.step = 0
        if self._file.exists():
            state = checkpoint.read_state(self._file)
            self.frame, self.step = state["settings"]["frame"], state["step"]
            if self.step:  # before the first, Adam has nothing to go on with, and weights are those given
                checkpoint.load(self._file, self.network, self.averaged.state_dict(), self._optimizer)

    def advance(self, views: Sequence[View]) -> None:
        """Learn what the plan says for the next frame, denoise that, and keep both.

        views: of all frames up to it. Before its first step an untrained network is of no use, and the frame is shown
        as it was rendered. Raises TrainingError if the loss is not finite, or FrameError.
        """
        datasets: dict[tuple[int, ...], CropDataset] = {}
        for window in self.plan[self.frame]:
            if window not in datasets:
                datasets[window] = self.dataset([views[k] for k in window])
            self._learn(datasets[window])
        images = [self._shown(read_frame(file)) for file in views[self.frame].realizations]
        write_image(picture(self.folder, self.frame), np.mean(images, axis=0, dtype=np.float32), {})
        self.frame += 1
        state = {"settings": {"frame": self.frame}, "step": self.step, "seconds": 0.0, "finished": False}
        state |= {"validation": None, "validation_kind": None, "next_validation": 0.0}
        checkpoint.save(self._file, self.network, self.averaged.state_dict(), self._optimizer, state)

    def save(self, path: Path) -> None:
        """Write the averaged network as a model file."""
        save_model(path, self.averaged, {"steps": self.step})

    def loss(self, network: nn.Module, dataset: CropDataset, step: int) -> Tensor:
        """`hdr` of the crops of step number `step`."""
        drawn = dataset.batch(step * self.batch, self.batch).to(self.device)
        return hdr(network(drawn.radiance, drawn.albedo, drawn.normal), drawn.target)

    def dataset(self, views: list[View]) -> CropDataset:
        """Crops, flipped, turned and with permuted colours; an input is one render, whatever the target is."""
        if self.target == "reference":
            views = [dataclasses.replace(view, independent=False) for view in views]
        options = {"exposure_stops": 0.0, "feature_dropout": 0.0, "filter_blur": 0.0}
        return CropDataset(views, self.crop, self.seed, self.target, **options, cache=self.cache)

    def _learn(self, dataset: CropDataset) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self.learning_rate * min(1.0, (self.step + 1) / _RAMP)
        loss = self.loss(self.network, dataset, self.step)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        if not (math.isfinite(float(loss.detach())) and math.isfinite(float(norm))):
            raise TrainingError(f"{self.folder}: the loss became {float(loss.detach())} at step {self.step + 1}.")
        self._optimizer.step()
        self.step += 1
        decay = min(_AVERAGE, (1 + self.step) / (10 + self.step))
        update_average(self.averaged.state_dict(), self.network, decay)

    def _shown(self, frame: Frame) -> np.ndarray:
        return denoise(self.averaged, frame, self.device) if self.step or self.trained else frame.radiance


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
