import json

import numpy as np
import pytest

from mcdenoise.evaluation import bootstrap
from mcdenoise.evaluation.bootstrap import interval, resampled_means
from mcdenoise.evaluation.compare import ViewResult
from mcdenoise.evaluation.paired import best_and_alike, compare, upper_triangle
from mcdenoise.evaluation.scores import Score, Scored, score
from mcdenoise.evaluation.summary import Results, as_json


def hard_pixels(rng, size=(160, 192), sigma=3.0):
    """How hard each pixel is, `[H, W]`: positive, skewed, hangs together over some pixels, 1 on average."""
    frequencies = [np.fft.fftfreq(n)[:, None] if axis == 0 else np.fft.fftfreq(n) for axis, n in enumerate(size)]
    gain = np.exp(-2 * (np.pi * sigma) ** 2 * (frequencies[0] ** 2 + frequencies[1] ** 2))
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=size)) * gain).real / np.sqrt((gain**2).mean())
    return np.exp(0.8 * noise - 0.32)


def scored(errors):
    """As `scores.score` does: the same seed for every method."""
    draws = resampled_means(errors, np.random.default_rng(0))
    return Score(errors.mean(), "reference", *interval(draws), draws)


def two_methods(rng, factor, size=(160, 192)):
    """Errors that are large at the same pixels, those of B `factor` times those of A on average."""
    hard = hard_pixels(rng, size)
    a, b = (hard * rng.gamma(4, 1 / 4, size) * scale for scale in (1.0, factor))
    return scored(a), scored(b)


def test_five_percent_are_certain_where_both_find_the_same_pixels_hard():
    a, b = two_methods(np.random.default_rng(0), 0.95)
    assert a.low < b.high  # the single intervals overlap ...
    assert b.low < a.value < b.high
    found = compare(a, b, "lower")
    assert found.certain  # ... and yet it is certain
    assert found.how == "ratio"
    assert found.low < 0.95 < found.high
    assert (found.high - found.low) < 0.2 * (a.high - a.low) / a.value


def test_unpaired_draws_could_not_tell():
    a, b = two_methods(np.random.default_rng(0), 0.95)
    shuffled = Score(b.value, b.kind, b.low, b.high, np.random.default_rng(1).permutation(b.draws))
    assert not compare(a, shuffled, "lower").certain


@pytest.mark.parametrize(("factor", "better"), [(1.0, "lower"), (0.9, "lower"), (0.9, "higher")])
def test_intervals_hold_the_true_comparison_as_often_as_they_say(factor, better, monkeypatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 300)
    rng = np.random.default_rng(2)
    truth = factor if better == "lower" else factor - 1  # errors are 1 on average over pictures
    held = 0
    for _ in range(200):
        found = compare(*two_methods(rng, factor, (96, 128)), better)
        assert found.how == ("ratio" if better == "lower" else "difference")
        held += found.low <= truth <= found.high
    # 95% of 200 is 190; two standard errors of 200 trials are 3%, and the percentile bootstrap of 48 blocks is some
    # percent short.
    assert 0.88 <= held / 200 <= 0.99


def test_equal_methods_are_seldom_told_apart():
    rng = np.random.default_rng(3)
    certain = sum(compare(*two_methods(rng, 1.0, (96, 128)), "lower").certain for _ in range(100))
    assert certain <= 12  # 5 of 100, and two standard errors of 2.2 each; three more as the bootstrap is short of 95%


def test_what_is_not_above_zero_is_compared_by_its_difference():
    a, b = (Score(value, "estimate", None, None, np.linspace(value - 1, value + 1, 101)) for value in (0.5, 2.0))
    found = compare(a, b, "lower")
    assert (found.how, found.value) == ("difference", pytest.approx(1.5))
    assert found.certain  # the draws move together: all differences are 1.5
    assert compare(b, a, "lower").value == pytest.approx(-1.5)
    assert compare(a, a, "lower").certain is False


def test_what_has_no_draws_or_no_end_has_no_comparison():
    draws = np.ones(10)
    fine, bare = Score(1.0, "halves", 1.0, 1.0, draws), Score(1.0, "halves")
    endless = Score(np.inf, "halves", None, None, draws * np.inf)
    assert compare(fine, bare, "lower") is None
    assert compare(endless, fine, "higher") is None
    assert upper_triangle([fine, bare, None], "lower") == [None, None, None]
    assert upper_triangle([fine, fine], "lower") == [["/", 1.0, 1.0, 1.0, False]]
    # Nearer than the digits that are kept: the flag agrees with the numbers beside it.
    near = Score(1 + 1e-9, "halves", None, None, draws * (1 + 1e-9))
    assert compare(fine, near, "lower").certain
    assert upper_triangle([fine, near], "lower") == [["/", 1.0, 1.0, 1.0, False]]


