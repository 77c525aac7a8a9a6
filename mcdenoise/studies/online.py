"""Learning while a camera flies through a scene: noisy targets beside clean ones, for the same time.

Lehtinen et al. 2018 (arXiv 1803.04189v3), section 3.3 and figure 8: of each frame of a flight two noisy images are
rendered, the network takes a few training steps on them, both are denoised, and their mean is shown.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from mcdenoise.cli import main
from mcdenoise.console import show_study
from mcdenoise.data.cache import FrameCache
from mcdenoise.data.views import View
from mcdenoise.evaluation.metrics import psnr, psnr_halves
from mcdenoise.exr import read_frame, write_image
from mcdenoise.hardware import choose_device
from mcdenoise.inference.denoiser import Denoiser
from mcdenoise.networks.model_file import find_model, load_model
from mcdenoise.rendering.flight import Flight, arc, choose_variant, describe, find_scene
from mcdenoise.rendering.jobs import Description
from mcdenoise.rendering.local import LocalFarm
from mcdenoise.rendering.paths import Keyframe, cameras, read_path, write_path
from mcdenoise.studies.cells import Progress, Report, Study
from mcdenoise.studies.figure import Line, write_charts
from mcdenoise.studies.fitting import seconds_a_step
from mcdenoise.studies.learner import Costs, Flyer, Plan, equal_time, every_frame, picture
from mcdenoise.studies.options import device_option, full_option, out_option, seed_option
from mcdenoise.studies.renders import size_of, unet
from mcdenoise.studies.sizes import FULL, SMALL, Sizes
from mcdenoise.studies.table import Column, write_table
from mcdenoise.tonemap import exposure
from mcdenoise.training.learner import Learner, Learning
from mcdenoise.video import beside, write_gif

NAME = "online"
LEARNERS = {"noisy": "noisy targets", "clean": "clean targets, equal time", "clean_free": "clean targets, free"}
_LABELS = {
    "noisy": "learnt from noisy targets",
    "clean": "from clean ones, equal time",
    "clean_free": "from clean ones, free",
    "shipped": "shipped model",
    "input": "noisy input",
}
_SHOWN = ("noisy input", "learnt from noise", "reference")
_PAPERS = (
    "The paper (arXiv 1803.04189v3, section 3.3, figure 8): 1,000 frames of 512 x 512 at 8 spp, 8 steps a frame; clean "
    "targets are not appreciably better, and take 7 minutes a frame where a noisy render takes 190 ms."
)
_STEPS = 8
_MOST_SHOWN = 240  # frames in the video; of longer flights every second, third, ...
_COLUMNS = (
    Column("frame", "frame"),
    Column("seconds", "seconds", ".1f"),
    Column("input", "noisy input, dB"),
    Column("shipped", "shipped model, dB"),
    *(Column(name, f"{title}, dB") for name, title in LEARNERS.items()),
    Column("noisy_steps", "steps, noisy"),
    Column("clean_steps", "steps, clean"),
    Column("references", "references"),
)


@dataclasses.dataclass(frozen=True)
class Flying:
    """What flies and learns. frames: of the flight. spp: of each of a frame's two noisy renders. reference_spp: of its
    reference. size: (width, height) in pixels, or None for the scene's own. steps: of training for each frame, or None
    for as many as `minutes` of training allow. window: the last frames that are learnt from. init: a model to start
    from, or None for random weights. rate: samples a second that rendering makes, and step_seconds: what a step takes,
    or None to measure. variant: Mitsuba's."""

    frames: int = 24
    spp: int = 8
    reference_spp: int = 256
    size: tuple[int, int] | None = (96, 64)
    steps: int | None = _STEPS
    minutes: float | None = None
    window: int = 4
    init: str | None = None
    learning_rate: float = 1e-3
    rate: float | None = None
    step_seconds: float | None = None
    seed: int = 0
    variant: str = "auto"


