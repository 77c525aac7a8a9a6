"""What all studies share: the folder of a study, the cells of its table, and how its time is spent on them.

A cell is one trained network in a folder of its own. All cells of a study are trained for as many steps: told, or as
many as the minutes allow on this machine, which is measured once and kept with the settings. So is the precision that
they learn in.
"""

import json
import platform
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mcdenoise import atomic
from mcdenoise.console import machine
from mcdenoise.errors import TrainingError
from mcdenoise.hardware import has_fast_bf16
from mcdenoise.studies.fitting import FitOptions, Fitted, Objective, fit, marks, seconds_a_step

_SHARE = 0.9  # of the minutes, for steps: the rest is for what is measured
_LEAST_STEPS = 10
_VERSIONS = ("mcdenoise", "torch", "numpy", "pillow", "mitsuba", "scikit-image")


@dataclass(frozen=True)
class Cell:
    """name: of its folder. network: makes it, untrained, the same each time. objective: what it is trained on.
    measure: what it is worth, by name, once it is trained. watch: one number to measure on the way, or None."""

    name: str
    network: Callable[[], nn.Module]
    objective: Objective
    measure: Callable[[nn.Module], dict[str, float]]
    watch: Callable[[nn.Module], float] | None = None


@dataclass(frozen=True)
class Outcome:
    """Of a cell: what was measured, how long its training took, and (step, seconds, value) of what was watched."""

    values: dict[str, float]
    seconds: float
    watched: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """Of a whole study: cell `number` of `cells`, called `cell`, stands at `step` of `steps`; finished: it is done.
    kept: it was done already."""

    cell: str
    number: int
    cells: int
    step: int
    steps: int
    finished: bool = False
    kept: bool = False


Report = Callable[[Progress], None]


