"""What the commands show: progress with time left on a terminal, plain lines elsewhere."""

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mcdenoise.errors import McdenoiseError, one_line

_PACKAGES = ("mcdenoise", "torch", "mitsuba", "drjit", "OpenEXR", "numpy", "karellen-llvm-core", "mitsuba-oidn")
_LISTED = 12
_MANY_SCENES = 6  # more do not fit beside each other
_MANY_VIEWS = 5  # from which a bootstrap over views means something


class _TimeLeft(ProgressColumn):
    """Time left from the mean speed so far: steadier than rich's, whose window suits many small steps."""

    def render(self, task: Task) -> Text:
        if task.finished or not task.elapsed or not task.completed or not task.total:
            return Text("")
        return Text(f"{_duration(task.elapsed * (task.total - task.completed) / task.completed)} left")


def show_generating(events: Iterator, total: int, out: str) -> bool:
    """Show the events of `random_scenes.generate` as they come; True if every number gave a scene."""
    from mcdenoise.random_scenes.generate import SceneMade

    made = kept = 0
    failed = []
    started = time.monotonic()
    with _progress() as progress:
        bar = progress.add_task("making scenes", total=total)
        for event in events:
            progress.advance(bar)
            if not isinstance(event, SceneMade):
                failed.append(event)
            elif event.kept:
                kept += 1
            else:
                made += 1
    there = f", {kept} were there already" if kept else ""
    print(f"{made} scenes made in {out}{there}: {_duration(time.monotonic() - started)}")
    for failure in failed:
        _complain(failure.reason)
    return not failed


def show_overview(out: str, sheet: str | None, table: str | None) -> None:
    """Write the contact sheet and the table of a folder of random scenes, as far as they are wanted."""
    from mcdenoise.inference.arrays import denoise
    from mcdenoise.inference.oidn_engine import Oidn, oidn_is_installed
    from mcdenoise.random_scenes import overview

    folders = overview.scene_folders(out)
    if table:
        overview.write_table(folders, Path(table))
        print(table)
    if sheet:
        with _progress() as progress:
            bar = progress.add_task("contact sheet", total=len(folders))
            # The sheet is for looking at the scenes: the cleaner the better.
            clean = Oidn().denoise if oidn_is_installed() else denoise
            for _ in overview.contact_sheet(folders, Path(sheet), clean):
                progress.advance(bar)
        print(f"{sheet} (denoised by {'Open Image Denoise' if oidn_is_installed() else 'the default model'})")


def show_rendering(events: Iterator) -> bool:
    """Show the events of `rendering.farm.render` as they come; True if no scene failed."""
    from mcdenoise.rendering.farm import FrameRendered, SceneFailed, ScenePlanned, VariantChosen

    failed: list[SceneFailed] = []
    working: dict[str, ScenePlanned] = {}
    missing: dict[str, int] = {}  # frames, by scene
    since: dict[str, float] = {}
    frames = kept = samples = planned = gone = 0
    started = time.monotonic()
    with _progress() as progress:
        bar = progress.add_task("rendering", total=None)
        for event in events:
            if isinstance(event, VariantChosen):
                limit = f"{event.samples / 1e6:.1f} M samples"
                print(f"Mitsuba variant {event.variant} for scenes of {limit} or more: {event.reason}", flush=True)
                continue
            if isinstance(event, ScenePlanned):
                working[event.scene], since[event.scene] = event, time.monotonic()
                missing[event.scene] = event.frames - event.done_frames
                kept += event.done_frames
                planned += event.remaining
                number, count = event.place
                # Scenes to come are taken for as large as those that are known.
                progress.update(bar, total=planned * count / number, description=f"{event.scene} ({number} of {count})")
            elif isinstance(event, FrameRendered):
                frames += 1
                samples += event.samples
                missing[event.scene] -= 1
            elif isinstance(event, SceneFailed):
                failed.append(event)
                working.pop(event.scene, None)
                gone += event.samples
            progress.update(bar, completed=samples + gone)
            if event.scene in working and not missing[event.scene]:
                print(_scene_line(working.pop(event.scene), time.monotonic() - since[event.scene]), flush=True)
    seconds = time.monotonic() - started
    there = f", {kept} were there already" if kept else ""
    print(f"{frames} frames rendered{there}: {samples / 1e6:.1f} M samples in {_duration(seconds)}")
    for failure in failed:
        _complain(f"{failure.scene} ({failure.path}) failed: {failure.reason}")
    return not failed


