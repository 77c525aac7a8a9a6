"""The page that `make bench` writes, of a summary as `evaluate` gives it."""

import importlib.util
import json
import math
from pathlib import Path

from mcdenoise.evaluation.compare import ViewResult
from mcdenoise.evaluation.scores import Score, Scored
from mcdenoise.evaluation.summary import Results, as_json

BENCH = Path(__file__).resolve().parent.parent / "benchmarks/bench.py"


def page(results):
    found = importlib.util.spec_from_file_location("bench", BENCH)
    bench = importlib.util.module_from_spec(found)
    found.loader.exec_module(bench)
    return bench._page(json.loads(as_json(results.summary(machine="two cores"))), "| method | s |").splitlines()


def test_the_page_has_the_numbers_marks_the_best_and_says_their_kind():
    kept = Results()
    for spp, errors in ((4, (0.5, 0.25)), (32, (0.0625, 0.125))):
        scored = {
            name: Scored(
                {"relMSE": Score(error, "halves", 0.9 * error, 1.1 * error), "PSNR": Score(math.inf, "reference")}, {}
            )
            for name, error in zip(("ours", "theirs"), errors, strict=True)
        }
        kept.add(ViewResult("room", "view000", spp, 1.0, scored, dict.fromkeys(scored, 0.1), {}))
    lines = page(kept)
    assert "| method | 4 spp | 32 spp |" in lines
    assert "| ours | 0.5 (0.45 to 0.55) | **0.062** (0.056 to 0.069) |" in lines
    assert "| theirs | **0.25** (0.23 to 0.28) | 0.12 (0.11 to 0.14) |" in lines
    assert any(line.endswith("Against two reference halves, whose own noise cancels.") for line in lines)
    assert "| ours | ? (? to ?) | ? (? to ?) |" in lines  # no number is no best one
