"""Renders for studies: views to learn from, cut into training crops, and views of other scenes to judge by."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mcdenoise.data.crops import AS_RENDERED, CropDataset, Target
from mcdenoise.data.cutting import Batch
from mcdenoise.data.stored import read_checked
from mcdenoise.data.views import View, find_views
from mcdenoise.errors import DataError, FrameError
from mcdenoise.evaluation.metrics import psnr
from mcdenoise.exr import read_attributes
from mcdenoise.networks import create
from mcdenoise.tonemap import exposure, tonemap
from mcdenoise.training.loop import split_views

_MULTIPLE = 32


@dataclass(frozen=True)
class Tested:
    """A view to judge by. inputs: `[9, H, W]`, one realization brought to middle grey, and its features. reference:
    `[H, W, 3]` at the exposure of the input, and grey: the factor from there to its own middle grey. other: a second
    realization `[H, W, 3]` at the exposure of the input, independent of it, or None."""

    name: str
    inputs: Tensor
    reference: np.ndarray
    grey: float
    other: np.ndarray | None = None

    def psnr(self, radiance: np.ndarray) -> float:
        """PSNR in dB after tonemapping, of radiance `[H, W, 3]` at the exposure of the input."""
        return psnr(radiance * self.grey, self.reference * self.grey)

    def brightness(self, radiance: np.ndarray) -> float:
        """Mean of the tonemapped picture, relative to that of the reference: below 1, it is too dark."""
        return float(tonemap(radiance * self.grey).mean() / tonemap(self.reference * self.grey).mean())

    def tonemapped_limit(self) -> tuple[float, float] | None:
        """PSNR and brightness of the mean of tonemapped realizations, all that tonemapped targets can teach.

        With a and b independent, (T(a) - t)(T(b) - t) has the expectation (E T(y) - t)^2 for the tonemapped reference
        t: their noise cancels. None if there is no second realization, or that mean is not told apart from zero.
        """
        if self.other is None:
            return None
        a, b, t = (tonemap(one.astype(np.float64) * self.grey) for one in (self.noisy, self.other, self.reference))
        error = float(np.mean((a - t) * (b - t)))
        return (-10 * float(np.log10(error)), float((a + b).mean() / 2 / t.mean())) if error > 0 else None

    def shown(self, radiance: np.ndarray) -> np.ndarray:
        """The tonemapped picture, `[H, W, 3]` uint8."""
        return (tonemap(radiance * self.grey) * 255 + 0.5).astype(np.uint8)

    @property
    def noisy(self) -> np.ndarray:
        return self.inputs[:3].permute(1, 2, 0).numpy()


@dataclass(frozen=True)
class Renders:
    """learnt: views to learn from. tested: of other scenes. spp: of a realization. fingerprint: of which files."""

    learnt: list[View]
    tested: list[Tested]
    spp: int
    fingerprint: str


def load_renders(folder: Path, realizations: int, references: bool = False) -> Renders:
    """What is below `folder`, as `mcdenoise render` leaves it: of every view the first `realizations`.

    Tested are the views of scenes marked as validation (or every tenth view), of which those with references can be.
    references: whether views to learn from must have some too. Raises DataError if there are none to learn from, or
    none to test.
    """
    views = find_views(folder)
    training, validation = split_views(views)
    learnt = [
        dataclasses.replace(view, realizations=view.realizations[:realizations])
        for view in training
        if view.independent and len(view.realizations) >= realizations and (view.references or not references)
    ]
    if not learnt:
        wanted = f"{realizations} realizations" + (" and a reference" if references else "")
        raise DataError(
            f"{folder}: no view to learn from has {wanted}: render with --realizations {realizations}"
            + (" --reference-spp 256." if references else ".")
        )
    tested = [_tested(view) for view in validation if view.references and min(view.size) >= _MULTIPLE]
    if not tested:
        raise DataError(f"{folder}: no view of a validation scene has a reference: render one with --reference-spp.")
    hasher = hashlib.blake2b(digest_size=8)
    for view in (*learnt, *(view for view in validation if view.references)):
        for file in (*view.realizations, *view.references):
            hasher.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode(errors="surrogateescape"))
    return Renders(learnt, tested, spp_of(learnt[0].realizations[0]), hasher.hexdigest())


def spp_of(file: Path) -> int:
    """Samples per pixel of a frame, as its header says. Raises DataError if it does not."""
    spp = read_attributes(file).get("spp")
    if not isinstance(spp, int | float) or not spp > 0:
        raise DataError(f"{file}: its header does not say how many samples per pixel it has (spp).")
    return int(spp)


def crops(views: list[View], crop: int, seed: int, target: Target = "noisy") -> CropDataset:
    """Training crops of `views`; as the paper's, without features left out, blur, or other exposures."""
    return CropDataset(views, crop, seed, target, **AS_RENDERED)


def size_of(dataset: CropDataset) -> str:
    """Width and height of its crops, in words: less than what was asked for where frames are smaller."""
    height, width = dataset.shape
    return f"{width} x {height}"


def objective_of(
    dataset: CropDataset, batch: int, loss: Callable[[Tensor, Batch, float], Tensor], device: torch.device
) -> Callable[[nn.Module, int, float], Tensor]:
    """The objective that takes the next `batch` crops each step. loss: of prediction, batch and fraction done."""

    def objective(network: nn.Module, step: int, fraction: float) -> Tensor:
        drawn = dataset.batch(step * batch, batch).to(device)
        return loss(network(drawn.radiance, drawn.albedo, drawn.normal), drawn, fraction)

    return objective


def unet(seed: int, width: int, **config: str) -> Callable[[], nn.Module]:
    """Makes the paper's network, with the same weights each time."""
    return partial(_unet, seed, width, config)


def _unet(seed: int, width: int, config: dict[str, str]) -> nn.Module:
    torch.manual_seed(seed)
    return create("unet", width=width, **config)


@torch.no_grad()
def denoise(
    network: nn.Module,
    view: Tested,
    device: torch.device,
    decode: Callable[[Tensor], Tensor] = lambda output: output,
) -> np.ndarray:
    """Linear radiance `[H, W, 3]` at the exposure of the input. decode: from the network's output to radiance."""
    inputs = view.inputs[None].to(device)
    output = decode(network(inputs[:, :3], inputs[:, 3:6], inputs[:, 6:]))
    return output[0].float().cpu().numpy().transpose(1, 2, 0)


def mean_psnr(network: nn.Module, tested: Sequence[Tested], device: torch.device) -> float:
    """Over the tested views, in dB."""
    return float(np.mean([view.psnr(denoise(network, view, device)) for view in tested]))


def _tested(view: View) -> Tested:
    try:
        (radiance, features), *references = [read_checked(path) for path in (view.realizations[0], *view.references)]
        other = read_checked(view.realizations[1])[0].permute(1, 2, 0).numpy() if view.independent else None
    except FrameError as error:
        raise DataError(str(error)) from None
    reference = np.mean([one[0].permute(1, 2, 0).numpy() for one in references], axis=0)
    scale = exposure(radiance.permute(1, 2, 0).numpy())
    height, width = (size // _MULTIPLE * _MULTIPLE for size in radiance.shape[1:])
    top, left = (radiance.shape[1] - height) // 2, (radiance.shape[2] - width) // 2
    window = np.s_[top : top + height, left : left + width]
    inputs = torch.cat([radiance * scale, features.float()])[(slice(None), *window)]
    name = f"{view.folder.parent.name} {view.folder.name}"
    pair = None if other is None else (other * scale)[window]
    return Tested(name, inputs, (reference * scale)[window], exposure(reference) / scale, pair)