def _scene_line(plan: Any, seconds: float) -> str:
    new = plan.frames - plan.done_frames
    width, height = plan.size
    how = f"{plan.integrator}, {plan.variant}: {plan.choice}" if plan.choice else plan.integrator
    there = f", {plan.done_frames} were there" if plan.done_frames else ""
    took = _duration(seconds) if new else "nothing to do"
    return f"{plan.scene}: {new} frames of {width} x {height} ({how}){there}, {took}"


def show_training(renders: str, out: str, options: object, device: str, resume: bool) -> None:
    """Train, showing the state of it; then say where the model is and how to use it. Only the first process talks."""
    from mcdenoise.training import Progress as State
    from mcdenoise.training import train

    first = os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"
    told: list[float] = []
    with _progress() as progress:
        bar = progress.add_task("training", total=1.0, visible=first)

        def report(state: State) -> None:
            measured = (
                "" if state.validation is None else f"  validation {state.validation:.4g} ({state.validation_kind})"
            )
            progress.update(
                bar,
                completed=state.fraction,
                description=f"step {state.step}  loss {state.loss:.4g}{measured}",
            )
            if first and state.validation is not None and told[-1:] != [state.validation]:
                told.append(state.validation)
                left = state.seconds * (1 - state.fraction) / max(state.fraction, 1e-9)
                print(f"step {state.step}: loss {state.loss:.4g}{measured}, {_duration(left)} left", flush=True)

        result = train(renders, out, options, device, resume, report)
    if not first:
        return
    if result.already_finished:
        print(f"{out} is finished ({result.steps} steps): {result.model}; for another run choose another --out.")
    else:
        print(f"trained {result.steps} steps in {_duration(result.seconds)}: {result.model}")
    print(f"use it: mcdenoise apply frame.exr --model {result.model}")


def show_flying(scene: str, out: str | None, options: Any, device: str) -> None:
    """Fly through a scene and learn on the way, showing each frame as it comes; then say what is where.

    out: None for runs/ and the scene's name.
    """
    from mcdenoise.rendering.flight import find_scene
    from mcdenoise.training.online import Progress as State
    from mcdenoise.training.online import train_online

    out = out or os.path.join("runs", find_scene(scene).name)
    started = time.monotonic()
    done = 0
    with _progress() as progress:
        bar = progress.add_task("starting", total=None)

        def report(state: State) -> None:
            nonlocal done
            done += state.row is not None
            to_come = state.frames - state.frame - (state.row is not None)
            place = f"frame {state.frame + 1} of {state.frames}"
            doing = f"step {state.step} of {state.steps}" if state.step else "rendering"
            now = 0 if state.row is not None else state.step / (state.steps + 1)
            progress.update(bar, total=done + to_come, completed=done + now, description=f"{place}: {doing}")
            if state.row is not None:
                left = (time.monotonic() - started) / done * to_come
                print(f"{place}: {_measured(state.row)}, {_duration(left)} left", flush=True)

        result = train_online(scene, out, options, device, report)
    if result.already_finished:
        print(f"{out} is finished ({options.frames} frames); for another flight choose another --out.")
    else:
        print(f"{done} frames in {_duration(time.monotonic() - started)}{_compared(result.rows)}")
    print(f"frames: {result.denoised}; preview: {result.preview}")
    print(f"use it: mcdenoise apply frame.exr --model {result.model}")


def _measured(row: Any) -> str:
    """The figures of a frame of a flight."""
    before = "" if row.held_back_start is None else f" (the model it began with: {row.held_back_start:.4g})"
    return f"loss {row.loss:.4g}, held-back {row.held_back:.4g}{before}"


def _compared(rows: list[Any]) -> str:
    """What learning was worth, as measured on all frames but the first, with which it began."""
    gains = [row.held_back_start - row.held_back for row in rows[1:] if row.held_back_start is not None]
    if len(gains) < 2:
        return ""
    mean, error = statistics.mean(gains), statistics.stdev(gains) / len(gains) ** 0.5
    return (
        f"; measured before a frame is learnt from, relMSE is {'below' if mean > 0 else 'above'} that of the model it "
        f"began with by {abs(mean):.2g} (standard error {error:.2g})"
    )