def view(rng, name, factors, metrics=("relMSE", "MSE", "PSNR", "SSIM"), spp=4, size=(64, 80)):
    """A measured view: the methods' pictures are the truth with errors of one pattern, `factors` as large."""
    truth = rng.uniform(0.2, 1, (*size, 3))
    pattern, hard = rng.normal(0, 0.1, truth.shape), hard_pixels(rng, size)[..., None]
    halves = [truth * (1 + rng.normal(0, 0.01, truth.shape)) for _ in range(2)]
    found = {
        method: score(truth + factor * hard * (pattern + rng.normal(0, 0.01, truth.shape)), halves, [], None, metrics)
        for method, factor in factors.items()
    }
    return ViewResult(name, "view000", spp, 1.0, found, dict.fromkeys(found, 0.1), {})


def test_the_summary_compares_all_pairs_of_views_and_of_means():
    rng = np.random.default_rng(4)
    kept = Results()
    for name in "abcdef":
        kept.add(view(rng, name, {"one": 1.0, "two": 0.95, "three": 1.0}))
    text = as_json(kept.summary(command="it"))
    summary = json.loads(text)
    assert len(summary["pairs"]) == 6 + 1
    assert summary["command"] == "it"
    for entry in summary["pairs"]:
        assert entry["methods"] == ["one", "two", "three"]
        rows = {
            row["method"]: row["scores"]
            for row in (summary["views"] if "scene" in entry else summary["rows"])
            if row.get("scene") == entry.get("scene")
        }
        assert set(entry["metrics"]) == {"relMSE", "MSE", "PSNR", "SSIM"}
        for metric, pairs in entry["metrics"].items():
            for (a, b), (how, value, low, high, certain) in zip(
                [("one", "two"), ("one", "three"), ("two", "three")], pairs, strict=True
            ):
                of_a, of_b = rows[a][metric]["value"], rows[b][metric]["value"]
                assert how == ("-" if metric in ("PSNR", "SSIM") else "/")
                expected = of_b - of_a if how == "-" else of_b / of_a
                assert value == pytest.approx(expected, rel=1e-3)
                assert low <= value <= high
                # 5% of the amplitude are 10% of the squares; "one" and "three" are the same but for a little noise.
                if "two" in (a, b) and "scene" not in entry:
                    assert certain, (metric, a, b)
    # With indents, a line for each number of a pair would be most of the file.
    below = text[text.index('"pairs"') :].splitlines()[1:-2]
    assert [json.loads(line.rstrip(",")) for line in below] == summary["pairs"]
    assert max(map(len, below)) < 800  # 12 pairs
    relmse = next(metric for metric in summary["metrics"] if metric["name"] == "relMSE")
    assert best_and_alike(summary, 4, relmse) == ("two", [])


def test_the_best_and_those_that_may_be_as_good():
    kept = Results()
    rng = np.random.default_rng(5)
    for name in "abcd":
        kept.add(view(rng, name, {"noisy": 3.0, "one": 1.0, "two": 1.0001}, ("relMSE", "PSNR")))
    summary = kept.summary()
    for metric in summary["metrics"]:
        best, alike = best_and_alike(summary, 4, metric)
        assert {best, *alike} == {"one", "two"}
    assert best_and_alike(summary, 32, summary["metrics"][0]) is None


def test_means_over_other_views_are_not_compared():
    rng = np.random.default_rng(6)
    kept = Results()
    kept.add(view(rng, "a", {"one": 1.0, "two": 0.5}))
    kept.add(view(rng, "b", {"one": 1.0}))
    means = kept.summary()["pairs"][-1]
    assert "scene" not in means
    assert means["metrics"]["relMSE"] == [None]


def test_means_are_compared_view_by_view():
    """Views differ a hundredfold, methods by 5%: the means' own intervals say nothing, the pairs all."""
    rng = np.random.default_rng(7)
    kept = Results()
    for number in range(8):
        maps = [hard_pixels(rng, (64, 80)) * 10 ** rng.uniform(-1, 1)] * 2
        maps[1] = maps[1] * rng.uniform(0.93, 0.97)
        found = {name: Scored({"relMSE": scored(errors)}, {}) for name, errors in zip("AB", maps, strict=True)}
        kept.add(ViewResult(f"s{number}", "view000", 4, 1.0, found, dict.fromkeys("AB", 0.1), {}))
    summary = kept.summary()
    a, b = (row["scores"]["relMSE"] for row in summary["rows"])
    assert a["low"] < 0.7 * b["value"] < 1.4 * b["value"] < a["high"]
    how, value, low, high, certain = summary["pairs"][-1]["metrics"]["relMSE"][0]
    assert how == "/"
    assert value == pytest.approx(b["value"] / a["value"], rel=1e-4)
    assert 0.93 < low < value < high < 0.97
    assert certain