def run(
    scene: Path,
    out: Path,
    path: Path | None = None,
    flying: Flying = Flying(),
    sizes: Sizes = SMALL,
    device: str = "auto",
    report: Report = lambda progress: None,
) -> list[Path]:
    """Fly through `scene` along the keyframes in `path`, in the folder `out`, or go on there; the files that say what
    came out.

    path: see `rendering.paths.read_path`; None for a short arc near the scene's own camera. The noisy learner's network
    is left in `out`/model.safetensors, for `mcdenoise apply`. Raises SceneError, ModelError or TrainingError.
    """
    place = choose_device(device)
    keyframes = None if path is None else read_path(path)
    init = None if flying.init is None else find_model(flying.init)
    shipped = Denoiser(device=device, precision="float32")
    with LocalFarm() as farm:
        setting, description = describe(farm, find_scene(scene), flying.size, flying.seed)
        if keyframes is not None:
            cameras(keyframes, flying.frames)  # one that cannot be followed is refused before anything is written
        options = dataclasses.asdict(flying) | dataclasses.asdict(sizes)
        options["scene"] = f"{setting.name} {description.digest}"
        options["path"] = "arc" if keyframes is None else [dataclasses.asdict(key) for key in keyframes]
        options["init"] = None if init is None else hashlib.blake2b(init.read_bytes(), digest_size=8).hexdigest()
        options["shipped"] = shipped.identity
        study = Study(out, NAME, options)
        if "variant" not in study.settings:
            width, height = description.size
            samples = flying.frames * (2 * flying.spp + flying.reference_spp) * width * height
            study.keep(variant=choose_variant(farm, flying.variant, samples))
        if keyframes is None and "arc" not in study.settings:
            study.keep(arc=[dataclasses.asdict(key) for key in arc(farm, setting)])
        if keyframes is None:
            keyframes = [Keyframe(**key) for key in study.settings["arc"]]
        write_path(out / "path.json", keyframes)
        setting = dataclasses.replace(setting, variant=study.settings["variant"])
        flight = Flight(
            farm,
            setting,
            description,
            cameras(keyframes, flying.frames),
            flying.spp,
            out / "renders" / setting.name,
            flying.reference_spp,
        )
        views = [flight.view(0)]
        cache = FrameCache()

        def learner(name: str) -> Learner:
            network = unet(flying.seed, sizes.width)() if init is None else load_model(init)[0]
            target = "noisy" if name == "noisy" else "reference"
            learning = Learning(sizes.crop, sizes.batch, flying.learning_rate, flying.seed, target)
            return Learner(network, learning, place, cache)

        costs = _costs(study, flight, flying, learner, views[0])
        steady = every_frame(flying.frames, study.steps, flying.window)
        plans = {"noisy": steady, "clean": equal_time(flying.frames, study.steps, flying.window, costs)}
        plans["clean_free"] = steady
        learners = {
            name: Flyer(out / "cells" / name, learner(name), init is not None, plan) for name, plan in plans.items()
        }
        (out / "cells" / "shipped").mkdir(exist_ok=True)
        for frame in range(flying.frames):
            if frame:
                views.append(flight.view(frame))
            behind = [one for one in learners.values() if one.frame == frame]
            for number, one in enumerate(behind, start=1):
                one.advance(views)
                report(Progress(f"frame {frame}", frame + 1, flying.frames, number, len(learners)))
            _show_shipped(shipped, picture(out / "cells" / "shipped", frame), views[frame])
            finished = Progress(f"frame {frame}", frame + 1, flying.frames, 1, 1, finished=True, kept=not behind)
            report(finished)
    learners["noisy"].save(out / "model.safetensors")
    size = size_of(learner("noisy").dataset(views[:1]))
    return _results(study, flying, sizes, size, description, plans, costs, views)


def _costs(study: Study, flight: Flight, flying: Flying, learner: Callable[[str], Learner], view: View) -> Costs:
    """As given, or measured here; what was measured before stays, and so do the steps that it led to."""
    if "rate" not in study.settings:
        study.keep(rate=flying.rate or flight.rate())
    if "step seconds" not in study.settings:
        seconds = flying.step_seconds
        if seconds is None:
            one = learner("noisy")
            dataset = one.dataset([view])
            seconds = seconds_a_step(
                one.network, lambda network, step, fraction: one.loss(network, dataset, step), one.device
            )
        study.keep(**{"step seconds": seconds})
    seconds = study.settings["step seconds"]
    if study.steps is None:
        each = 60 * flying.minutes / (flying.frames * len(LEARNERS) * seconds)
        study.keep(steps=max(1, int(each)))
    rate = study.settings["rate"]
    return Costs(flight.samples(2 * flying.spp) / rate, flight.samples(flying.reference_spp) / rate, seconds)


