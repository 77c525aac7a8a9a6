"""A fixed number of renders, spent as K realizations each of fewer views: K = 2, 4, 8.

With more than two, the target is the mean of those that the input is not made of, so it is less noisy, and inputs are
means of several; but there are fewer views to learn from.
"""

import dataclasses
from pathlib import Path

import click

from mcdenoise.cli import main
from mcdenoise.console import show_study
from mcdenoise.hardware import choose_device
from mcdenoise.studies.allocation import Allocation, load, run_allocations, spread
from mcdenoise.studies.cells import Report
from mcdenoise.studies.options import (
    device_option,
    full_option,
    minutes_option,
    out_option,
    realizations_option,
    renders_argument,
    seed_option,
    steps_option,
)
from mcdenoise.studies.renders import Renders
from mcdenoise.studies.sizes import FULL, SMALL, Sizes

NAME = "realizations"
_EXPECTED = (
    "No figure of the paper's: its section 3.1 says that more views with two renders each are worth more than fewer "
    "with more renders. With 2 renders all inputs are single ones; with more, half are, the others means of several "
    "(`docs/data.md`). Judged are single ones."
)


def allocate(data: Renders, most: int) -> dict[str, Allocation]:
    """K = 2, 4, ... up to `most`, each of as many renders."""
    cases = {}
    few = max(1, 2 * len(data.learnt) // most)
    total = few * most
    k = 2
    while k <= most:
        views = spread(data, total // k)
        chosen = [dataclasses.replace(view, realizations=view.realizations[:k]) for view in views]
        cases[f"K{k}"] = Allocation(f"{k} renders of each view", chosen, len(views), k * len(views))
        k *= 2
    return cases


def run(
    renders: Path,
    out: Path,
    realizations: int = 8,
    minutes: float = 18.0,
    steps: int | None = None,
    sizes: Sizes = SMALL,
    seed: int = 0,
    device: str = "auto",
    report: Report = lambda progress: None,
) -> list[Path]:
    """Run the study of the folder `renders` in the folder `out`, or go on with it; the files that say what came out.

    realizations: the largest K, of which `renders` must have as many. Raises DataError or TrainingError.
    """
    place = choose_device(device)
    data = load(renders, realizations)
    title = "A fixed number of renders, spent as K of each view"
    cases = allocate(data, realizations)
    return run_allocations(NAME, title, _EXPECTED, data, cases, out, minutes, steps, sizes, seed, place, report)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@renders_argument
@realizations_option
@full_option
@minutes_option(18)
@steps_option
@seed_option
@device_option
@out_option(NAME)
def command(
    renders: Path,
    realizations: int,
    full: bool,
    minutes: float,
    steps: int | None,
    seed: int,
    device: str,
    out: Path,
) -> None:
    """Learn from as many renders of the folder RENDERS, but 2, 4 or 8 of each view.

    Views need that many realizations, and those of scenes marked as validation a reference.

    \b
    Examples:
      mcdenoise render scenes --spp 8 --realizations 8 --views 4 --reference-spp 512 --size 160 120 --out renders/study
      python -m mcdenoise.studies.realizations renders/study --minutes 20
    """
    sizes = FULL if full else SMALL
    show_study(lambda report: run(renders, out, realizations, minutes, steps, sizes, seed, device, report))


if __name__ == "__main__":
    main(command, f"python -m mcdenoise.studies.{NAME}")
