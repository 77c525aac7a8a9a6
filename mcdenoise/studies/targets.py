"""Noisy targets beside clean ones, for renders: quality against steps, and against all that it cost.

Lehtinen et al. 2018 (arXiv 1803.04189v3), section 3.3: a network trained with noisy targets comes as far as one trained
with clean ones, only in more steps, while clean targets take thousands of times as long to render. Both kinds of
training get the same network from the same weights, the same noisy renders as inputs, and as many steps.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click
from torch import Tensor

from mcdenoise.cli import main
from mcdenoise.console import show_study
from mcdenoise.data.cutting import Batch
from mcdenoise.data.views import View
from mcdenoise.hardware import choose_device
from mcdenoise.studies.cells import Cell, Outcome, Report, Study
from mcdenoise.studies.figure import Line, write_charts
from mcdenoise.studies.options import (
    device_option,
    full_option,
    minutes_option,
    out_option,
    renders_argument,
    seed_option,
    steps_option,
)
from mcdenoise.studies.renders import crops, load_renders, mean_psnr, objective_of, size_of, spp_of, unet
from mcdenoise.studies.sizes import FULL, SMALL, Sizes
from mcdenoise.studies.table import Column, write_table
from mcdenoise.training.losses import hdr

NAME = "targets"
_POINTS = 12
_RATE = 0.27
_COLUMNS = (
    Column("step", "step"),
    Column("noisy", "noisy targets, dB"),
    Column("clean", "clean targets, dB"),
    Column("difference", "difference, dB", "+.2f"),
    Column("noisy_training", "noisy, training s", ".0f"),
    Column("clean_training", "clean, training s", ".0f"),
    Column("noisy_cost", "noisy, with rendering s", ".0f"),
    Column("clean_cost", "clean, with rendering s", ".0f"),
)


def run(
    renders: Path,
    out: Path,
    rate: float | None = None,
    minutes: float = 18.0,
    steps: int | None = None,
    sizes: Sizes = SMALL,
    seed: int = 0,
    device: str = "auto",
    report: Report = lambda progress: None,
) -> list[Path]:
    """Run the study of the folder `renders` in the folder `out`, or go on with it; the files that say what came out.

    rate: millions of samples a second that the renderer makes, by which samples become seconds; None for what was told
    before in this folder, or else 0.27. A finished study can be written anew with another one. minutes: of training,
    over both cells, unless `steps` of each are told. Raises DataError or TrainingError.
    """
    place = choose_device(device)
    data = load_renders(renders, 2, references=True)
    options = {
        "minutes": None if steps else minutes,
        "steps": steps,
        "seed": seed,
        "width": sizes.width,
        "crop": sizes.crop,
        "batch": sizes.batch,
        "renders": data.fingerprint,
    }
    study = Study(out, NAME, options)
    rate = rate or study.settings.get("rate", _RATE)
    study.keep(rate=rate)  # no option: what is learnt does not depend on it
    datasets = {
        "noisy": crops(data.learnt, sizes.crop, seed),
        "clean": crops(alone(data.learnt), sizes.crop, seed, "reference"),
    }

    def loss(prediction: Tensor, batch: Batch, fraction: float) -> Tensor:
        return hdr(prediction, batch.target)

    cells = [
        Cell(
            name,
            unet(seed, sizes.width),
            objective_of(dataset, sizes.batch, loss, place),
            lambda network: {"psnr": mean_psnr(network, data.tested, place)},
            lambda network: mean_psnr(network, data.tested, place),
        )
        for name, dataset in datasets.items()
    ]
    study.decide_steps(cells, place, minutes)
    outcomes = study.run(cells, place, report, _POINTS)
    seconds = {name: count / (1e6 * rate) for name, count in samples(data.learnt).items()}
    rows = _rows(outcomes, seconds)
    noisy = sum(view.psnr(view.noisy) for view in data.tested) / len(data.tested)
    notes = [
        f"Mean PSNR in dB after tonemapping, over {len(data.tested)} views of scenes never trained on at {data.spp} "
        f"spp; their inputs have {noisy:.2f} dB. A U-Net of width {sizes.width} that sees T(radiance), albedo and "
        "normal and predicts radiance on a logarithmic curve, the loss hdr, "
        f"{study.learnt_from(sizes.batch, size_of(datasets['noisy']))} from {len(data.learnt)} views, on "
        f"{study.settings['machine']}.",
        f"Rendering: at {rate:g} million samples a second, two noisy renders of each view take {seconds['noisy']:,.0f} "
        f"s, and with references {seconds['clean']:,.0f} s.",
        "The paper (arXiv 1803.04189v3, section 3.3, 64 spp): 31.83 dB with clean targets after 2,000 epochs, 0.5 dB "
        "less with noisy ones, which reached 31.83 dB after 4,000; references of 131,072 spp.",
    ]
    files = write_table(out, _COLUMNS, rows, "Noisy targets beside clean ones", notes)
    return [*files, _figure(out / "figure.png", outcomes, seconds, rate), study.path]


def alone(views: Sequence[View]) -> list[View]:
    """Each realization as a view of its own, to be an input for the view's reference: never a mean of several."""
    return [
        dataclasses.replace(view, realizations=(file,), independent=False)
        for view in views
        for file in view.realizations
    ]