class Study:
    """The folder `out` of the study `name` with these JSON-able `options`.

    What is there already is taken up; with other options it is refused. Raises TrainingError for that, and if the
    folder cannot be written. steps: of every cell, once decided.
    """

    def __init__(self, out: Path, name: str, options: Mapping[str, Any]):
        self.out = out
        self.path = out / "settings.json"
        given = json.loads(json.dumps({"study": name, "options": dict(options)}))
        try:
            out.mkdir(parents=True, exist_ok=True)
            atomic.remove_leftovers(out)
            there = self._read()
            if there is None:
                there = given | {"steps": options.get("steps"), "made": time.strftime("%Y-%m-%d")} | _where()
                self._write(there)
        except OSError as error:
            raise TrainingError(f"{out}: the folder of the study cannot be made: {error.strerror}.") from None
        self._refuse_others(there, given)
        self.settings = there

    @property
    def steps(self) -> int:
        return self.settings["steps"]

    def decide_steps(self, cells: Sequence[Cell], device: torch.device, minutes: float) -> None:
        """How many steps of every cell `minutes` allow, as measured here, and whether in bfloat16, where that is fast.

        What was decided before stays.
        """
        if "precision" not in self.settings:
            self.keep(precision="bf16" if has_fast_bf16(device) else "float32")
        if self.settings["steps"] is not None:
            return
        costs = {}
        for cell in cells:
            network = cell.network().to(memory_format=torch.channels_last)
            costs[cell.name] = seconds_a_step(network, cell.objective, device, self._bf16)
        steps = max(_LEAST_STEPS, int(60 * minutes * _SHARE / sum(costs.values())))
        self.keep(**{"steps": steps, "seconds a step": {name: round(cost, 4) for name, cost in costs.items()}})

    def learnt_from(self, batch: int, size: str) -> str:
        """The training of each cell, in words. size: of crops."""
        return f"{self.steps:,} step{'' if self.steps == 1 else 's'} of {batch} crops of {size}"

    @property
    def _bf16(self) -> bool:
        return self.settings.get("precision") == "bf16"

    def keep(self, **found: Any) -> None:
        """Write JSON-able values that were found here to the settings, for when the study goes on."""
        self.settings |= found
        self._write(self.settings)

    def run(self, cells: Sequence[Cell], device: torch.device, report: Report, points: int = 0) -> dict[str, Outcome]:
        """Train and measure the cells that are not finished yet, in their order; all outcomes by name.

        points: how often to watch each.
        """
        outcomes = {}
        for number, cell in enumerate(cells, start=1):
            folder = self.out / "cells" / cell.name
            place = (cell.name, number, len(cells))
            outcome = _read_outcome(folder, len(marks(self.steps, points)) if points else 0)
            kept = outcome is not None
            if outcome is None:
                outcome = self._train(cell, folder, device, points, lambda step, p=place: report(self._at(p, step)))
            outcomes[cell.name] = outcome
            report(Progress(*place, self.steps, self.steps, finished=True, kept=kept))
        return outcomes

    def network(self, cell: Cell, device: torch.device) -> nn.Module:
        """That of a finished cell, in evaluation mode."""
        return self._fit(cell, device, 0, lambda step: None).network

    def _train(
        self, cell: Cell, folder: Path, device: torch.device, points: int, report: Callable[[int], None]
    ) -> Outcome:
        fitted = self._fit(cell, device, points, report)
        outcome = Outcome(cell.measure(fitted.network), fitted.seconds, fitted.measured)
        text = {"values": outcome.values, "seconds": outcome.seconds, "watched": outcome.watched}
        atomic.write_text(folder / "outcome.json", json.dumps(text, indent=1) + "\n")
        return outcome

    def _fit(self, cell: Cell, device: torch.device, points: int, report: Callable[[int], None]) -> Fitted:
        options = FitOptions(self.steps, marks=marks(self.steps, points) if points else (), bf16=self._bf16)
        return fit(self.out / "cells" / cell.name, cell.network(), cell.objective, options, device, cell.watch, report)

    def _at(self, place: tuple[str, int, int], step: int) -> Progress:
        return Progress(*place, step, self.steps)

    def _read(self) -> dict[str, Any] | None:
        if not self.path.exists():
            if any(self.out.iterdir()):
                raise TrainingError(f"{self.out}: holds other files and no study: choose another --out.")
            return None
        try:
            there = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(there["options"], dict) or not isinstance(there["steps"], int | None):
                raise TypeError
            return there
        except (ValueError, TypeError, KeyError):
            raise TrainingError(f"{self.path}: is broken: remove {self.out} to start anew.") from None

    def _refuse_others(self, there: dict[str, Any], given: dict[str, Any]) -> None:
        if there.get("study") != given["study"]:
            raise TrainingError(f"{self.out}: holds the study {there.get('study')}: choose another --out.")
        names = there["options"].keys() | given["options"].keys()
        changed = [name for name in sorted(names) if there["options"].get(name) != given["options"].get(name)]
        if changed:
            said = ", ".join(f"{name} {there['options'].get(name)} -> {given['options'].get(name)}" for name in changed)
            raise TrainingError(f"{self.out} holds this study with other options ({said}): choose another --out.")

    def _write(self, settings: dict[str, Any]) -> None:
        atomic.write_text(self.path, json.dumps(settings, indent=1, ensure_ascii=False) + "\n")


def _read_outcome(folder: Path, points: int) -> Outcome | None:
    """What was measured, and watched at so many `points`; None if that is not there, or not whole."""
    try:
        there = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
        watched = [(int(step), float(seconds), float(value)) for step, seconds, value in there["watched"]]
        values = {name: float(value) for name, value in there["values"].items()}
        outcome = Outcome(values, float(there["seconds"]), watched)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # measured anew from the model that is there
    return outcome if values and len(watched) == points else None


def _where() -> dict[str, Any]:
    """Versions, machine, and the commit if this is a checkout."""
    versions = {"python": platform.python_version()}
    for name in _VERSIONS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    found = {"versions": versions, "machine": machine(), "threads": torch.get_num_threads()}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
        home = Path(__file__).resolve().parent
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=10, check=False)
        inside = (home.parent.parent / ".git").exists()  # and not a package within another project's checkout
        if inside and done.returncode == 0:
            found["commit"] = done.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        pass
    return found