def _show_shipped(shipped: Denoiser, path: Path, view: View) -> None:
    if not path.exists():
        frames = [read_frame(file) for file in view.realizations]
        images = [shipped.denoise(frame.radiance, frame.albedo, frame.normal) for frame in frames]
        write_image(path, np.mean(images, axis=0, dtype=np.float32), {})


def _mean(files: Sequence[Path]) -> np.ndarray:
    return np.mean([read_frame(file).radiance for file in files], axis=0, dtype=np.float32)


def _results(
    study: Study,
    flying: Flying,
    sizes: Sizes,
    size: str,
    description: Description,
    plans: dict[str, Plan],
    costs: Costs,
    views: Sequence[View],
) -> list[Path]:
    out, steps = study.out, study.steps
    rows: list[dict[str, Any]] = []
    pictures: list[np.ndarray] = []
    limits = []
    first = exposure(_mean(views[0].references))  # for the whole video, so that it does not flicker
    for frame, view in enumerate(views):
        halves = [read_frame(file).radiance for file in view.references]
        reference = np.mean(halves, axis=0, dtype=np.float32)
        grey = exposure(reference)
        shown = {"input": _mean(view.realizations)}
        for name in ("shipped", *LEARNERS):
            shown[name] = read_frame(picture(out / "cells" / name, frame)).radiance
        row = {name: psnr_halves(image * grey, *(half * grey for half in halves)) for name, image in shown.items()}
        learnt = [step for part in plans["clean"][: frame + 1] for step in part]
        row |= {
            "frame": frame + 1,
            "seconds": (frame + 1) * costs.frame(steps),
            "noisy_steps": (frame + 1) * steps,
            "clean_steps": len(learnt),
            "references": len({k for window in learnt for k in window}),
        }
        rows.append(row)
        if frame % -(-len(views) // _MOST_SHOWN) == 0:
            images = shown["input"], shown["noisy"], reference
            pictures.append(beside(images, first, labels=_SHOWN))
        limits.append(psnr(halves[0] * grey, halves[1] * grey))
    title = "Learning during a flight through a scene"
    notes = [
        *_conditions(study, flying, sizes, size, description, costs),
        *_findings(rows, float(np.mean(limits))),
        _PAPERS,
    ]
    files = write_table(out, _COLUMNS, rows, title, notes)
    frames = [row["frame"] for row in rows]
    lines = [Line(label, frames, [row[name] for row in rows]) for name, label in _LABELS.items()]
    files.append(write_charts(out / "figure.png", [("PSNR", "frame", lines)], "dB", logarithmic=False))
    write_gif(out / "flight.gif", pictures)
    return [*files, out / "flight.gif", study.path, out / "path.json", out / "model.safetensors"]


def _conditions(
    study: Study, flying: Flying, sizes: Sizes, size: str, description: Description, costs: Costs
) -> tuple[str, str]:
    """size: of crops."""
    width, height = description.size
    steps = study.steps
    start = "random weights" if flying.init is None else "the weights of a trained model"
    return (
        f"PSNR in dB after tonemapping, against a reference of {flying.reference_spp} spp, whose halves cancel its "
        f"noise; {width} x {height} pixels, two renders of {flying.spp} spp a frame. The noisy input is the mean of "
        f"both, and what is shown is the mean of both denoised. Learners begin with {start} and take {steps} steps a "
        f"frame of {sizes.batch} crops of {size} from the last {flying.window} frames, with the loss hdr.",
        f"Time: the two renders of a frame take {costs.pair:.2f} s, its reference {costs.reference:.1f} s, a step "
        f"{costs.step:.3f} s, so a frame {costs.frame(steps):.2f} s with noisy targets, on "
        f"{study.settings['machine']}; denoising is not counted. Clean targets at equal time: the two renders of every "
        "frame, then in what is left of its time one reference, as many steps from it and those before it, the "
        "reference of the frame that is current by then, and so on; until its first step an untrained network's input "
        "is shown. Free: as if references took no time.",
    )


def _findings(rows: Sequence[dict[str, Any]], limit: float) -> tuple[str, str]:
    """limit: PSNR of one half of a reference against the other."""
    last = rows[len(rows) // 2 :]
    means = [f"{name} {np.mean([row[key] for row in last]):.2f}" for key, name in _LABELS.items()]
    return (
        f"Mean of frames {last[0]['frame']} to {last[-1]['frame']}: {'; '.join(means)} dB.",
        f"The references' own noise: one half against the other has {limit:.2f} dB, so their mean, which clean targets "
        "are, has about 6 dB more. Who learnt from them is judged by the same ones, which is no disadvantage.",
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("scene", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--path",
    type=click.Path(path_type=Path),
    help='Camera keyframes, JSON: [{"origin": [x, y, z], "target": [x, y, z], "up": [x, y, z], "time": t}, ...]; up '
    "and time may be missing [default: a short arc through the scene's own camera].",
)
@click.option("--frames", default=24, show_default=True, type=click.IntRange(1, 100_000), help="Of the flight.")
@click.option("--spp", default=8, show_default=True, type=click.IntRange(1, 2**20), help="Of a noisy render.")
@click.option(
    "--reference-spp", default=256, show_default=True, type=click.IntRange(2, 2**24), help="Of a frame's reference."
)
@click.option(
    "--size",
    nargs=2,
    default=(96, 64),
    show_default=True,
    type=click.IntRange(16, 16384),
    metavar="W H",
    help="Size of a frame in pixels.",
)
@click.option("--steps-per-frame", "steps", type=click.IntRange(1, 10**6), help="Of training [default: 8].")
@click.option(
    "--minutes",
    type=click.FloatRange(0, 10**6, min_open=True),
    help="Instead: of training, all learners together.",
)
@click.option(
    "--window", default=4, show_default=True, type=click.IntRange(1, 10**5), help="Learn from so many last frames."
)
@click.option("--init", metavar="MODEL", help="Start from a model that ships, or a model file [default: from scratch].")
@click.option(
    "--learning-rate", default=1e-3, show_default=True, type=click.FloatRange(0, 1, min_open=True), help="Adam's."
)
@click.option(
    "--rate", type=click.FloatRange(0, 10**6, min_open=True), help="Millions of samples a second [default: measured]."
)
@click.option(
    "--step-seconds", type=click.FloatRange(0, 10**6, min_open=True), help="Of a training step [default: measured]."
)
@click.option("--variant", default="auto", show_default=True, metavar="NAME", help="Mitsuba's; see mcdenoise render.")
@full_option
@seed_option
@device_option
@out_option(NAME)
def command(
    scene: Path,
    path: Path | None,
    steps: int | None,
    minutes: float | None,
    rate: float | None,
    full: bool,
    device: str,
    out: Path,
    **options: Any,
) -> None:
    """Fly through SCENE, a Mitsuba scene, and learn to denoise it on the way.

    Of every frame two noisy images are rendered; the network takes some steps on them and denoises them. Beside it
    learn two more from clean references: one in the same time, and one as if references cost nothing.

    \b
    Examples:
      python -m mcdenoise.studies.online scenes/colour-bleeding
      python -m mcdenoise.studies.online kitchen.xml --path path.json --frames 100 --size 256 144
      python -m mcdenoise.studies.online kitchen.xml --full --frames 1000 --size 512 512 --device cuda
    """
    if steps and minutes:
        raise click.UsageError("--steps-per-frame and --minutes contradict each other: give one.")
    for name, value in (("--minutes", minutes), ("--rate", rate), ("--step-seconds", options["step_seconds"])):
        if value is not None and not np.isfinite(value):
            raise click.UsageError(f"{name} must be a finite number.")
    steps = steps or (None if minutes else _STEPS)
    flying = Flying(steps=steps, minutes=minutes, rate=None if rate is None else 1e6 * rate, **options)
    sizes = FULL if full else SMALL
    show_study(lambda report: run(scene, out, path, flying, sizes, device, report))


if __name__ == "__main__":
    main(command, f"python -m mcdenoise.studies.{NAME}")