def show_converting(results: Iterator, images: list, without: int, out: str) -> bool:
    """Show the results of `data.export_oidn.export` as they come; True if none failed."""
    kept = sum(image.done for image in images)
    failed = 0
    with _progress() as progress:
        bar = progress.add_task("writing", total=len(images), completed=kept)
        for result in results:
            progress.advance(bar)
            if result.error is not None:
                failed += 1
                _complain(result.error)
    there = f", {kept} were there already" if kept else ""
    print(f"{len(images) - kept - failed} images written to {out}{there}" + (f", {failed} failed" if failed else ""))
    if without:
        print(
            f"note: {without} views have no reference, and OIDN's toolkit takes the last noisy image of such a view "
            "for one: render with --reference-spp before training with it."
        )
    return not failed


def show_applying(results: Iterator, total: int) -> bool:
    """Show the results of `inference.sequence.apply` as they come; True if none failed."""
    failed = kept = 0
    with _progress() as progress:
        bar = progress.add_task("denoising", total=total, visible=total > 1)
        for result in results:
            progress.advance(bar)
            for note in result.notes:
                print(f"note: {one_line(note)}")
            if result.error is not None:
                failed += 1
                _complain(result.error)
                continue
            if result.kept:
                kept += 1
                continue
            shown = f", {result.preview}" if result.preview else ""
            made = f"{result.task.name} -> {result.task.output}{shown} ({result.seconds:.1f} s)"
            print(one_line(made), flush=True)
            if result.relmse is not None:
                shares = ", ".join(f"{name} {100 * weight:.0f}%" for name, weight in result.weights.items())
                print(f"  estimated relMSE {result.relmse:.3g} (error.Y holds each pixel's); {shares} of the detail")
    if kept:
        print(
            f"{kept} of {total} {'was' if kept == 1 else 'were'} there already, of the same frames, model and options"
        )
    if failed and total > 1:
        print(f"{total - failed - kept} of {total} denoised, {failed} failed")
    return not failed


def show_evaluating(
    plan: Any, metrics: list[str], notes: list[str], repeats: int, out: Path, report: Path | None, command: str
) -> bool:
    """Evaluate, showing each view as it comes, then the table; write CSV, JSON and the report. True if none failed."""
    from mcdenoise.evaluation.compare import ViewFailed
    from mcdenoise.evaluation.publish import Published, evaluate_to_files

    for note in [*notes, *plan.notes]:
        print(f"note: {note}")
    about = {
        "command": command,
        "made": time.strftime("%Y-%m-%d"),
        "machine": machine(),
    }
    failed = done = 0
    with _progress() as progress:
        bar = progress.add_task("evaluating", total=len(plan.views))
        for result in evaluate_to_files(plan, metrics, repeats, out, report, about):
            if isinstance(result, Published):
                progress.stop()
                _print_scores(result.summary)
                print("\n".join(map(str, result.files)))
                continue
            progress.advance(bar, 1 / repeats)
            if isinstance(result, ViewFailed):
                failed += 1
                _complain(f"{result.folder}: {result.reason}")
                continue
            done += 1
            place = f"{done + failed} of {len(plan.views)}" if repeats == 1 else str(done + failed)
            took = f"{sum(result.seconds.values()):.1f} s"
            print(f"{result.scene}/{result.view} at {result.spp or '?'} spp ({place}): {took}", flush=True)
            if result.note:
                print(f"note: {result.note}")
    if failed:
        print(f"{done} measured, {failed} failed")
    return not failed


