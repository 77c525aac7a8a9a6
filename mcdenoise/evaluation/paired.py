"""Two methods against each other on the same pixels: what both find hard cancels, which single intervals cannot show.

The draws of methods are paired: draw i of each is of the same blocks of pixels, and of the same views. So the interval
is of the difference itself (Efron & Tibshirani 1993, chapter 16), and two methods can be told apart whose own intervals
overlap widely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from mcdenoise.evaluation.bootstrap import interval
from mcdenoise.evaluation.scores import Score


@dataclass(frozen=True)
class Comparison:
    """B against A: the ratio B / A, or the difference B - A, with the middle 95% of its draws.

    certain: whether that interval leaves out equality, 1 for a ratio and 0 for a difference.
    """

    how: Literal["ratio", "difference"]
    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        equal = 1.0 if self.how == "ratio" else 0.0
        return not self.low <= equal <= self.high


def compare(a: Score, b: Score, better: Literal["lower", "higher"]) -> Comparison | None:
    """B against A by their values and paired draws; None if draws are missing, or a number is not finite.

    What is better when lower is an error and compared as a ratio, unless a value or a draw is not above zero (an
    estimate may be negative); all else as a difference.
    """
    if a.draws is None or b.draws is None:
        return None
    everything = np.concatenate([[a.value, b.value], a.draws, b.draws])
    if not np.isfinite(everything).all():
        return None
    if better == "lower" and everything.min() > 0:
        return Comparison("ratio", b.value / a.value, *interval(b.draws / a.draws))
    return Comparison("difference", b.value - a.value, *interval(b.draws - a.draws))


def upper_triangle(scores: Sequence[Score | None], better: Literal["lower", "higher"]) -> list[list[Any] | None]:
    """Every method against every earlier one: of the scores of A, B, C the pairs AB, AC, BC, the later against the
    earlier, as JSON has it.

    Each pair is [how, value, low, high, certain] with "/" for a ratio and "-" for a difference, numbers to 5 digits;
    None where nothing can be said.
    """
    found: list[list[Any] | None] = []
    for a, b in combinations(scores, 2):
        one = None if a is None or b is None else compare(a, b, better)
        if one is None:
            found.append(None)
        else:
            numbers = [float(f"{number:.5g}") for number in (one.value, one.low, one.high)]
            certain = Comparison(one.how, *numbers).certain  # so that flag and numbers agree
            found.append(["/" if one.how == "ratio" else "-", *numbers, certain])
    return found


def best_and_alike(summary: Mapping[str, Any], spp: int, metric: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """The method with the best mean of a metric at `spp`, and those that are not, or cannot be, told apart from it.

    summary, metric: as `Results.summary` gives them. None where fewer than two methods can be compared.
    """
    name = metric["name"]
    means = {row["method"]: row["scores"].get(name) for row in summary["rows"] if row["spp"] == spp}
    values = {method: mean["value"] for method, mean in means.items() if mean and mean["value"] is not None}
    entry = next((one for one in summary["pairs"] if one["spp"] == spp and "scene" not in one), None)
    if len(values) < 2 or entry is None or not any(entry["metrics"].get(name, ())):
        return None
    best = (max if metric["better"] == "higher" else min)(values, key=values.get)
    pairs = zip(combinations(entry["methods"], 2), entry["metrics"][name], strict=True)
    unsure = {method for both, pair in pairs if best in both and not (pair and pair[-1]) for method in both}
    return best, [method for method in values if method in unsure and method != best]
