"""A fixed number of renders, spent as few views with clean targets or as many views with noisy ones.

Lehtinen et al. 2018 (arXiv 1803.04189v3), section 3.1, on finite data: (I) few views, of each one noisy input and the
mean of all its other renders as the clean target; (II) the same renders, but every ordered pair of them; (III) many
views with two renders each. There III is better than II, and II than I, by some tenths of a dB each.
"""

import dataclasses
from itertools import combinations
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

NAME = "budget"
_EXPECTED = (
    "The paper (arXiv 1803.04189v3, section 3.1, Gaussian noise on photographs, 2000 pictures in all): II is better "
    "than I, and III than II, by some tenths of a dB each."
)


def allocate(data: Renders, realizations: int) -> dict[str, Allocation]:
    """The three cases of the paper, each of as many renders: `realizations` of few views, or two of many.

    And I-all, which the paper has not: every render is the input once, for the mean of the others.
    """
    count = len(data.learnt)
    few = spread(data, max(1, 2 * count // realizations))
    many = spread(data, len(few) * realizations // 2)
    fixed = [
        dataclasses.replace(
            view, realizations=view.realizations[:1], references=view.realizations[1:], independent=False
        )
        for view in few
    ]
    each = [
        dataclasses.replace(
            view,
            realizations=(file,),
            references=tuple(other for other in view.realizations if other != file),
            independent=False,
        )
        for view in few
        for file in view.realizations
    ]
    pairs = [
        dataclasses.replace(view, realizations=pair) for view in few for pair in combinations(view.realizations, 2)
    ]
    two = [dataclasses.replace(view, realizations=view.realizations[:2]) for view in many]
    total = len(few) * realizations
    return {
        "I": Allocation("one input and a clean target of each view", fixed, len(few), total, "reference"),
        "I-all": Allocation("each render with the mean of the others", each, len(few), total, "reference"),
        "II": Allocation("all ordered pairs of the same renders", pairs, len(few), total),
        "III": Allocation("two renders of each view", two, len(many), 2 * len(many)),
    }


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

    realizations: of a view in the cases I and II, of which `renders` must have as many. Raises DataError or
    TrainingError.
    """
    place = choose_device(device)
    data = load(renders, realizations)
    title = "A fixed number of renders, spent in four ways"
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
    """Learn from as many renders of the folder RENDERS, but as few clean views or as many noisy ones.

    Views need that many realizations, and those of scenes marked as validation a reference.

    \b
    Examples:
      mcdenoise render scenes --spp 8 --realizations 8 --views 4 --reference-spp 512 --size 160 120 --out renders/study
      python -m mcdenoise.studies.budget renders/study --minutes 20
    """
    sizes = FULL if full else SMALL
    show_study(lambda report: run(renders, out, realizations, minutes, steps, sizes, seed, device, report))


if __name__ == "__main__":
    main(command, f"python -m mcdenoise.studies.{NAME}")