def show_study(work: Callable[[Callable[[Any], None]], list[Path]]) -> None:
    """Run a study, showing how far it is and how long it may take; then print its table and the files it wrote.

    work: given what it is to report its progress to (`studies.cells.Progress`), returns those files, the first two the
    table as CSV and as Markdown.
    """
    with _progress() as progress:
        bar = progress.add_task("starting", total=None)
        started = time.monotonic()
        trained = 0

        def report(state: Any) -> None:
            nonlocal trained
            progress.update(
                bar,
                total=state.cells,
                completed=state.number - 1 + state.step / state.steps,
                description=f"{state.cell} ({state.number} of {state.cells}), step {state.step} of {state.steps}",
            )
            if state.kept:
                print(f"{state.cell}: is finished", flush=True)
            elif state.finished:
                trained += 1
                left = (time.monotonic() - started) / trained * (state.cells - state.number)
                print(f"{state.cell} ({state.number} of {state.cells}): {_duration(left)} left", flush=True)

        files = work(report)
    print(files[1].read_text(encoding="utf-8"))
    print("\n".join(map(str, files)))


def machine() -> str:
    """The processor and its number of cores, in words."""
    return f"{_processor_name()}, {os.cpu_count()} cores"


def _print_scores(summary: dict[str, Any]) -> None:
    """Means over views, best of each spp marked, and what is not told apart from it."""
    from mcdenoise.evaluation.paired import best_and_alike

    metrics = summary["metrics"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("spp", justify="right")
    table.add_column("method", no_wrap=True)
    for metric in metrics:
        table.add_column(metric["name"] + (" \u2191" if metric["better"] == "higher" else " \u2193"), justify="right")
    table.add_column("s", justify="right")
    last = None
    for row in summary["rows"]:
        if last is not None and row["spp"] != last:
            table.add_section()
        cells = [_cell(row, metric, summary["rows"], metric is metrics[0]) for metric in metrics]
        spp = "" if row["spp"] == last else str(row["spp"] or "?")
        table.add_row(spp, row["method"], *cells, f"{row['seconds']:.2f}")
        last = row["spp"]
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(table)
    _print_scenes(console, summary)
    views = len({(row["scene"], row["view"]) for row in summary["views"]})
    for spp in dict.fromkeys(row["spp"] for row in summary["rows"]):
        found = best_and_alike(summary, spp, metrics[0])
        if found is not None:
            best, alike = found
            others = f"; not told apart from it: {', '.join(alike)}" if alike else ", and told apart from all others"
            if views < _MANY_VIEWS:
                others += f" (on {views} {'view' if views == 1 else 'views'} alone: others may say otherwise)"
            console.print(f"{spp or '?'} spp: {best} is best by {metrics[0]['name']}{others}.", soft_wrap=True)
    for metric in metrics:
        console.print(
            f"{metric['name']}: {'; '.join(metric['kinds'].values())}. {metric['explanation']}", soft_wrap=True
        )
    console.print(
        f"Means over {views} {'view' if views == 1 else 'views'}; in brackets the middle 95% of a bootstrap over "
        "views and blocks of pixels (of all metrics in the files); * is the best of its spp; s is the median time "
        "of a frame.",
        soft_wrap=True,
    )


def _print_scenes(console: Console, summary: dict[str, Any]) -> None:
    """The first metric by scene, if there are several and they fit: those of one view have its number."""
    metric = summary["metrics"][0]
    rows = {(row["spp"], row["method"], row["scene"]): row for row in [*summary["views"], *summary["scenes"]]}
    scenes = sorted({scene for *_, scene in rows})
    if not 1 < len(scenes) <= _MANY_SCENES:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"{metric['name']} by scene", title_justify="left")
    table.add_column("spp", justify="right")
    table.add_column("method", no_wrap=True)
    for scene in scenes:
        table.add_column(Text(scene), justify="right")
    last = None
    for spp, method in dict.fromkeys((row["spp"], row["method"]) for row in summary["rows"]):
        if last is not None and spp != last:
            table.add_section()
        alike = [[row for (its, _, of), row in rows.items() if (its, of) == (spp, scene)] for scene in scenes]
        of = [rows.get((spp, method, scene)) for scene in scenes]
        cells = ["-" if row is None else _cell(row, metric, all_, True) for row, all_ in zip(of, alike, strict=True)]
        table.add_row("" if spp == last else str(spp or "?"), Text(method), *cells)
        last = spp
    console.print(table)


