"""The benchmark that is published: quality and speed beside Open Image Denoise, written to docs/benchmarks.md.

    python benchmarks/bench.py [--renders FOLDER] [--report FOLDER] [--also FOLDER]... [--model M]... [--out FILE]

Renders the validation scenes at 4, 8, 32 and 128 spp, each as two runs of half the samples for those who can use two,
with references (kept in --renders: a second run renders nothing); evaluates the model that ships, OIDN in its modes and
combinations of them; measures speed by benchmarks/apply.py. What is written names the machine, the date and the commit,
and is what came out: where we lose, it shows. --also: more folders of renders, in the layout of `mcdenoise render`.
"""

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mcdenoise import atomic

_ROOT = Path(__file__).resolve().parent.parent
_SCENES = ("validation-living-room", "validation-still-life")
_SPP = (4, 8, 32, 128)
_REFERENCE_SPP = 1024
_HEADLINES = ("relMSE", "PSNR", "FLIP")


def main() -> None:
    """Parse the command line, do all of it, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=Path, default=Path("renders/bench"))
    parser.add_argument("--report", type=Path, default=Path("bench-report"))
    parser.add_argument("--also", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--model", action="append", default=[], help="a model's name or file [default: default]")
    parser.add_argument("--runs", type=int, default=5, help="of the measurement of speed")
    parser.add_argument("--out", type=Path, default=_ROOT / "docs/benchmarks.md")
    arguments = parser.parse_args()
    models = [part for model in arguments.model or ["default"] for part in ("--model", model)]
    folders = [_render(arguments.renders, spp) for spp in _SPP]
    _mcdenoise(
        *("evaluate", *folders, *arguments.also, "--against", "oidn", "--inputs", "2", *models),
        *("--report", arguments.report, "--out", arguments.report / "tables"),
    )
    summary = json.loads((arguments.report / "tables/results.json").read_text())
    speed = _output([sys.executable, _ROOT / "benchmarks/apply.py", "--runs", str(arguments.runs), *models])
    atomic.write_text(arguments.out, _page(summary, speed))
    print(arguments.out)


def _render(renders: Path, spp: int) -> Path:
    """Four realizations of half the samples: two go in, and two tell the error of that without a reference."""
    folder = renders / f"spp{spp:03d}"
    scenes = [_ROOT / "scenes" / name for name in _SCENES]
    options = ["--views", "3", "--size", "320", "240", "--spp", str(spp // 2), "--realizations", "4"]
    if spp == _SPP[0]:
        options += ["--reference-spp", str(_REFERENCE_SPP)]  # the same cameras at other spp share them
    _mcdenoise("render", *scenes, "--out", folder, *options)
    return folder


def _page(summary: dict[str, Any], speed: str) -> str:
    commit = _output(["git", "-C", _ROOT, "describe", "--always", "--dirty"]).strip()
    views = {(view["scene"], view["view"]) for view in summary["views"]}
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench` on {datetime.date.today()}, at commit {commit}, on: {summary['machine']}. "
        f"{len(views)} views of {len({scene for scene, _ in views})} scenes that no model here was trained on, "
        f"320 x 240, with references of {_REFERENCE_SPP} spp in two halves. Every method gets the same input: two "
        "renders of half the samples each, averaged; `+ input` (dual-buffer) and `stacked` (all of the others) are "
        "given the two as they are. In brackets the middle 95% of a bootstrap over views and blocks of pixels.",
        "",
        "## Quality",
    ]
    for metric in summary["metrics"]:
        if metric["name"] not in _HEADLINES:
            continue
        better = "higher is better" if metric["better"] == "higher" else "lower is better"
        kinds = "; ".join(metric["kinds"].values()).capitalize()
        lines += ["", f"### {metric['name']} ({better})", "", f"{metric['explanation']} {kinds}."]
        lines += ["", *_table(summary["rows"], metric)]
    lines += [
        "",
        "## Speed",
        "",
        "`python benchmarks/apply.py`, from arrays to an array, everything included:",
        "",
        *speed.strip().splitlines(),
        "",
    ]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]], metric: dict[str, Any]) -> list[str]:
    """Methods down, spp across; the best of each spp in bold."""
    spps = sorted({row["spp"] for row in rows})
    names = list(dict.fromkeys(row["method"] for row in rows))
    scores = {(row["method"], row["spp"]): row["scores"].get(metric["name"]) for row in rows}
    choose = max if metric["better"] == "higher" else min
    best = {}
    for spp in spps:
        of_spp = [score["value"] for name in names if (score := scores.get((name, spp))) is not None]
        best[spp] = choose((value for value in of_spp if value is not None), default=None)
    lines = ["| method | " + " | ".join(f"{spp} spp" for spp in spps) + " |", "|---|" + "---|" * len(spps)]
    for name in names:
        cells = []
        for spp in spps:
            score = scores.get((name, spp))
            if score is None:
                cells.append("-")
                continue
            value, low, high = (_shown(score[key], metric["name"]) for key in ("value", "low", "high"))
            is_best = score["value"] is not None and score["value"] == best[spp]
            cells.append(f"{f'**{value}**' if is_best else value} ({low} to {high})")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _shown(value: float | None, metric: str) -> str:
    return "?" if value is None else f"{value:.2f}" if metric == "PSNR" else f"{value:.2g}"


def _mcdenoise(*arguments: object) -> None:
    subprocess.run([sys.executable, _ROOT / "cli.py", *map(str, arguments)], check=True)


def _output(command: list[object]) -> str:
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
