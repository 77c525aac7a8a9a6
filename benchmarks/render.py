"""What `mcdenoise render` costs beside a bare loop over `mi.render`, and where its time goes.

    python benchmarks/render.py [--runs 3] [--large 3] [--small 40] [--stages]

Two cases, for the same samples and integrators (radiance and features): a few scenes of 4.2 M samples each (512 x 512,
2 realizations of 8 spp), and many small ones (192 x 192, 2 of 8 spp, 0.6 M). The bare loop loads each scene with
`mi.load_file`, renders it in the variant that was the faster one for it in a trial before, and keeps the images in
memory. The command is `mcdenoise render` with its defaults: it finds the scenes, tries the variants, chooses, renders,
and writes EXR files. Both are timed as whole processes, from start to end, in turn; what is printed are medians, and
the median of the ratios of neighbouring runs: of the time on the clock, and of processor time, which other work on the
machine changes less, and behind which nothing can hide. Every process starts with an empty cache of kernels, as for
scenes never seen before; --warm leaves the user's. --stages also prints a table of where the time goes, from one more
process for each variant.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, NamedTuple

SPP, REALIZATIONS = 8, 2
LARGE, SMALL = 512, 192


def main() -> None:
    """Parse the command line, make the scenes, time, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, default=Path(__file__).parents[1] / "scenes", help="folder of scenes")
    parser.add_argument("--large", type=int, default=3, help="scenes of 4.2 M samples")
    parser.add_argument("--small", type=int, default=40, help="scenes of 0.6 M samples")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--warm", action="store_true", help="keep the kernels compiled before")
    parser.add_argument("--stages", action="store_true", help="also say where the time goes")
    parser.add_argument("--bare", help=argparse.SUPPRESS)
    parser.add_argument("--stages-of", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        print(json.dumps(_bare_loop(json.loads(arguments.bare))))
        return
    if arguments.stages_of:
        print(json.dumps(_stages(Path(arguments.stages_of[0]), arguments.stages_of[1], Path(arguments.stages_of[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, count, side in (("large", arguments.large, LARGE), ("small", arguments.small, SMALL)):
            if count:
                paths = _copies(arguments.scenes, Path(folder) / name, count, side)
                _compare(name, paths, arguments.runs, arguments.warm)
        if arguments.stages:
            for name, side in (("large", LARGE), ("small", SMALL)):
                (path,) = _copies(arguments.scenes, Path(folder) / f"stages-{name}", 1, side)
                _print_stages(path, side, arguments.warm)


def _copies(scenes: Path, to: Path, count: int, side: int) -> list[Path]:
    """`count` scenes in folders of their own below `to`, with a film of side x side pixels and a box filter.

    Copies of those in `scenes` in turn; from the second round on with another depth of paths, and so other kernels.
    """
    sources = sorted(path.parent for path in scenes.glob("*/scene.xml"))
    paths = []
    for number in range(count):
        source = sources[number % len(sources)]
        folder = shutil.copytree(source, to / f"{number:03d}-{source.name}")
        tree = ElementTree.parse(folder / "scene.xml")
        for film in tree.getroot().iter("film"):
            for child in list(film):
                film.remove(child)
            for key in ("width", "height"):
                ElementTree.SubElement(film, "integer", name=key, value=str(side))
            ElementTree.SubElement(film, "string", name="pixel_format", value="rgb")
            ElementTree.SubElement(film, "rfilter", type="box")
        for depth in tree.getroot().findall("integrator/integer[@name='max_depth']"):
            depth.set("value", str(int(depth.get("value")) + number // len(sources)))
        tree.write(folder / "scene.xml")
        paths.append(folder / "scene.xml")
    return paths


class _Seconds(NamedTuple):
    """What a process took, with those that it started."""

    clock: float
    processor: float


def _compare(name: str, paths: list[Path], runs: int, warm: bool) -> None:
    """Time the bare loop and the command in turn, and print medians and ratios."""
    trials = {variant: _timed_bare([(path, variant) for path in paths], warm)[1] for variant in _variants(name)}
    faster = [min(trials, key=lambda variant, i=i: trials[variant]["scenes"][i]) for i in range(len(paths))]
    bare: list[_Seconds] = []
    ours: list[_Seconds] = []
    for _ in range(runs):
        bare.append(_timed_bare(list(zip(paths, faster, strict=True)), warm)[0])
        seconds, chosen = _timed_command(paths[0].parents[1], warm)
        ours.append(seconds)
    samples = len(paths) * SPP * REALIZATIONS * (LARGE if name == "large" else SMALL) ** 2
    counts = ", ".join(f"{faster.count(variant)} in {variant}" for variant in sorted(set(faster)))
    print(f"{name}: {len(paths)} scenes, {samples / 1e6:.1f} M samples, {runs} runs")
    print(f"  bare loop {counts}; mcdenoise render {chosen}")
    for kind in ("clock", "processor"):
        theirs, own = ([getattr(seconds, kind) for seconds in both] for both in (bare, ours))
        ratio = statistics.median(one / other for one, other in zip(own, theirs, strict=True))
        print(f"  {kind}: bare loop {_spread(theirs)}, mcdenoise render {_spread(own)}, ratio {ratio:.3f}", flush=True)


def _variants(name: str) -> list[str]:
    """What the bare loop tries; for large scenes only the fastest, which is several times as fast there."""
    from mcdenoise.rendering.variants import choose

    fastest = choose().variant
    return [fastest] if name == "large" else sorted({fastest, "scalar_rgb"})


def _timed_bare(work: list[tuple[Path, str]], warm: bool) -> tuple[_Seconds, dict[str, Any]]:
    text = json.dumps([(str(path), variant) for path, variant in work])
    seconds, said = _timed([sys.executable, __file__, "--bare", text], warm)
    return seconds, json.loads(said)


def _timed_command(scenes: Path, warm: bool) -> tuple[_Seconds, str]:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "mcdenoise", "render", str(scenes), "--out", out, "--spp", str(SPP)]
        seconds, said = _timed([*command, "--realizations", str(REALIZATIONS)], warm)
    count = {variant: said.count(f", {variant}: ") for variant in ("scalar_rgb", "llvm_ad_rgb", "cuda_ad_rgb")}
    return seconds, ", ".join(f"{number} in {variant}" for variant, number in count.items() if number)


def _timed(command: list[str], warm: bool) -> tuple[_Seconds, str]:
    """Seconds of a whole process, and what it printed; with an empty home folder, where Dr.Jit keeps kernels."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | ({} if warm else {"HOME": home})
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        clock, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return _Seconds(clock, processor), done.stdout


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


def _bare_loop(work: list[tuple[str, str]]) -> dict[str, Any]:
    """Render every scene in its variant, and keep the images; seconds of each scene, with its loading."""
    from mcdenoise.rendering.variants import prepare_environment

    prepare_environment()
    import mitsuba as mi
    import numpy as np

    kept, seconds = [], []
    for path, variant in work:
        started = time.perf_counter()
        if mi.variant() != variant:
            mi.set_variant(variant)
        from mcdenoise.rendering.features import AOVS, seen_features

        scene = mi.load_file(path)
        if variant.startswith("scalar"):
            integrators = [mi.load_dict({"type": "aov", "aovs": AOVS, "radiance": scene.integrator()})]
        else:
            integrators = [scene.integrator(), seen_features(scene)]
        for seed in range(REALIZATIONS):
            for integrator in integrators:
                kept.append(np.array(mi.render(scene, integrator=integrator, spp=SPP, seed=seed)))
        seconds.append(time.perf_counter() - started)
    return {"scenes": seconds}


def _print_stages(path: Path, side: int, warm: bool) -> None:
    for variant in _variants("small"):
        with tempfile.TemporaryDirectory() as out:
            _, said = _timed([sys.executable, __file__, "--stages-of", str(path), variant, out], warm)
        rows = json.loads(said)
        print(f"\n{path.parent.name}, {side} x {side}, {variant}:\n\n| stage | s |\n| --- | --- |")
        for name, seconds in rows.items():
            print(f"| {name} | {seconds:.3f} |", flush=True)


def _stages(path: Path, variant: str, out: Path) -> dict[str, float]:
    """Seconds of each step of the command for one scene, each done alone, in the order in which it does them."""
    rows: dict[str, float] = {}

    def timed(name: str, function: Any) -> Any:
        started = time.perf_counter()
        result = function()
        rows[name] = time.perf_counter() - started
        return result

    python = [sys.executable, "-c"]
    timed("start of the command: Python and imports", lambda: subprocess.run([*python, _IMPORTS], check=True))
    from mcdenoise.rendering import child
    from mcdenoise.rendering.variants import AUTOMATIC, prepare_environment, probe

    code = f"import {child.__name__}, mitsuba"
    timed("start of the rendering process, Mitsuba with it", lambda: subprocess.run([*python, code], check=True))
    for candidate in AUTOMATIC[:2]:
        timed(f"trying {candidate} (beside the start of the rendering process)", lambda name=candidate: probe(name))
    prepare_environment()
    import mitsuba as mi
    import numpy as np

    timed("setting the variant", lambda: mi.set_variant(variant))
    from mcdenoise.exr import read_attributes, write_frame
    from mcdenoise.rendering import realization, scene

    timed("describing the scene: parsing", lambda: scene.outline(path))
    timed("describing the scene: hash of its files", lambda: scene.digest(path))
    loaded = timed("loading it", lambda: scene.load(path, None, "box", ""))
    integrators = [loaded.integrator] if loaded.integrator else [loaded.radiance_integrator, loaded.feature_integrator]

    def bare(seed: int) -> list[Any]:
        one = {"scene": loaded.scene, "sensor": loaded.sensor, "spp": SPP, "seed": seed}
        return [np.array(mi.render(integrator=integrator, **one)) for integrator in integrators]

    first = "first render, kernels included"
    timed(first, lambda: bare(0))
    timed("another render, as mi.render gives it", lambda: bare(1))
    frame, _ = timed("another as a frame, read back and split", lambda: realization.render(loaded, SPP, 0, 2))
    timed("compressing and writing it (behind the next)", lambda: write_frame(out / "r000.exr", frame))
    timed("asking a file what it is (only if it is there)", lambda: read_attributes(out / "r000.exr"))
    return rows


_IMPORTS = "import mcdenoise.cli, mcdenoise.console, mcdenoise.rendering.farm"


if __name__ == "__main__":
    main()
