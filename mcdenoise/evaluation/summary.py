"""Results of many views as tables: a row for each method and spp, of all scenes and of each; CSV and JSON."""

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from mcdenoise.evaluation.bootstrap import RESAMPLES, interval, resampled_over_views
from mcdenoise.evaluation.compare import ViewResult
from mcdenoise.evaluation.paired import upper_triangle
from mcdenoise.evaluation.scores import BY_NAME, KINDS, METRICS, Score

_FLOOR = 1e-9  # where reference halves cancel more than there is, a draw counts as this in a geometric mean


class Results:
    """Collects what `evaluate` yields; keeps numbers, and no pictures."""

    def __init__(self):
        self._views: list[dict[str, Any]] = []
        self._pairs: list[dict[str, Any]] = []
        self._scores: dict[tuple[int, str], dict[str, dict[int, Score]]] = defaultdict(lambda: defaultdict(dict))
        self._seconds: dict[tuple[int, str], dict[int, float]] = defaultdict(dict)
        self._names: list[tuple[str, str]] = []  # scene and view, by number

    def add(self, result: ViewResult) -> None:
        """One view, or one of several repeats of it."""
        number = len(self._names)
        self._names.append((result.scene, result.view))
        place = {"scene": result.scene, "view": result.view, "spp": result.spp}
        for method, scored in result.scored.items():
            key = result.spp, method
            self._seconds[key][number] = result.seconds[method]
            for name, one in scored.scores.items():
                self._scores[key][name][number] = one
            self._views.append(
                {
                    **place,
                    "method": method,
                    "seconds": result.seconds[method],
                    "scores": {name: _bounds(one) | {"kind": one.kind} for name, one in scored.scores.items()},
                }
            )
        self._pairs.append(place | _compared({method: scored.scores for method, scored in result.scored.items()}))

    def summary(self, **about: str) -> dict[str, Any]:
        """All that is known, as JSON has it. about: more entries, such as `command`.

        metrics: name, better ("lower" or "higher"), kinds (those of `scores.KINDS` that occur) and explanation.
        rows: by spp and method the means over views, with views (how many), seconds (the median) and scores, metric ->
        value, low, high, and kind unless the views differ in it. scenes: the same over the views of each scene, with
        scene, where it has several, or repeats. views: the same of each view, or repeat, with scene and view.

        pairs: of each view, in the order of `views`, with scene, view and spp, and of the means, with spp alone.
        methods: names; metrics: metric -> the pairs of methods AB, AC, ..., BC, ..., the upper triangle row by row. A
        pair is [how, value, low, high, certain]: how the later method does against the earlier one, as the ratio of
        the two ("/") or their difference ("-"), the middle 95% of its paired draws, and whether that leaves out
        equality. A pair is None where there is no interval, or the means are not over the same views.
        """
        kinds = defaultdict(set)
        for by_metric in self._scores.values():
            for name, scores in by_metric.items():
                kinds[name] |= {one.kind for one in scores.values()}
        metrics = [
            {
                "name": metric.name,
                "better": metric.better,
                "kinds": {kind: said for kind, said in KINDS.items() if kind in kinds[metric.name]},
                "explanation": metric.explanation,
            }
            for metric in METRICS
            if metric.name in kinds
        ]
        means: dict[int, dict[str, dict[str, Score]]] = defaultdict(dict)
        rows = []
        scenes = []
        keys = sorted(self._scores, key=lambda key: key[0])  # methods stay in the order in which they came
        for key in keys:
            row, means[key[0]][key[1]] = self._row(key, set(range(len(self._names))))
            rows.append(row)
        for scene in sorted({scene for scene, _ in self._names}):
            numbers = {number for number, (its, _) in enumerate(self._names) if its == scene}
            several = [key for key in keys if len(self._seconds[key].keys() & numbers) > 1]
            scenes += [{"scene": scene} | self._row(key, numbers)[0] for key in several]
        pairs = [*self._pairs, *({"spp": spp} | _compared(of, self._seen(spp)) for spp, of in means.items())]
        return {"metrics": metrics, "rows": rows, "scenes": scenes, "views": self._views, "pairs": pairs, **about}

    def _row(self, key: tuple[int, str], numbers: set[int]) -> tuple[dict[str, Any], dict[str, Score]]:
        """Of an spp and method the means over these views, as JSON has them and by metric."""
        spp, method = key
        by_metric = {
            metric.name: scores
            for metric in METRICS
            if (scores := _only(self._scores[key].get(metric.name, {}), numbers))
        }
        means = {name: self._mean(name, spp, scores, numbers) for name, scores in by_metric.items()}
        measured = {number for scores in by_metric.values() for number in scores}
        row = {
            "spp": spp,
            "method": method,
            "views": len({self._names[number] for number in measured}),
            "seconds": float(np.median([self._seconds[key][number] for number in self._seconds[key].keys() & numbers])),
            "scores": {name: _bounds(one) | _common_kind(by_metric[name]) for name, one in means.items()},
        }
        return row, means

    def _mean(self, name: str, spp: int, scores: Mapping[int, Score], numbers: set[int]) -> Score:
        """The mean over views, with its interval and draws; the same views give methods paired draws.

        A view counts once, however often it was repeated. Where the number of any method is not finite, as the PSNR of
        a black picture, the view counts for none, unless no view is left. Where one is zero or below, as reference
        halves may cancel more than there is, no method has a geometric mean.
        """
        alike = [_only(of.get(name, {}), numbers) for (its_spp, _), of in self._scores.items() if its_spp == spp]
        broken = {number for of in alike for number, one in of.items() if not math.isfinite(one.value)}
        kept = {number: one for number, one in scores.items() if number not in broken} or scores
        if len(kept) == 1:
            return next(iter(kept.values()))
        positive = all(one.value > 0 for of in alike for number, one in of.items() if number not in broken)
        geometric = BY_NAME[name].combine == "geometric" and positive

        def to(values: np.ndarray) -> np.ndarray:
            return np.log(np.maximum(values, _FLOOR)) if geometric else values

        repeats: dict[tuple[str, str], list[Score]] = defaultdict(list)
        for number, one in kept.items():
            repeats[self._names[number]].append(one)
        back = np.exp if geometric else np.asarray
        value = back(np.mean([np.mean(to(np.array([one.value for one in of]))) for of in repeats.values()]))
        draws = [np.mean([to(_draws(one)) for one in of], axis=0) for of in repeats.values()]
        means = back(resampled_over_views(draws, np.random.default_rng(0)).mean(axis=0))
        return Score(float(value), next(iter(kept.values())).kind, *interval(means), means)

    def _seen(self, spp: int) -> dict[str, dict[str, set[int]]]:
        """The views over which each mean is: method -> metric -> their numbers."""
        return {
            method: {name: set(scores) for name, scores in by_metric.items()}
            for (its_spp, method), by_metric in self._scores.items()
            if its_spp == spp
        }


