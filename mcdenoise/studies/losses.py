"""Which loss, and what of it may be tonemapped: learning to denoise renders from targets as noisy as the inputs.

Lehtinen et al. 2018 (arXiv 1803.04189v3), section 3.3 and figure 6: the relative loss `hdr` beats l2, whose sum a few
bright pixels own; a tonemapped input helps; a tonemapped target is wrong, as the mean of T(y) is not T of the mean of
y: what is learnt from it is too dark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from mcdenoise.cli import main
from mcdenoise.console import show_study
from mcdenoise.data.cutting import Batch
from mcdenoise.hardware import choose_device
from mcdenoise.studies.cells import Cell, Outcome, Report, Study
from mcdenoise.studies.figure import write_sheet
from mcdenoise.studies.options import (
    device_option,
    full_option,
    minutes_option,
    out_option,
    renders_argument,
    seed_option,
    steps_option,
)
from mcdenoise.studies.renders import Renders, crops, denoise, load_renders, objective_of, size_of, unet
from mcdenoise.studies.sizes import FULL, SMALL, Sizes
from mcdenoise.studies.table import Column, write_table
from mcdenoise.tonemap import tonemap
from mcdenoise.training.losses import loss_at

NAME = "losses"
_PAPER_INPUT = 11.32
_BRIGHTEST = 0.999  # of tonemapped radiance, above which its inverse is not to be believed
_COLUMNS = (
    Column("loss", "loss"),
    Column("input", "input"),
    Column("target", "target"),
    Column("output", "output"),
    Column("psnr", "PSNR, dB"),
    Column("brightness", "brightness"),
    Column("paper", "paper, dB"),
)


@dataclass(frozen=True)
class Case:
    """loss: its name. input, target: whether each is tonemapped. paper: PSNR in dB of figure 6 there, if it has it.
    output: what the network's last layer is, as of `UNet`; the paper's is linear."""

    loss: str
    input: bool
    target: bool
    paper: float | None = None
    output: str = "linear"

    @property
    def name(self) -> str:
        name = f"{self.loss}-{'Tx' if self.input else 'x'}-{'Ty' if self.target else 'y'}"
        return name if self.output == "linear" else f"{name}-{self.output}"

    @property
    def title(self) -> str:
        title = f"{self.loss}, {'T(x)' if self.input else 'x'}, {'T(y)' if self.target else 'y'}"
        return title if self.output == "linear" else f"{title}, {self.output}"

    def loss_of(self, prediction: Tensor, batch: Batch, fraction: float) -> Tensor:
        """With a tonemapped target, what the network predicts is tonemapped radiance."""
        target = tonemap(batch.target) if self.target else batch.target
        return loss_at(self.loss, fraction)(prediction, target)

    def decode(self, output: Tensor) -> Tensor:
        """Radiance from the network's output."""
        if not self.target:
            return output
        powered = output.clip(0, _BRIGHTEST) ** 2.2
        return powered / (1 - powered)


PAPERS = (
    Case("l2", False, False, 25.46),
    Case("l2", True, False, 25.39),
    Case("l2", True, True, 15.50),
    Case("hdr", False, False, 29.05),
    Case("hdr", True, False, 30.09),
)
OTHERS = (
    Case("l2", False, True),
    Case("hdr", False, True),
    Case("hdr", True, True),
    Case("hdr", True, False, output="log"),
)
"""What the paper does not show. A logarithmic output needs a tonemapped input: of bright pixels it overflows."""
CASES = {case.name: case for case in PAPERS + OTHERS}


def run(
    renders: Path,
    out: Path,
    cases: Iterable[str] = tuple(case.name for case in PAPERS),
    minutes: float = 18.0,
    steps: int | None = None,
    sizes: Sizes = SMALL,
    seed: int = 0,
    device: str = "auto",
    report: Report = lambda progress: None,
) -> list[Path]:
    """Run the study of the folder `renders` in the folder `out`, or go on with it; the files that say what came out.

    cases: names in CASES. minutes: of training, over all cells, unless `steps` of each are told. Raises DataError or
    TrainingError.
    """
    place = choose_device(device)
    wanted = set(cases)
    chosen = [case for name, case in CASES.items() if name in wanted]
    data = load_renders(renders, 2)
    options = {
        "cases": [case.name for case in chosen],
        "minutes": None if steps else minutes,
        "steps": steps,
        "seed": seed,
        "width": sizes.width,
        "crop": sizes.crop,
        "batch": sizes.batch,
        "renders": data.fingerprint,
    }
    study = Study(out, NAME, options)
    cells = [_cell(case, data, sizes, seed, place) for case in chosen]
    study.decide_steps(cells, place, minutes)
    outcomes = study.run(cells, place, report)
    size = size_of(crops(data.learnt, sizes.crop, seed))
    notes = [
        f"Means over {len(data.tested)} views of scenes never trained on, {data.spp} spp, PSNR after tonemapping with "
        "T(v) = (v / (1 + v))^(1/2.2). T(x): a tonemapped input, T(y): a tonemapped target. Output: whether the "
        "network's last layer is radiance (linear) or radiance on a logarithmic curve (log). Brightness: mean of the "
        "tonemapped result, relative to that of the reference.",
        f"A U-Net of width {sizes.width}, {study.learnt_from(sizes.batch, size)} "
        f"from {len(data.learnt)} views with two renders of {data.spp} spp each, on {study.settings['machine']}.",
        "The paper: arXiv 1803.04189v3, figure 6, one picture of another scene at 8 spp.",
    ]
    limits = [limit for view in data.tested if (limit := view.tonemapped_limit()) is not None]
    if limits:
        decibels, brightness = np.mean(limits, axis=0)
        notes.insert(
            1,
            f"Who has learnt all that tonemapped targets tell, the mean of T(y), has {decibels:.2f} dB and a "
            f"brightness of {brightness:.2f} here (measured from two renders of each of {len(limits)} tested views, "
            "whose noise cancels).",
        )
    files = write_table(out, _COLUMNS, _rows(chosen, outcomes, data), "Losses for noisy targets", notes)
    networks = {case.name: study.network(cell, place) for case, cell in zip(chosen, cells, strict=True)}
    return [*files, _figure(out / "figure.png", chosen, networks, data, place), study.path]


