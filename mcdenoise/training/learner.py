"""A network that learns step by step from whichever views are there: for learning while a camera moves."""

import copy
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mcdenoise.data.cache import FrameCache
from mcdenoise.data.crops import AS_RENDERED, CropDataset, Target
from mcdenoise.data.views import View
from mcdenoise.errors import TrainingError
from mcdenoise.hardware import convolutions_in_bf16
from mcdenoise.training import checkpoint
from mcdenoise.training.average import update_average
from mcdenoise.training.losses import loss_at

_RAMP = 50  # steps until the learning rate is at its height
_AVERAGE = 0.98  # decay of the moving average of the weights: of the last few frames
_CLIP = 1.0


@dataclass(frozen=True)
class Learning:
    """How a learner takes its steps. crop: side of training crops in pixels. batch: of them a step. learning_rate:
    Adam's, at its height. seed: of the crops. target: what is learnt from. loss: name in LOSSES. bf16: whether
    convolutions are in bfloat16."""

    crop: int
    batch: int
    learning_rate: float
    seed: int
    target: Target = "noisy"
    loss: str = "hdr"
    bf16: bool = False


class Learner:
    """`network` on `device` as it learns, and as `averaged`, in evaluation mode, its moving average, which is shown.

    step: how many were taken. The same steps lead to the same weights on a CPU, and so do `save` and `load` between
    them. cache: where decoded frames are kept.
    """

    def __init__(self, network: nn.Module, learning: Learning, device: torch.device, cache: FrameCache):
        self.learning, self.device, self.step = learning, device, 0
        self.network = network.to(device).train()
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        self._cache = cache
        self._optimizer = torch.optim.Adam(self.network.parameters(), lr=learning.learning_rate, betas=(0.9, 0.99))

    def dataset(self, views: list[View]) -> CropDataset:
        """Crops, flipped, turned and with permuted colours; an input is one render, whatever the target is."""
        if self.learning.target == "reference":
            views = [dataclasses.replace(view, independent=False) for view in views]
        options = AS_RENDERED | {"multiple": self.network.multiple}
        learning = self.learning
        return CropDataset(views, learning.crop, learning.seed, learning.target, **options, cache=self._cache)

    def loss(self, network: nn.Module, dataset: CropDataset, step: int, fraction: float = 0.0) -> Tensor:
        """Of `network` on the crops of step number `step`, when `fraction` of the steps to come is done."""
        batch = self.learning.batch
        drawn = dataset.batch(step * batch, batch).to(self.device)
        with convolutions_in_bf16(self.device, self.learning.bf16):
            prediction = network(drawn.radiance, drawn.albedo, drawn.normal)
        return loss_at(self.learning.loss, fraction)(prediction.float(), drawn.target)

    def learn(self, dataset: CropDataset, fraction: float = 0.0) -> float:
        """Take a step on crops of `dataset`, and give its loss. Raises TrainingError if that is not finite."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.learning.learning_rate * min(1.0, (self.step + 1) / _RAMP)
        loss = self.loss(self.network, dataset, self.step, fraction)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(float(norm))):
            raise TrainingError(f"the loss became {value} at step {self.step + 1}: try a smaller --learning-rate.")
        self._optimizer.step()
        self.step += 1
        update_average(self.averaged.state_dict(), self.network, self.step, _AVERAGE)
        return value

    def save(self, file: Path, state: dict[str, Any], finished: bool = False) -> None:
        """Write a checkpoint that also holds a JSON-able `state`, whole or not at all. Raises TrainingError."""
        kept = {"settings": state, "step": self.step, "seconds": 0.0, "finished": finished}
        kept |= {"validation": None, "validation_kind": None, "next_validation": 0.0}
        checkpoint.save(file, self.network, self.averaged.state_dict(), self._optimizer, kept)

    def load(self, file: Path) -> None:
        """Go on from a checkpoint. Raises TrainingError if it is broken, or of another network."""
        self.step = checkpoint.read_state(file)["step"]
        if self.step:  # before the first, Adam has nothing to go on with, and weights are those given
            checkpoint.load(file, self.network, self.averaged.state_dict(), self._optimizer)