def _only(scores: Mapping[int, Score], numbers: set[int]) -> dict[int, Score]:
    return {number: one for number, one in scores.items() if number in numbers}


def _common_kind(scores: Mapping[int, Score]) -> dict[str, str]:
    kinds = {one.kind for one in scores.values()}
    return {"kind": kinds.pop()} if len(kinds) == 1 else {}


def _draws(score: Score) -> np.ndarray:
    return np.full(RESAMPLES, score.value) if score.draws is None else score.draws


def _compared(scores: Mapping[str, Mapping[str, Score]], seen: Mapping | None = None) -> dict[str, Any]:
    """Of the scores by method and metric all pairs of methods; `seen` are the views that means are over."""
    methods = list(scores)
    metrics = {}
    for metric in METRICS:
        have = [of.get(metric.name) for of in scores.values()]
        if not any(have):
            continue
        metrics[metric.name] = upper_triangle(have, metric.better)
        if seen is not None:
            same = [seen[a].get(metric.name) == seen[b].get(metric.name) for a, b in combinations(methods, 2)]
            metrics[metric.name] = [pair if ok else None for pair, ok in zip(metrics[metric.name], same, strict=True)]
    return {"methods": methods, "metrics": metrics}


def _bounds(score: Score) -> dict[str, float | None]:
    return {key: _finite(getattr(score, key)) for key in ("value", "low", "high")}


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def as_csv(summary: dict[str, Any]) -> str:
    """One line for each view, method and metric, and one for each mean, with its kinds in words.

    Means over the views of a scene have `all` as their view, those over all views as their scene, too.

    Names that a spreadsheet would run as a formula have a single quote before them.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["scene", "view", "spp", "method", "views", "seconds", "metric", "kind", "value", "low", "high"])
    kinds = {metric["name"]: "; ".join(metric["kinds"].values()) for metric in summary["metrics"]}
    for row in [*summary["views"], *summary["scenes"], *summary["rows"]]:
        names = [_harmless(name) for name in (row.get("scene", "all"), row.get("view", "all"), row["method"])]
        place = [*names[:2], row["spp"], names[2], row.get("views", 1)]
        for name, score in row["scores"].items():
            kind = KINDS[score["kind"]] if "kind" in score else kinds[name]
            numbers = ["" if score[key] is None else f"{score[key]:.6g}" for key in ("value", "low", "high")]
            writer.writerow([*place, f"{row['seconds']:.3f}", name, kind, *numbers])
    return text.getvalue()


def _harmless(name: str) -> str:
    """As OWASP advises against CSV injection."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def as_json(summary: dict[str, Any]) -> str:
    """The summary as JSON, without numbers that JSON does not know; `pairs`, which are many, take a line a view."""
    rest = {key: value for key, value in summary.items() if key != "pairs"}
    options = {"allow_nan": False, "ensure_ascii": False}
    lines = [json.dumps(pair, separators=(",", ":"), **options) for pair in summary["pairs"]]
    head = json.dumps(rest, indent=1, **options).removesuffix("\n}")
    return f'{head},\n "pairs": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"