def _cell(case: Case, data: Renders, sizes: Sizes, seed: int, device: torch.device) -> Cell:
    def measure(network: nn.Module) -> dict[str, float]:
        made = [(view, denoise(network, view, device, case.decode)) for view in data.tested]
        return {
            "psnr": float(np.mean([view.psnr(radiance) for view, radiance in made])),
            "brightness": float(np.mean([view.brightness(radiance) for view, radiance in made])),
        }

    seen = "tonemapped" if case.input else "linear"
    return Cell(
        case.name,
        unet(seed, sizes.width, output=case.output, input=seen),
        objective_of(crops(data.learnt, sizes.crop, seed), sizes.batch, case.loss_of, device),
        measure,
    )


def _rows(cases: Sequence[Case], outcomes: dict[str, Outcome], data: Renders) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            "loss": "noisy input",
            "psnr": float(np.mean([view.psnr(view.noisy) for view in data.tested])),
            "brightness": float(np.mean([view.brightness(view.noisy) for view in data.tested])),
            "paper": _PAPER_INPUT,
        }
    ]
    for case in cases:
        what = {"loss": case.loss, "input": "T(x)" if case.input else "x", "target": "T(y)" if case.target else "y"}
        what["output"] = case.output
        rows.append(what | outcomes[case.name].values | {"paper": case.paper})
    return rows


def _figure(
    path: Path, cases: Sequence[Case], networks: dict[str, nn.Module], data: Renders, device: torch.device
) -> Path:
    heads = [case.title for case in cases]
    scenes = {view.name.partition(" ")[0]: view for view in reversed(data.tested)}  # the first view of each
    rows = []
    for scene, view in sorted(scenes.items()):
        made = [denoise(networks[case.name], view, device, case.decode) for case in cases]
        shown = [(view.shown(radiance), f"{view.psnr(radiance):.2f} dB") for radiance in (view.noisy, *made)]
        rows.append((scene, [*shown, (view.shown(view.reference), "")]))
    return write_sheet(path, [f"input, {data.spp} spp", *heads, "reference"], rows)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@renders_argument
@click.option(
    "--only",
    multiple=True,
    metavar="CASE",
    type=click.Choice(list(CASES)),
    help=f"This case alone, or several of them: {', '.join(CASES)} [default: the first {len(PAPERS)}, the paper's].",
)
@click.option("--all", "everything", is_flag=True, help="Also the cases that the paper does not show.")
@full_option
@minutes_option(18)
@steps_option
@seed_option
@device_option
@out_option(NAME)
def command(
    renders: Path,
    only: tuple[str, ...],
    everything: bool,
    full: bool,
    minutes: float,
    steps: int | None,
    seed: int,
    device: str,
    out: Path,
) -> None:
    """Learn to denoise the renders in the folder RENDERS with several losses, from noisy targets.

    Views need two realizations, and those of scenes marked as validation a reference.

    \b
    Examples:
      mcdenoise render scenes --spp 2 --views 4 --reference-spp 256 --size 128 96 --out renders/study
      python -m mcdenoise.studies.losses renders/study
      python -m mcdenoise.studies.losses renders/study --only hdr-x-y --only hdr-Tx-y --out studies/input
      python -m mcdenoise.studies.losses renders/study --all --full --minutes 300 --device cuda
    """
    if only and everything:
        raise click.UsageError("--only and --all contradict each other: give one.")
    sizes = FULL if full else SMALL
    cases = only or [case.name for case in (PAPERS + OTHERS if everything else PAPERS)]
    show_study(lambda report: run(renders, out, cases, minutes, steps, sizes, seed, device, report))


if __name__ == "__main__":
    main(command, f"python -m mcdenoise.studies.{NAME}")
