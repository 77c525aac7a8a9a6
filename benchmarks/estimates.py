"""Whether errors estimated without a reference tell what true errors do: which method is better, and by how much.

    mcdenoise evaluate FOLDER --against oidn --out evaluation
    python benchmarks/estimates.py evaluation/results.json

FOLDER holds views with references and at least four realizations, so that both kinds of number are there. For every
spp: of all pairs of methods whose true relMSE differs by 10% or more, in how many the estimate has the same one ahead,
view by view and of the means over views; the rank correlation (Spearman) of methods; and the estimate over the truth.
"""

import argparse
import itertools
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

_TRUE, _ESTIMATED = "relMSE", "relMSE est."
_APART = 1.1


def main() -> None:
    """Parse the command line, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    views = json.loads(parser.parse_args().results.read_text())["views"]
    by_spp: dict[int, dict[tuple, dict[str, tuple[float, float]]]] = defaultdict(lambda: defaultdict(dict))
    for one in views:
        scores = one["scores"]
        if _TRUE in scores and _ESTIMATED in scores:
            pair = scores[_TRUE]["value"], scores[_ESTIMATED]["value"]
            by_spp[one["spp"]][one["scene"], one["view"]][one["method"]] = pair
    print("| spp | views | pairs in order, by view | of the means | rank correlation of the means | estimate / truth |")
    print("|---|---|---|---|---|---|")
    for spp, found in sorted(by_spp.items()):
        # Views, methods, (true, estimated).
        errors = np.array([list(by_method.values()) for by_method in found.values()])
        means = errors.mean(axis=0)
        ratios = errors[..., 1] / errors[..., 0]
        low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
        print(
            f"| {spp} | {len(errors)} | {_in_order(errors)} | {_in_order(means[None])} | "
            f"{np.corrcoef(*means.T.argsort().argsort())[0, 1]:.2f} | {middle:.2f} ({low:.2f} to {high:.2f}) |"
        )


def _in_order(errors: np.ndarray) -> str:
    """errors: `[views, methods, 2]`, true and estimated."""
    right = total = 0
    for one in errors:
        for a, b in itertools.combinations(one, 2):
            if max(a[0], b[0]) >= _APART * min(a[0], b[0]):
                total += 1
                right += (a[0] < b[0]) == (a[1] < b[1])
    return f"{right} of {total} ({100 * right / max(total, 1):.0f}%)"


if __name__ == "__main__":
    main()
