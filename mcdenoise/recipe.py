"""`make model`: a model like the one that ships, from nothing: random scenes, noisy renders, training, judgement, card.

Every step is a command that anyone could type, and takes up what an earlier run of it left: stop whenever you like, and
start again by the same line, on this machine or on another that the folder was copied to. A network that is there
already (`--init`) is taken further.
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcdenoise import atomic
from mcdenoise.module_command import module_command

SIZE = ("160", "120")
_WAIT = 60.0  # seconds that a step gets to write what it has, once its time is up


@dataclass(frozen=True)
class Step:
    """name: for the table of costs. words: of the command line. makes: the folder that it fills."""

    name: str
    words: Sequence[object]
    makes: Path


def main() -> None:
    """Make the model; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m mcdenoise.recipe", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("model"), help="folder for all of it [default: model]")
    parser.add_argument("--scenes", type=Path, default=Path("scenes"), help="the project's scenes [default: scenes]")
    parser.add_argument("--count", type=int, default=300, help="random scenes to learn from [default: 300]")
    parser.add_argument("--minutes", type=float, default=240, help="how long to train, in all [default: 240]")
    parser.add_argument("--model", default="kpn", help="network [default: kpn]")
    parser.add_argument("--init", help="a model's file to go on from")
    parser.add_argument("--for", type=float, dest="budget", metavar="MINUTES", help="stop after this long; go on later")
    arguments = parser.parse_args()
    for name in ("count", "minutes", "budget"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            parser.error(f"--{name.replace('budget', 'for')} must be above 0, not {value}.")
    if not (arguments.scenes / "validation-still-life").is_dir():
        parser.error(f"{arguments.scenes}: does not hold the project's scenes; run from a checkout, or name them.")
    deadline = None if arguments.budget is None else time.monotonic() + 60 * arguments.budget
    costs = _Costs(arguments.out / "costs.json")
    for step in steps(
        arguments.out, arguments.scenes, arguments.count, arguments.minutes, arguments.model, arguments.init
    ):
        print(f"\n# {step.name}\n$ mcdenoise " + " ".join(map(str, step.words)), flush=True)
        started = time.monotonic()
        code = _run(step.words, deadline)
        costs.add(step.name, time.monotonic() - started, _bytes(step.makes))
        if code is None or code == 130:
            print(f"\n{costs.table()}\nStopped at: {step.name}. The same command goes on from there.")
            sys.exit(0 if code is None else 130)
        if code:
            sys.exit(code)
    card = arguments.out / "card.md"
    atomic.write_text(card, _card(json.loads((arguments.out / "tables/results.json").read_text()), costs, arguments))
    print(f"\n{costs.table()}\n{arguments.out / 'run/model.safetensors'}, and what it is worth: {card}")


def steps(out: Path, scenes: Path, count: int, minutes: float, model: str, init: str | None) -> list[Step]:
    """The whole recipe, in its order.

    Half of the random scenes are rendered with six renders of 4 spp (inputs of 4 to 20 spp), half with three of 16 (16
    and 32 spp): every realization learns from the mean of those that it is not made of. Every sixth is rendered with
    three of 128 spp too: who never saw a picture that is nearly clean takes its detail for noise.
    """
    low, high = (count + 1) // 2, count // 2
    renders, judged = out / "renders", out / "judged"
    size = ("--size", *SIZE)
    ours = [folder for folder in sorted(scenes.iterdir()) if (folder / "scene.xml").is_file()]
    taught = [folder for folder in ours if not folder.name.startswith("validation-")]
    kept = [folder for folder in ours if folder.name.startswith("validation-")]
    few, many = ("--spp", 4, "--realizations", 6), ("--spp", 16, "--realizations", 3)
    made = [Step("random scenes", ("scenes", out / "scenes", "--count", count, "--seed", 1), out / "scenes")]
    names = [out / "scenes" / f"random-1-{number:05d}" for number in range(count)]
    made.append(
        Step("renders, 6 x 4 spp", ("render", *names[:low], "--out", renders / "few", *few, *size), renders / "few")
    )
    if high:
        words = ("render", *names[low:], "--out", renders / "many", *many, *size)
        made.append(Step("renders, 3 x 16 spp", words, renders / "many"))
    if count >= 6:
        words = ("render", *names[::6], "--out", renders / "clear", "--spp", 128, "--realizations", 3, *size)
        made.append(Step("renders, 3 x 128 spp", words, renders / "clear"))
    words = ("render", *taught, "--out", renders / "ours", "--views", 8, *few, *size)
    made.append(Step("renders of our scenes", words, renders / "ours"))
    words = ("render", *kept, "--out", renders / "kept", "--views", 2, *few, *size)
    made.append(Step("renders that validate", words, renders / "kept"))
    train = ("train", renders, "--out", out / "run", "--model", model, "--loss", "hdr-display", "--batch", 4)
    train += ("--crop", SIZE[0], "--minutes", minutes, "--cache-gib", 4)
    if (out / "run/checkpoint.safetensors").is_file():
        train += ("--resume",)  # also where scenes or minutes were added
    made.append(Step("training", train if init is None else (*train, "--init", init), out / "run"))
    for spp in (4, 8, 32, 128):
        words = ("render", *kept, "--out", judged / f"spp{spp:03d}", "--views", 2, "--size", 320, 240)
        words += ("--spp", spp // 2, "--realizations", 4)
        if spp == 4:
            words += ("--reference-spp", 512)
        made.append(Step(f"frames to judge by, {spp} spp", words, judged / f"spp{spp:03d}"))
    words = ("evaluate", judged, "--model", out / "run/model.safetensors", "--model", "default", "--against", "oidn")
    made.append(Step("judgement", (*words, "--inputs", 2, "--out", out / "tables"), out / "tables"))
    return made


def _run(words: Sequence[object], deadline: float | None) -> int | None:
    """The exit code of the command; None if it was stopped because its time was up."""
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        return None
    process = subprocess.Popen(module_command("mcdenoise", *words))
    try:
        return process.wait(left)
    except subprocess.TimeoutExpired:
        _interrupt(process)
        return None
    except KeyboardInterrupt:  # the command was interrupted too, and writes what it has
        process.wait()
        return 130


def _interrupt(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_WAIT)
    except subprocess.TimeoutExpired:
        process.kill()  # nothing is half-written: results are renamed into place
        process.wait()


class _Costs:
    """What each step took, summed over all pieces that it was done in; kept beside the model."""

    def __init__(self, path: Path):
        self._path = path
        self._rows: dict[str, dict[str, float]] = {}
        try:
            kept = json.loads(path.read_text())
            self._rows = {
                str(name): {"seconds": float(row["seconds"]), "bytes": int(row["bytes"])} for name, row in kept.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass  # a new recipe, or a file that somebody edited: costs are a convenience

    def add(self, name: str, seconds: float, size: int) -> None:
        row = self._rows.setdefault(name, {"seconds": 0.0, "bytes": 0})
        row["seconds"] += seconds
        row["bytes"] = size
        self._path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(self._path, json.dumps(self._rows, indent=1) + "\n")

    def table(self) -> str:
        lines = ["| step | minutes | on disk |", "|---|---|---|"]
        for name, row in self._rows.items():
            lines.append(f"| {name} | {row['seconds'] / 60:.1f} | {row['bytes'] / 2**20:.1f} MB |")
        return "\n".join(lines)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _card(results: dict[str, Any], costs: _Costs, arguments: argparse.Namespace) -> str:
    model = arguments.out / "run/model.safetensors"
    lines = [
        f"# Model card: {arguments.model}",
        "",
        f"Made on {datetime.date.today()} on {results.get('machine', 'an unknown machine')} ({os.cpu_count()} cores): "
        f"{model}, {model.stat().st_size / 1e6:.1f} MB, from {arguments.count} random scenes and the project's "
        f"training scenes, noisy renders alone, {arguments.minutes:g} minutes of training"
        + (f", going on from {arguments.init}." if arguments.init else "."),
        "",
        costs.table(),
        "",
    ]
    rows = results["rows"]
    spps = sorted({row["spp"] for row in rows})
    for metric in results["metrics"]:
        if metric["name"] not in ("relMSE", "PSNR", "FLIP"):
            continue
        lines += [
            f"## {metric['name']} ({metric['better']} is better)",
            "",
            "On two scenes never trained on, two renders of half the samples averaged.",
            "",
        ]
        lines += ["| method | " + " | ".join(f"{spp} spp" for spp in spps) + " |", "|---|" + "---|" * len(spps)]
        for method in dict.fromkeys(row["method"] for row in rows):
            cells = []
            for spp in spps:
                found = [
                    row["scores"].get(metric["name"]) for row in rows if (row["spp"], row["method"]) == (spp, method)
                ]
                value = found[0]["value"] if found and found[0] else None
                cells.append("-" if value is None else f"{value:.3g}")
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