def samples(views: Sequence[View]) -> dict[str, int]:
    """Samples in the renders that each kind of training uses: `noisy`, the realizations; `clean`, references too."""
    counts = {"noisy": 0, "clean": 0}
    for view in views:
        pixels = view.size[0] * view.size[1]
        noisy = pixels * sum(spp_of(file) for file in view.realizations)
        counts["noisy"] += noisy
        counts["clean"] += noisy + pixels * sum(spp_of(file) for file in view.references)
    return counts


def _rows(outcomes: dict[str, Outcome], seconds: dict[str, float]) -> list[dict[str, object]]:
    rows = []
    for noisy, clean in zip(outcomes["noisy"].watched, outcomes["clean"].watched, strict=True):
        rows.append(
            {
                "step": noisy[0],
                "noisy": noisy[2],
                "clean": clean[2],
                "difference": noisy[2] - clean[2],
                "noisy_training": noisy[1],
                "clean_training": clean[1],
                "noisy_cost": noisy[1] + seconds["noisy"],
                "clean_cost": clean[1] + seconds["clean"],
            }
        )
    return rows


def _figure(path: Path, outcomes: dict[str, Outcome], seconds: dict[str, float], rate: float) -> Path:
    by_steps = [
        Line(f"{name} targets", [s for s, _, _ in one.watched], [value for _, _, value in one.watched])
        for name, one in outcomes.items()
    ]
    by_cost = [
        Line(f"{name} targets", [t + seconds[name] for _, t, _ in one.watched], [value for _, _, value in one.watched])
        for name, one in outcomes.items()
    ]
    cost = f"seconds of training, and of rendering at {rate:g} M samples a second"
    charts = [("PSNR against steps", "steps", by_steps), ("PSNR against cost", cost, by_cost)]
    return write_charts(path, charts, "dB")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@renders_argument
@click.option(
    "--rate",
    type=click.FloatRange(0, 10**6, min_open=True),
    help="Millions of samples a second that your renderer makes: what `mcdenoise render` says at its end [default: "
    f"what was said before in this folder, else {_RATE}].",
)
@full_option
@minutes_option(18)
@steps_option
@seed_option
@device_option
@out_option(NAME)
def command(
    renders: Path,
    rate: float | None,
    full: bool,
    minutes: float,
    steps: int | None,
    seed: int,
    device: str,
    out: Path,
) -> None:
    """Learn to denoise the renders in the folder RENDERS from noisy targets and from their references.

    Views need two realizations and a reference.

    \b
    Examples:
      mcdenoise render scenes --spp 8 --views 4 --reference-spp 512 --size 160 120 --out renders/study
      python -m mcdenoise.studies.targets renders/study --minutes 20
      python -m mcdenoise.studies.targets renders/study --full --minutes 300 --device cuda --rate 200
    """
    sizes = FULL if full else SMALL
    show_study(lambda report: run(renders, out, rate, minutes, steps, sizes, seed, device, report))


if __name__ == "__main__":
    main(command, f"python -m mcdenoise.studies.{NAME}")
