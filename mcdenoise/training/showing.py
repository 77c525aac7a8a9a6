"""Showing how a run goes while it goes: when, of which crops, and where what was shown is kept."""

import json
import logging
import time
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from mcdenoise.atomic import replacing
from mcdenoise.tensorfile import write_tensors
from mcdenoise.tonemap import display, exposure
from mcdenoise.training.chart import Curve
from mcdenoise.training.progress_picture import CELL, Moment, Strip, draw, thin
from mcdenoise.training.validation import Validation, denoise

_log = logging.getLogger(__name__)

PICTURE, KEPT = "progress.png", "progress.safetensors"

_FORMAT = "mcdenoise-progress-1"
_MOST_CROPS = 3
_SHARE = 0.01
_GROWTH = 1.1
_MEASURED = {
    "cross": "relative MSE, estimated without a reference",
    "held-back": "relative squared distance to a held-back frame",
    "reference": "relative MSE to the reference",
}


class Showing:
    """Writes `out/progress.png`, and before and after of its crops to TensorBoard, as training goes on.

    Shown are the middle parts of up to three validation views, at their own exposure. The pictures of a strip are kept
    in `out/progress.safetensors`, where a run that goes on at `step` finds those up to there.

    Nothing that goes wrong here ends a run: it is said once. No random numbers are drawn, and the network is not
    changed.
    """

    def __init__(self, out: Path, validation: Validation, multiple: int, step: int):
        self._out = out
        self._validation = validation
        picked = np.unique(np.linspace(0, len(validation.examples) - 1, _MOST_CROPS).round().astype(int))
        self._crops = [validation.examples[i].middle(CELL, multiple) for i in picked if validation.examples]
        radiance = [crop.inputs[:3].permute(1, 2, 0).numpy() for crop in self._crops]
        self._scales = [exposure(noisy) for noisy in radiance]
        frames = {crop.frames for crop in self._crops}
        mean = "mean of the others" if frames != {1} else "the one held back"
        self._strip = Strip(
            [crop.name for crop in self._crops],
            [display(noisy, scale) for noisy, scale in zip(radiance, self._scales, strict=True)],
            [validation.error(crop, noisy) for crop, noisy in zip(self._crops, radiance, strict=True)],
            [display(crop.expected, scale) for crop, scale in zip(self._crops, self._scales, strict=True)],
            "reference" if validation.kind == "reference" else mean,
            [],
        )
        if step > 0 and self._crops:
            self._strip.moments.extend(moment for moment in self._kept() if moment.step <= step)
        self._failed = False
        self._schedule = Schedule()

    def due(self, fraction: float) -> bool:
        """Whether to show a run of which `fraction` is done; to be asked after every step."""
        return self._schedule.due(fraction, time.monotonic())

    def show(
        self,
        step: int,
        fraction: float,
        network: nn.Module,
        device: torch.device,
        autocast: torch.autocast,
        losses: tuple[np.ndarray, np.ndarray],
        validations: tuple[np.ndarray, np.ndarray],
        board: SummaryWriter,
    ) -> None:
        """Show `network`, in evaluation mode, as it is after `step`; losses, validations: (steps, values) so far."""
        started = time.monotonic()
        try:
            if self._crops:
                self._add(step, network, device, autocast, board)
            curves = [Curve("loss", "as in train.csv, and smoothed", *losses, "#2f5d8a", "#c6d5e4")]
            if self._crops:
                note = _MEASURED[self._validation.kind]
                curves.append(Curve("validation", note, *validations, "#a4552c", "#e6cfc1"))
            title = f"{self._out.absolute().name}, {step:,} step{'s' if step != 1 else ''}"
            picture = draw(title, curves, self._strip)
            with replacing(self._out / PICTURE) as temporary:
                picture.save(temporary, compress_level=1)
            if self._crops:
                self._keep()
        except Exception as error:  # whatever it is, the run is worth more than its picture
            if not self._failed:
                said = (str(error).strip().splitlines() or [""])[0]
                _log.warning("%s: cannot be drawn (%s: %s).", self._out / PICTURE, type(error).__name__, said)
            self._failed = True
        ended = time.monotonic()
        self._schedule.shown(fraction, ended, ended - started)

    def _add(
        self, step: int, network: nn.Module, device: torch.device, autocast: torch.autocast, board: SummaryWriter
    ) -> None:
        outputs = [denoise(crop, network, device, autocast) for crop in self._crops]
        pictures = [display(output, scale) for output, scale in zip(outputs, self._scales, strict=True)]
        errors = [self._validation.error(crop, output) for crop, output in zip(self._crops, outputs, strict=True)]
        self._strip.moments[:] = thin([*self._strip.moments, Moment(step, pictures, errors)])
        for number, (name, before, after) in enumerate(
            zip(self._strip.names, self._strip.inputs, pictures, strict=True)
        ):
            pair = np.concatenate([before, after], axis=1)
            board.add_image(f"before and after/{number} {name}", pair, step, dataformats="HWC")

    def _keep(self) -> None:
        tensors = {f"input.{row}": picture for row, picture in enumerate(self._strip.inputs)}
        for moment in self._strip.moments:
            tensors |= {f"{moment.step}.{row}": picture for row, picture in enumerate(moment.pictures)}
        errors_of = {moment.step: moment.errors for moment in self._strip.moments}
        metadata = {"format": _FORMAT, "errors": json.dumps(errors_of)}
        write_tensors(
            self._out / KEPT, {name: torch.from_numpy(array).contiguous() for name, array in tensors.items()}, metadata
        )

    def _kept(self) -> list[Moment]:
        """What was shown before, by increasing steps; nothing, with a warning, if the file is broken or of others."""
        path = self._out / KEPT
        rows = range(len(self._crops))
        try:
            with safe_open(path, framework="np") as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != _FORMAT:
                    raise ValueError(f"it does not say {_FORMAT}")
                for row, shown in enumerate(self._strip.inputs):
                    if not np.array_equal(file.get_tensor(f"input.{row}"), shown):
                        raise ValueError("it is of other crops")
                moments = []
                for step, errors in json.loads(metadata["errors"]).items():
                    pictures = [file.get_tensor(f"{step}.{row}") for row in rows]
                    moments.append(Moment(int(step), pictures, [float(errors[row]) for row in rows]))
            for moment in moments:
                for picture, shown in zip(moment.pictures, self._strip.inputs, strict=True):
                    if (picture.dtype, picture.shape) != (shown.dtype, shown.shape):
                        raise ValueError("its pictures are of other sizes")
            return sorted((moment for moment in moments if moment.step > 0), key=lambda moment: moment.step)
        except (SafetensorError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            _log.warning("%s: earlier crops are lost to %s (%s).", path, PICTURE, said)
            return []


class Schedule:
    """When to show: at the first step that is asked for, at the end, and between them at growing intervals.

    Each is later than the one before by a tenth of it or more: by so much more that all together take less than 1% of
    the time that is expected of the run. Where the first and the last alone take more, there are no others.
    """

    def __init__(self):
        self._first: tuple[float, float] | None = None
        self._last = self._cost = self._spent = 0.0

    def due(self, fraction: float, now: float) -> bool:
        """Whether to show at the time `now`, in seconds of any clock, when `fraction` of the run is done."""
        if self._first is None or fraction >= 1:
            return True
        done, passed = fraction - self._first[0], now - self._first[1]
        if done <= 0:
            return False
        expected = passed / done * (1 - self._first[0])
        payable = (_SHARE * expected - self._spent) / max(self._cost, 1e-6)
        # One of them is for the end; the others divide the way there into equal ratios.
        return payable >= 2 and fraction >= self._last * max(_GROWTH, (1 / self._last) ** (1 / payable))

    def shown(self, fraction: float, now: float, cost: float) -> None:
        """Say that it was shown at `fraction`, which ended at the time `now` and took `cost` seconds."""
        self._cost = cost
        self._spent += cost
        self._last = fraction
        self._first = self._first or (fraction, now)
