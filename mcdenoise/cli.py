"""The `mcdenoise` command: parse, call, print. Everything it does can be done from Python in one call."""

import logging
import os
import shlex
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click
from click.core import ParameterSource

from mcdenoise import __version__
from mcdenoise.errors import McdenoiseError, is_out_of_memory, one_line

_INTERRUPTED = "interrupted; what was finished is kept, and render, train and studies go on from there when run again."
_FILTERS = ("box", "tent", "gaussian", "mitchell", "catmullrom", "lanczos", "scene")

# Options of train that mean nothing without --online, or with it.
_ONLINE = ("path", "frames", "spp", "size", "steps_per_frame", "window", "variant")
_NOT_ONLINE = ("renders", "steps", "minutes", "target", "cache", "cache_gib", "cache_folder", "resume")


def main(command: click.Command | None = None, name: str = "mcdenoise") -> None:
    """Run the command line, or another `command`; exits 0, or with one line why: 1 a failed run, 2 bad use, 130
    interrupted."""
    _steady_streams()
    handler = _StandardError()
    handler.setFormatter(_Formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    before = signal.getsignal(signal.SIGINT)
    interrupts = _noted_interrupts()
    try:
        code = (command or cli).main(standalone_mode=False, prog_name=name)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        code = 2
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        code = _fail(f"{error.format_message()} (see {path} --help)", 2)
    except click.ClickException as error:
        code = _fail(error.format_message(), 1)
    except (KeyboardInterrupt, click.Abort):
        code = _fail(_INTERRUPTED, 130)
    except McdenoiseError as error:
        code = _fail(str(error), 2 if error.misuse else 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has enough
        code = 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        code = _fail(f"{where}{error.strerror or error}.", 1)
    except (MemoryError, RuntimeError) as error:
        if interrupts:
            code = _fail(_INTERRUPTED, 130)
        elif is_out_of_memory(error):
            code = _fail("out of memory: try a smaller --batch, --crop or picture.", 1)
        else:
            raise
    finally:
        if interrupts is not None:
            signal.signal(signal.SIGINT, before)
    sys.exit(code)


def _noted_interrupts() -> list[int] | None:
    """A list that every Ctrl-C from now on is put into, besides raising KeyboardInterrupt as before; None if it does
    not raise that, or cannot be handled here.

    For a compiler's callback may swallow that, and then stumbles over what is missing.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return None
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    return noted


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mcdenoise")
def cli() -> None:
    """Learn to denoise Monte Carlo renders from their own noise, without a clean image.

    \b
    mcdenoise scenes data --count 500 make random scenes to learn from
    mcdenoise render scenes/          render pairs of noisy frames with Mitsuba 3
    mcdenoise train                   learn one from the other
    mcdenoise apply frame.exr         denoise
    mcdenoise evaluate renders        measure, with references or without
    """


@cli.command(short_help="Make random scenes to learn from.")
@click.argument("out", type=click.Path(file_okay=False))
@click.option("--count", default=64, show_default=True, type=click.IntRange(1, 10**6), help="How many scenes.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Another seed, other scenes."
)
@click.option("--first", default=0, show_default=True, type=click.IntRange(0, 10**9), help="Number of the first scene.")
@click.option(
    "--split",
    default="train",
    show_default=True,
    type=click.Choice(["train", "validation"]),
    help="How the scenes are marked: those of validation are never trained on.",
)
@click.option(
    "--kind",
    type=click.Choice(["interior", "outdoor", "product", "surroundings"]),
    help="Scenes of this kind alone; surroundings are product shots lit by a picture of a place [default: a mix].",
)
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes [default: one a core].")
@click.option("--sheet", type=click.Path(dir_okay=False), help="Also render all of OUT small into this PNG.")
@click.option("--table", type=click.Path(dir_okay=False), help="Also write how often each thing occurs, as Markdown.")
def scenes(out: str, sheet: str | None, table: str | None, **options: Any) -> None:
    """Make random Mitsuba scenes in the folder OUT: interiors, exteriors and product shots, each with its camera.

    Each is a folder OUT/random-SEED-NUMBER/ (with --kind random-KIND-SEED-NUMBER/) with a scene.xml and the meshes and
    pictures that it names; plain Mitsuba opens it too. A scene depends on its seed, number and --kind alone: the same
    on any machine, and more can be added later. Scenes that are there already are kept. Views that are
    black, blown out, uniform or inside something are rejected.

    \b
    Examples:
      mcdenoise scenes data/scenes --count 500
      mcdenoise scenes data/scenes --count 64 --seed 7 --sheet sheet.png --table table.md
      mcdenoise scenes data/scenes --count 50 --kind outdoor
      mcdenoise render data/scenes --out data/renders --realizations 4
    """
    from mcdenoise.console import show_generating, show_overview
    from mcdenoise.random_scenes.generate import generate

    if "" in (out, sheet, table):
        raise click.UsageError("a file's name is empty.")
    for file in (sheet, table):
        folder = None if file is None else Path(file).absolute().parent
        if folder is not None and not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise click.UsageError(f"{file}: its folder is not there, or cannot be written.")
    if sheet is not None and Path(sheet).suffix.lower() != ".png":
        raise click.UsageError(f"{sheet}: the sheet is a PNG: end its name in .png.")
    good = show_generating(generate(out, **options), options["count"], out)
    if sheet or table:
        show_overview(out, sheet, table)
    sys.exit(0 if good else 1)


@cli.command(short_help="Render independent noisy realizations of scenes.")
@click.argument("scenes", nargs=-1, required=True, type=click.Path(exists=True))
@click.option(
    "--out", default="renders", show_default=True, type=click.Path(file_okay=False), help="Folder to write to."
)
@click.option(
    "--spp", default=8, show_default=True, type=click.IntRange(1, 2**20), help="Samples per pixel of a frame."
)
@click.option(
    "--realizations",
    default=2,
    show_default=True,
    type=click.IntRange(1, 10000),
    help="Independent renders of each view; 2 are a training pair, 3 and more also measure errors.",
)
@click.option(
    "--views",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10000),
    help="Cameras per scene: its own, and others near it that see neither black nor the inside of objects.",
)
@click.option(
    "--size", nargs=2, type=click.IntRange(1, 16384), metavar="W H", help="Size in pixels [default: the scene's]."
)
@click.option(
    "--reference-spp",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**24),
    help="Samples per pixel of a reference, written as two independent halves; 0 for none.",
)
@click.option(
    "--target-spp",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**20),
    help="Samples per pixel of each of two further noisy renders, t000.exr and t001.exr, which train takes as targets "
    "for all realizations, of which there must be two; 0 for none. Gains relMSE and costs PSNR at few samples "
    "(docs/model.md).",
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Varies noise and cameras."
)
@click.option(
    "--filter",
    "pixel_filter",
    default="box",
    show_default=True,
    type=click.Choice(_FILTERS),
    help="Pixel filter. With box the noise of neighbouring pixels is independent, as Noise2Noise assumes, and reruns "
    "are byte-identical; wider filters smear one sample over several pixels. `scene` takes the scene's own: for a "
    "model that is to denoise renders made with that filter.",
)
@click.option(
    "--variant",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Mitsuba variant; auto takes for each scene scalar_rgb if it has few samples, else the first that works of "
    "cuda_ad_rgb, llvm_ad_rgb, scalar_rgb.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Render on the workers of the Dask scheduler at this address, as tcp://host:8786; see docs/rendering.md.",
)
@click.option("--overwrite", is_flag=True, help="Replace frames that were rendered with other options.")
def render(
    scenes: tuple[str, ...],
    out: str,
    variant: str,
    scheduler: str | None,
    size: tuple[int, int] | None,
    **options: Any,
) -> None:
    """Render independent noisy realizations of SCENES: Mitsuba XML files, folders of them, or folders with a scene.xml.

    Writes OUT/<scene>/<view>/r000.exr, r001.exr, ...: radiance from the scene's own integrator, with albedo, shading
    normal and depth. Frames that are there already, from the same scene and options, are kept: an interrupted run goes
    on where it was.

    \b
    Examples:
      mcdenoise render scenes/
      mcdenoise render kitchen.xml --views 8 --realizations 4 --spp 16
      mcdenoise render kitchen.xml --spp 2 --realizations 4 --target-spp 64
      mcdenoise render kitchen.xml --reference-spp 1024 --out judged
      mcdenoise render scenes/ --scheduler tcp://node1:8786
    """
    from mcdenoise.console import show_rendering
    from mcdenoise.rendering.farm import RenderOptions, render
    from mcdenoise.rendering.variants import Probe, choose

    if options["target_spp"] and options["realizations"] < 2:
        raise click.UsageError("--target-spp is for views with two --realizations or more.")
    if variant != "auto":
        asked = Probe(variant, True, "asked for") if scheduler else choose(variant)
        print(f"Mitsuba variant {asked.variant}: {asked.reason}", flush=True)
    events = render(scenes, out, variant, RenderOptions(size=size or None, **options), scheduler)
    sys.exit(0 if show_rendering(events) else 1)


def _loss(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from mcdenoise.training.losses import GUIDED, LOSSES  # imports torch, which --help does without

    return click.Choice([*LOSSES, *GUIDED]).convert(value, parameter, context)


def _config(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int | str]:
    config: dict[str, int | str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not (name and equals and value) or len(text) > 60:
            raise click.BadParameter(f"{text[:60]!r} is not of the form NAME=VALUE.", context, parameter)
        config[name] = int(value) if value.isdecimal() else value
    return config


@cli.command(short_help="Learn to denoise from folders of noisy renders.")
@click.argument("renders", default="renders", type=click.Path())
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder of the run [default: runs/MODEL; with --online runs/ and the scene's name].",
)
@click.option(
    "--model",
    metavar="NAME",
    help="unet (the paper's), kpn (kernel prediction), kpn-small (faster), red30 (Mao et al. 2016; slow), or Open "
    "Image Denoise's: oidn, oidn-small, oidn-large. See info --model NAME [default: unet, or that of --init with "
    "--online].",
)
@click.option(
    "--config",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_config,
    help="An argument of the network, as info --model NAME lists them; may be given several times. With --init too: "
    "what is added to its network begins with fresh weights.",
)
@click.option(
    "--loss",
    default="hdr",
    show_default=True,
    metavar="NAME",
    callback=_loss,
    help="What to minimise. Noise averages out under hdr (the paper's, relative to each value), hdr-mean (relative to "
    "the pixel's mean) and l2; hdr-robust and hdr-reinhard (as hdr-mean, fireflies count less) are slightly dark; "
    "hdr-guided (as hdr-robust, relative to what other renders of the view say too: from three renders on) keeps what "
    "is dark beside lamps dark, hdr-studentized (its limit for fireflies moves with the noise) keeps caustics bright, "
    "and hdr-display (the same at three scales, more where a screen shows it) is for pictures to look at; l1 and smape "
    "lead to medians, l2-tonemapped is dark, relmse (relative to the target) darker still, l0 (annealed) leads to the "
    "most frequent value.",
)
@click.option("--steps", type=click.IntRange(1), help="Steps to train [default: 1200].")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Train for this long instead.")
@click.option("--batch", default=4, show_default=True, type=click.IntRange(1, 4096), help="Crops a step.")
@click.option(
    "--crop",
    type=click.IntRange(32, 4096),
    help="Side of a crop in pixels; less along an axis where most frames are smaller. Large ones, of whole frames "
    "even, teach more than many small ones [default: 128].",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, 1, min_open=True),
    help="Adam's [default: 0.001; with --online 0.0001, unless it begins with random weights].",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Of weights and crops.")
@click.option(
    "--target",
    default="noisy",
    show_default=True,
    type=click.Choice(["noisy", "reference"]),
    help="Learn from other noisy realizations, or for comparison from references.",
)
@click.option(
    "--init",
    type=click.Path(),
    metavar="MODEL",
    help="Model to start from: the name of one that ships (see info), or a file; for OIDN's networks also a TZA "
    "[default: random weights; with --online the model default, unless --model is given].",
)
@click.option("--device", default="auto", show_default=True, metavar="NAME", help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "float32", "bf16"]),
    help="Of convolutions.",
)
@click.option(
    "--cache",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "host", "disk", "cuda"]),
    help="Where decoded frames are kept: host memory, files on disk (found again by later runs), or the GPU, where "
    "crops are then made too; auto takes the GPU if it trains there and all fit, else host memory.",
)
@click.option(
    "--cache-gib",
    type=click.FloatRange(0, min_open=True),
    help="How much of them, of each process [default: host 2, disk 32, cuda 4].",
)
@click.option(
    "--cache-folder", type=click.Path(file_okay=False), help="For --cache disk [default: ~/.cache/mcdenoise/frames]."
)
@click.option("--resume", is_flag=True, help="Go on with the run in OUT, even if options changed.")
@click.option(
    "--online",
    type=click.Path(exists=True),
    metavar="SCENE",
    help="Learn while a camera flies through this Mitsuba scene, instead of from RENDERS, and denoise its frames. The "
    "options below are for that.",
)
@click.option(
    "--path",
    type=click.Path(),
    help='Camera keyframes, JSON: [{"origin": [x, y, z], "target": [x, y, z], "up": [x, y, z], "time": t}, ...]; up '
    "and time may be missing [default: a short arc through the scene's own camera].",
)
@click.option("--frames", type=click.IntRange(1, 10_000), help="Of the flight [default: 24].")
@click.option(
    "--spp", type=click.IntRange(1, 2**20), help="Samples per pixel of each of a frame's two renders [default: 8]."
)
@click.option(
    "--size", nargs=2, type=click.IntRange(1, 16384), metavar="W H", help="Size in pixels [default: the scene's]."
)
@click.option(
    "--steps-per-frame", type=click.IntRange(1, 10**6), help="Of training, before a frame is denoised [default: 8]."
)
@click.option("--window", type=click.IntRange(1, 10**5), help="Learn from so many last frames [default: 4].")
@click.option("--variant", metavar="NAME", help="Mitsuba's; see render [default: auto].")
@click.pass_context
def train(
    context: click.Context,
    renders: str,
    out: str | None,
    device: str,
    resume: bool,
    online: str | None,
    **options: Any,
) -> None:
    """Train a network on the views in RENDERS: one noisy realization in, another one as the target, no clean image.

    Writes OUT/model.safetensors (weights averaged over training), a checkpoint, train.csv, TensorBoard logs, and
    progress.png: curves, and crops before and after. Scenes marked as validation are never trained on; they measure,
    without references. The same command again goes on with an interrupted run, to the same weights it would have
    reached.

    With --online it flies through a scene: renders each new frame twice, takes some steps on the last frames, denoises
    both renders and goes on. Writes OUT/denoised/frame0000.exr, ..., their noisy renders as view folders, path.json,
    online.csv with a measure of each frame, flight.gif and model.safetensors. No reference is rendered.

    \b
    Examples:
      mcdenoise train
      mcdenoise train renders --model kpn --minutes 30
      mcdenoise train renders --model kpn --init default --loss hdr-display --minutes 60 --out runs/mine
      mcdenoise train --online kitchen.xml --path path.json --frames 240 --size 960 540
      torchrun --nproc-per-node 2 cli.py train renders --steps 20000
    """
    if not renders or "" in (out, options["path"], options["init"]):
        raise click.UsageError("a file's or folder's name is empty.")
    refused = _given(context, _ONLINE if online is None else _NOT_ONLINE)
    if refused:
        raise click.UsageError(f"{refused} cannot be used {'without' if online is None else 'with'} --online.")
    given = {name: value for name, value in options.items() if value is not None}
    if online is not None:
        from mcdenoise.console import show_flying
        from mcdenoise.training.online import OnlineOptions

        show_flying(online, out, OnlineOptions(**{k: v for k, v in given.items() if k not in _NOT_ONLINE}), device)
        return
    from mcdenoise.console import show_training
    from mcdenoise.training import TrainOptions

    chosen = TrainOptions(**given)
    show_training(renders, out or os.path.join("runs", chosen.model), chosen, device, resume)


def _given(context: click.Context, names: tuple[str, ...]) -> str:
    """Those of the parameters that the user gave, as they are written."""
    said = [
        parameter.human_readable_name if isinstance(parameter, click.Argument) else parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in names and context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT
    ]
    return ", ".join(said)


@cli.command(short_help="Export renders in the naming of OIDN's training toolkit.")
@click.argument("renders", type=click.Path())
@click.argument("out", type=click.Path(file_okay=False))
def convert(renders: str, out: str) -> None:
    """Write the views in RENDERS to OUT in the naming of the training toolkit of Open Image Denoise.

    RENDERS/<scene>/<view>/r000.exr becomes OUT/<scene>/<view>_0008spp.hdr.exr, .alb.exr and .nrm.exr, other
    realizations the same with more leading zeros, and the mean of ref_a.exr and ref_b.exr <view>_ref.hdr.exr. What was
    written before from the same files is kept. The other way needs no command: train reads such folders as they are.

    \b
    Example:
      mcdenoise convert renders data/rt_train
    """
    from mcdenoise.console import show_converting
    from mcdenoise.data.export_oidn import export, plan

    if not renders or not out:
        raise click.UsageError("the folder's name is empty.")
    images, without = plan(renders, out)
    sys.exit(0 if show_converting(export(images), images, without, out) else 1)


@cli.command(short_help="Denoise frames.")
@click.argument("frames", nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(), help="Folder, or an EXR file if there is one result [default: beside the input]."
)
@click.option("--model", default="default", show_default=True, help="A model that ships (see info), or a model file.")
@click.option("--device", default="auto", show_default=True, metavar="NAME", help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "float32", "bf16"]),
    help="Of convolutions.",
)
@click.option(
    "--engine",
    default="torch",
    show_default=True,
    type=click.Choice(["torch", "oidn"]),
    help="What runs the model: PyTorch, or Open Image Denoise if it is a model of its kind (train --model oidn).",
)
@click.option(
    "--passes",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "1", "2", "4", "8"]),
    callback=lambda context, parameter, passes: passes if passes == "auto" else int(passes),
    help="How often the model sees a frame, turned and mirrored, for a mean that is nearer to the truth: as many times "
    "the time. auto is 2 for a kpn in bf16, unless it is a small one, as fast is, else 1.",
)
@click.option("--realizations", is_flag=True, help="FRAMES are independent renders of one view and give one result.")
@click.option(
    "--denoisers",
    metavar="NAMES",
    help="What several realizations are combined from, separated by commas: model, oidn-color, oidn, oidn-prefilter, "
    "or model files [default: model, and all of OIDN's where mitsuba-oidn is installed].",
)
@click.option("--preview", is_flag=True, help="Also write a PNG beside the result: noisy left, denoised right.")
def apply(
    frames: tuple[str, ...],
    out: str | None,
    realizations: bool,
    denoisers: str | None,
    preview: bool,
    **model: Any,
) -> None:
    """Denoise FRAMES: EXR files, globs, or view folders, whose realizations are used together.

    Writes <name>.denoised.exr beside each input: a copy with R, G, B replaced (of each view layer), every other channel
    and attribute as it was. Albedo and normal are used if the file has them. A frame that fails is named, and the
    others go on; run again, the same command does only what is missing or has changed.

    Of several independent realizations (two runs of half the samples cost a renderer nothing) the noise itself tells
    which denoiser to believe where, and how much of the input to keep: the result is a mixture of several denoisers and
    the input, with a channel error.Y, the expected squared error of each pixel.

    \b
    Examples:
      mcdenoise apply frame.exr
      mcdenoise apply 'frames/*.exr' --out denoised/ --preview
      mcdenoise apply renders/kitchen/view000
      mcdenoise apply a.exr b.exr --realizations --denoisers model,oidn
      mcdenoise apply frame.exr --model runs/unet/model.safetensors
    """
    from mcdenoise.console import show_applying
    from mcdenoise.inference.candidates import candidates, default_names
    from mcdenoise.inference.denoiser import Denoiser
    from mcdenoise.inference.files import plan
    from mcdenoise.inference.sequence import apply

    if "" in frames or out == "":
        raise click.UsageError("a file's name is empty.")
    tasks = plan(frames, out, realizations)
    denoiser, found = Denoiser(**model), None
    if any(len(task.frames) > 1 for task in tasks):
        names = default_names() if denoisers is None else [name.strip() for name in denoisers.split(",")]
        found = candidates(names, denoiser)
    elif denoisers is not None:
        raise click.UsageError("--denoisers needs several realizations: a view folder, or --realizations.")
    done = show_applying(apply(tasks, denoiser, preview, found), len(tasks))
    sys.exit(0 if done else 1)


@cli.command(short_help="Measure denoisers, with references or without.")
@click.argument("renders", nargs=-1, required=True, type=click.Path())
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="A model that ships, or a model file; may be given several times [default: default].",
)
@click.option("--against", type=click.Choice(["oidn"]), help="Also measure Open Image Denoise, in its three modes.")
@click.option("--report", type=click.Path(file_okay=False), help="Also write a report: a folder with an index.html.")
@click.option(
    "--out",
    default="evaluation",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Folder for results.csv and results.json.",
)
@click.option(
    "--inputs",
    type=click.IntRange(1, 1000),
    help="Realizations of a view that are denoised together [default: 2 where there are enough, for combinations need "
    "two].",
)
@click.option(
    "--repeats",
    default=1,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How often, each time with other realizations as input where there are enough.",
)
@click.option(
    "--metrics",
    metavar="NAMES",
    help="Separated by commas: relMSE, MSE, PSNR, SMAPE, SSIM, FLIP, 'relMSE est.', 'MSE est.' [default: all that "
    "can be had].",
)
@click.option("--device", default="auto", show_default=True, metavar="NAME", help="auto, cpu, cuda or cuda:N.")
def evaluate(
    renders: tuple[str, ...],
    models: tuple[str, ...],
    against: str | None,
    report: str | None,
    out: str,
    inputs: int | None,
    repeats: int,
    metrics: str | None,
    device: str,
) -> None:
    """Denoise the views in RENDERS with every model, and measure: one table, CSV, JSON, and a report to look at.

    Where a view has references (mcdenoise render --reference-spp), errors are against them, and the noise of the two
    halves cancels. Where it has none, but realizations to spare, relMSE and MSE are estimated from these alone; the
    table says which kind each number is. Intervals are the middle 95% of a bootstrap over blocks of pixels and over
    views. A folder without references takes those of the same scenes in another.

    \b
    Examples:
      mcdenoise evaluate renders
      mcdenoise evaluate renders --model default --model runs/kpn/model.safetensors --against oidn --report report
      mcdenoise evaluate bench/spp4 bench/spp32 --against oidn --metrics relMSE,FLIP
    """
    from mcdenoise.console import show_evaluating
    from mcdenoise.evaluation.compare import methods, plan
    from mcdenoise.evaluation.scores import BY_NAME, available

    if "" in renders or "" in models or "" in (out, report):
        raise click.UsageError("a name is empty.")
    wanted = None if metrics is None else [name.strip() for name in metrics.split(",")]
    known = {name.lower(): name for name in BY_NAME}
    for name in wanted or ():
        if name.lower() not in known:
            raise click.UsageError(f"there is no metric {name!r}: choose of {', '.join(map(repr, BY_NAME))}.")
    names, notes = available(None if wanted is None else [known[name.lower()] for name in wanted])
    todo = plan(renders, methods(models or ("default",), against == "oidn", device), inputs, names)
    command = " ".join(["mcdenoise", *map(shlex.quote, sys.argv[1:])])
    sys.exit(0 if show_evaluating(todo, names, notes, repeats, Path(out), report and Path(report), command) else 1)


@cli.command(short_help="Write a model in the format of another program.")
@click.argument("model")
@click.argument("out", type=click.Path(dir_okay=False))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["tza", "onnx"]),
    help="tza: weights for Open Image Denoise, of a model trained with --model oidn; onnx: any model, as a graph that "
    "ONNX Runtime and others run [default: by OUT's ending].",
)
def export(model: str, out: str, kind: str | None) -> None:
    """Write MODEL (a file, or the name of one that ships) to OUT in the format of another program.

    OIDN runs a TZA file's weights in any program that lets it: filter.set_data("weights", ...) in Python,
    oidnSetSharedFilterData in C, with color, albedo and normal given. An ONNX file takes color, albedo and normal as
    float32 of shape [1, 3, H, W], linear and of any size, and returns denoised; it needs mcdenoise[onnx] to be written.

    \b
    Examples:
      mcdenoise export runs/oidn/model.safetensors mine.tza
      mcdenoise export default default.onnx
    """
    from mcdenoise.export.models import export_model

    kind = kind or Path(out).suffix.lower().lstrip(".")
    if kind not in ("tza", "onnx"):
        raise click.UsageError(f"{out}: end its name in .tza or .onnx, or say which --format.")
    export_model(model, out, kind)
    print(out)


@cli.command(short_help="Say what works on this machine, or what a model is.")
@click.option(
    "--model",
    metavar="NAME_OR_FILE",
    help="A network that train takes, a model that ships, or a model file: say instead what it costs and sees, and "
    "what it was trained on.",
)
def info(model: str | None) -> None:
    """Say which versions, processor, GPU, Mitsuba variants and models are here, and what will be used.

    \b
    Examples:
      mcdenoise info
      mcdenoise info --model oidn-small
      mcdenoise info --model runs/kpn/model.safetensors
    """
    from mcdenoise.console import show_info, show_model

    if model is None:
        show_info()
    else:
        show_model(model)


def _steady_streams() -> None:
    """Make standard streams that exist, take any character, and are not disturbed when a library's are silenced."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stdout is sys.__stdout__:
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = open(os.dup(2), "w", buffering=1, errors="backslashreplace")  # noqa: SIM115


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment: a progress bar stands in for it while one is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


class _Formatter(logging.Formatter):
    """One line a message; those that are more than information say so."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return level + " ".join(record.getMessage().split())


def _fail(message: str, code: int) -> int:
    print(f"Error: {one_line(message)}", file=sys.stderr)
    return code
