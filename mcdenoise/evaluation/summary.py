"""Results of many views as tables: one row for each method and spp, with intervals; CSV and JSON."""

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcdenoise.evaluation.bootstrap import RESAMPLES, interval, resampled_over_views
from mcdenoise.evaluation.compare import ViewResult
from mcdenoise.evaluation.scores import BY_NAME, KINDS, METRICS, Score

_FLOOR = 1e-9  # where reference halves cancel more than there is, an error counts as this in a geometric mean


class Results:
    """Collects what `evaluate` yields; keeps numbers, and no pictures."""

    def __init__(self):
        self._views: list[dict[str, Any]] = []
        self._scores: dict[tuple[int, str], dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
        self._seconds: dict[tuple[int, str], list[float]] = defaultdict(list)

    def add(self, result: ViewResult) -> None:
        """One view."""
        for method, scored in result.scored.items():
            key = result.spp, method
            self._seconds[key].append(result.seconds[method])
            for name, one in scored.scores.items():
                self._scores[key][name].append(one)
            self._views.append(
                {
                    "scene": result.scene,
                    "view": result.view,
                    "spp": result.spp,
                    "method": method,
                    "seconds": result.seconds[method],
                    "scores": {
                        name: {"value": _finite(one.value), "low": _finite(one.low), "high": _finite(one.high)}
                        for name, one in scored.scores.items()
                    },
                }
            )

    def summary(self, **about: str) -> dict[str, Any]:
        """Metrics, rows (by spp and method) and views, as JSON has them. about: more entries, such as `command`."""
        kinds = defaultdict(set)
        for by_metric in self._scores.values():
            for name, scores in by_metric.items():
                kinds[name] |= {one.kind for one in scores}
        metrics = [
            {
                "name": metric.name,
                "better": metric.better,
                "kind": "; ".join(KINDS[kind] for kind in sorted(kinds[metric.name])),
                "explanation": metric.explanation,
            }
            for metric in METRICS
            if metric.name in kinds
        ]
        rows = []
        for key in sorted(self._scores, key=lambda key: key[0]):  # methods stay in the order in which they came
            spp, method = key
            by_metric = self._scores[key]
            scores = {metric["name"]: _mean(metric["name"], by_metric.get(metric["name"], [])) for metric in metrics}
            rows.append(
                {
                    "spp": spp,
                    "method": method,
                    "views": len(self._seconds[key]),
                    "seconds": float(np.median(self._seconds[key])),
                    "scores": {name: one for name, one in scores.items() if one is not None},
                }
            )
        return {"metrics": metrics, "rows": rows, "views": self._views, **about}


def _mean(name: str, scores: Sequence[Score]) -> dict[str, float | None] | None:
    """The mean over views and its interval."""
    if not scores:
        return None
    if len(scores) == 1:
        return {key: _finite(getattr(scores[0], key)) for key in ("value", "low", "high")}
    geometric = BY_NAME[name].combine == "geometric" and any(one.value != 0 for one in scores)

    def to(values: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(values, _FLOOR)) if geometric else values

    value = float(np.mean(to(np.array([one.value for one in scores]))))
    draws = [to(np.full(RESAMPLES, one.value) if one.draws is None else one.draws) for one in scores]
    low, high = interval(resampled_over_views(draws, np.random.default_rng(0)).mean(axis=0))
    back = math.exp if geometric else float
    return {"value": _finite(back(value)), "low": _finite(back(low)), "high": _finite(back(high))}


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def as_csv(summary: dict[str, Any]) -> str:
    """One line for each view, method and metric, and one for each mean (scene `all`)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["scene", "view", "spp", "method", "views", "seconds", "metric", "kind", "value", "low", "high"])
    kinds = {metric["name"]: metric["kind"] for metric in summary["metrics"]}
    for row in [*summary["views"], *summary["rows"]]:
        place = [row.get("scene", "all"), row.get("view", "all"), row["spp"], row["method"], row.get("views", 1)]
        for name, score in row["scores"].items():
            numbers = ["" if score[key] is None else f"{score[key]:.6g}" for key in ("value", "low", "high")]
            writer.writerow([*place, f"{row['seconds']:.3f}", name, kinds[name], *numbers])
    return text.getvalue()


def as_json(summary: dict[str, Any]) -> str:
    """The summary as JSON, without numbers that JSON does not know."""
    return json.dumps(summary, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