def _cell(row: dict[str, Any], metric: dict[str, Any], rows: list[dict[str, Any]], bounds: bool) -> str:
    score = row["scores"].get(metric["name"])
    if score is None or score["value"] is None:
        return "-"
    alike = [other["scores"].get(metric["name"]) for other in rows if other["spp"] == row["spp"]]
    values = [one["value"] for one in alike if one is not None and one["value"] is not None]
    best = score["value"] == (max if metric["better"] == "higher" else min)(values)

    def shown(value: float) -> str:
        return f"{value:.2f}" if metric["name"] == "PSNR" else f"{value:.3g}"

    around = f" ({shown(score['low'])} to {shown(score['high'])})" if bounds and score["low"] is not None else ""
    return f"{'*' if best else ''}{shown(score['value'])}{around}"


def show_info() -> None:
    """Print versions, hardware, Mitsuba variants and models."""
    import torch

    from mcdenoise.hardware import choose_device, has_fast_bf16
    from mcdenoise.inference.denoiser import usual_passes
    from mcdenoise.networks.model_file import load_model, shipped_models
    from mcdenoise.rendering.variants import AUTOMATIC, choose, cores, probe, scalar_below

    print(f"Python {platform.python_version()} on {platform.platform()}")
    for package in _PACKAGES:
        try:
            print(f"  {package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"  {package} not installed")
    features = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in _processor_flags()]
    print(f"Processor: {_processor_name()}, {os.cpu_count()} cores, {', '.join(features) or 'no AVX2'}")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    print(f"GPU: {', '.join(gpus) or 'none that PyTorch can use'}")
    device = choose_device()
    precision = "bf16" if has_fast_bf16(device) else "float32"
    print(f"Networks run on: {device}, {precision}{'' if precision == 'bf16' else ' (no fast bf16 here)'}")
    print("Mitsuba variants:")
    for variant in AUTOMATIC:
        tried = probe(variant)
        print(f"  {variant}: {tried.reason if tried.works else 'does not work: ' + tried.reason}")
    try:
        limit = f"{scalar_below(cores()) / 1e6:.1f} M samples"
        print(
            f"Scenes are rendered with: {choose().variant}, the fastest that works here; below {limit} with scalar_rgb"
        )
    except McdenoiseError as error:
        print(f"Scenes cannot be rendered: {error}")
    print("Models:")
    for name, path in shipped_models().items():
        network, training = load_model(path)
        count = sum(parameter.numel() for parameter in network.parameters())
        passes = usual_passes(network, precision)
        seen = f"{training['steps']} steps, sees a frame {'twice' if passes == 2 else 'once'}"
        print(f"  {name}: {network.name}, {count / 1e6:.2f} M parameters, {seen}, {path}")


def show_model(name: str) -> None:
    """Print what the network or model of that name is, what it costs, and what it was trained on."""
    from mcdenoise.networks.cost import cost_of
    from mcdenoise.networks.model_file import network_called

    network, training = network_called(name)
    cost = cost_of(network)
    print(", ".join([network.name, *(f"{key} {value}" for key, value in network.config.items())]))
    print(f"Parameters: {cost.parameters:,}")
    filters = f", and {cost.filters:,.0f} in filters by predicted kernels" if cost.filters else ""
    print(f"Multiply-adds: {cost.multiply_adds:,.0f} a pixel, in convolutions{filters}")
    print(f"Receptive field: nothing that is more than {cost.reach} pixels away has a say in a pixel")
    if training is None:
        return
    print("Training:" if training else "Training: the file does not say")
    options = training.get("options")
    for key, value in ((options if isinstance(options, dict) else {}) | training).items():
        if key == "options" or value is None or value == {}:
            continue
        text = json.dumps(value[:_LISTED] if isinstance(value, list) else value).strip("[]")
        more = f" and {len(value) - _LISTED} more" if isinstance(value, list) and len(value) > _LISTED else ""
        print(f"  {key}: {text}{more}")


def _complain(message: str) -> None:
    print("Error: " + one_line(message), file=sys.stderr, flush=True)


def _progress() -> Progress:
    """One progress bar on standard error; nothing where that is not a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    return Progress(*columns, TimeElapsedColumn(), _TimeLeft(), console=console, disable=not console.is_terminal)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min {seconds:02d} s"


def _cpuinfo(key: str) -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith(key)), "")
    except OSError:
        return ""


def _processor_flags() -> set[str]:
    return set(_cpuinfo("flags").split())


def _processor_name() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()
