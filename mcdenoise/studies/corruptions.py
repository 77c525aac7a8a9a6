"""Learning to remove corruptions of photographs from corrupted targets, beside learning from clean ones.

Lehtinen et al. 2018 (arXiv 1803.04189v3), sections 3.1, 3.2 and 3.4: what the noise leaves right of each value, its
mean, median or mode, is what the fitting loss finds, and no clean picture is needed. Both kinds of training get the
same network from the same weights, the same pictures, corrupted in the same way, and the same number of steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from mcdenoise.cli import main
from mcdenoise.console import show_study
from mcdenoise.hardware import choose_device
from mcdenoise.networks import create
from mcdenoise.studies.cells import Cell, Outcome, Report, Study
from mcdenoise.studies.corrupting import CORRUPTIONS, Corrupted, Corruption
from mcdenoise.studies.figure import write_sheet
from mcdenoise.studies.fourier import measuring_probability, put_back
from mcdenoise.studies.options import device_option, full_option, minutes_option, out_option, seed_option, steps_option
from mcdenoise.studies.phantoms import phantom
from mcdenoise.studies.photographs import Pictures, load_pictures
from mcdenoise.studies.sizes import FULL, SMALL, Sizes
from mcdenoise.studies.table import Column, write_table
from mcdenoise.training.losses import loss_at

NAME = "corruptions"
TARGETS = ("noisy", "clean")
_PHANTOMS = 500, 16  # to learn from and to test
_COLUMNS = (
    Column("corruption", "corruption"),
    Column("tested", "tested at"),
    Column("input", "input, dB"),
    Column("noisy", "noisy targets, dB"),
    Column("clean", "clean targets, dB"),
    Column("difference", "difference, dB", "+.2f"),
    Column("paper_noisy", "paper, noisy"),
    Column("paper_clean", "paper, clean"),
    Column("paper_difference", "paper, difference", "+.2f"),
)


def run(
    out: Path,
    corruptions: Iterable[str] = tuple(CORRUPTIONS),
    images: Path | None = None,
    minutes: float = 18.0,
    steps: int | None = None,
    sizes: Sizes = SMALL,
    seed: int = 0,
    device: str = "auto",
    report: Report = lambda progress: None,
) -> list[Path]:
    """Run the study in the folder `out`, or go on with it; the files that say what came out.

    minutes: of training, over all cells, unless `steps` of each are told. images: a folder as of `load_pictures`; of
    frequencies, always random phantoms. Raises DataError or TrainingError.
    """
    place = choose_device(device)
    wanted = set(corruptions)
    chosen = [corruption for name, corruption in CORRUPTIONS.items() if name in wanted]
    pictures = load_pictures(images, sizes.crop)
    options = {
        "corruptions": [corruption.name for corruption in chosen],
        "minutes": None if steps else minutes,
        "steps": steps,
        "seed": seed,
        "width": sizes.width,
        "crop": sizes.crop,
        "batch": sizes.batch,
        "pictures": pictures.fingerprint,
    }
    study = Study(out, NAME, options)
    subjects = {corruption.name: _pictures_for(corruption, pictures, sizes.crop, seed) for corruption in chosen}
    cells = {
        (corruption.name, targets): _cell(corruption, targets, subjects[corruption.name], sizes, seed, place)
        for corruption in chosen
        for targets in TARGETS
    }
    study.decide_steps(list(cells.values()), place, minutes)
    outcomes = study.run(list(cells.values()), place, report)
    rows = [_row(corruption, outcomes, subjects[corruption.name], seed) for corruption in chosen]
    files = write_table(
        out, _COLUMNS, rows, "Corrupted targets beside clean ones", _notes(study, chosen, sizes, pictures)
    )
    shown = []
    for corruption in chosen:
        networks = [study.network(cells[corruption.name, targets], place) for targets in TARGETS]
        shown.append(_shown(corruption, networks, subjects[corruption.name], seed, place))
    heads = ("clean", "corrupted", "noisy targets", "clean targets")
    return [*files, write_sheet(out / "figure.png", heads, shown), study.path]


@dataclass(frozen=True)
class Batch:
    """Inputs and targets `[B, C, H, W]` in [0, 1] but for noise; valid: `[B, 1, H, W]`, 1 where the target says
    something; kept: frequencies that were measured of the input, `[B, 1, H, W]` bool, or None."""

    inputs: Tensor
    targets: Tensor
    valid: Tensor
    kept: Tensor | None


def draw(corruption: Corruption, pictures: list[np.ndarray], targets: str, sizes: Sizes, seed: int, step: int) -> Batch:
    """The examples of a step: the same clean pictures and inputs whatever the `targets` are."""
    rng = np.random.default_rng([seed, step])
    inputs, wanted = [], []
    for _ in range(sizes.batch):
        clean = _crop(pictures[rng.integers(len(pictures))], sizes.crop, _of_phantoms(corruption), rng)
        inputs.append(corruption.apply(clean, rng.uniform(*corruption.strengths), rng))
        other = corruption.apply(clean, rng.uniform(*corruption.strengths), rng)
        wanted.append(other if targets == "noisy" else Corrupted(clean))
    one = np.ones((1, sizes.crop, sizes.crop), bool)
    return Batch(
        _stack([example.picture for example in inputs]),
        _stack([example.picture for example in wanted]),
        _stack([one if example.valid is None else example.valid for example in wanted]).float(),
        None if inputs[0].kept is None else _stack([example.kept for example in inputs]),
    )


def restore(network: nn.Module, inputs: Tensor, kept: Tensor | None, share: float) -> Tensor:
    """What `network` makes of corrupted pictures `[B, C, H, W]`, with the frequencies `kept` put back.

    It sees them from -0.5 to 0.5 as the paper's does, grey ones in all three channels, and no features. share: of the
    frequencies that were measured.
    """
    seen = (inputs - 0.5).expand(-1, 3, -1, -1)
    nothing = torch.zeros_like(seen)
    made = network(seen, nothing, nothing) + 0.5
    if inputs.shape[1] == 1:
        made = made.mean(dim=1, keepdim=True)
    if kept is None:
        return made
    probability = torch.from_numpy(measuring_probability(inputs.shape[-1], share)).float()
    return put_back(made, inputs, kept, probability.to(made.device))


def psnr(picture: np.ndarray, clean: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of a picture in [0, 1], clipped to that."""
    error = float(np.mean((picture.clip(0, 1).astype(np.float64) - clean) ** 2))
    return float("inf") if error == 0 else -10 * float(np.log10(error))


def _cell(
    corruption: Corruption,
    targets: str,
    pictures: tuple[list[np.ndarray], list[np.ndarray]],
    sizes: Sizes,
    seed: int,
    device: torch.device,
) -> Cell:
    learnt, tested = pictures
    name = corruption.loss if targets == "noisy" else corruption.clean_loss

    def objective(network: nn.Module, step: int, fraction: float) -> Tensor:
        batch = draw(corruption, learnt, targets, sizes, seed, step)
        valid = batch.valid.to(device)
        kept = None if batch.kept is None else batch.kept.to(device)
        made = restore(network, batch.inputs.to(device), kept, corruption.tested)
        return loss_at(name, fraction)(made * valid, batch.targets.to(device) * valid)

    def measure(network: nn.Module) -> dict[str, float]:
        corrupted = _test_inputs(corruption, tested, seed)
        made = [_restored(network, corruption, one, device) for one in corrupted]
        return {"psnr": float(np.mean([psnr(a, b) for a, b in zip(made, tested, strict=True)]))}

    return Cell(f"{corruption.name}-{targets}", partial(_network, sizes.width, seed), objective, measure)


def _network(width: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return create("unet", output="linear", input="linear", width=width)


def _pictures_for(
    corruption: Corruption, pictures: Pictures, side: int, seed: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(to learn from, to test)."""
    if not _of_phantoms(corruption):
        return pictures.learnt, pictures.tested
    return _phantoms(side, seed)


@lru_cache(maxsize=1)
def _phantoms(side: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    learnt, tested = (
        [phantom(side, np.random.default_rng([seed, which, i])) for i in range(count)]
        for which, count in enumerate(_PHANTOMS)
    )
    return learnt, tested


def _of_phantoms(corruption: Corruption) -> bool:
    return corruption.name == "fourier"


def _crop(picture: np.ndarray, side: int, whole: bool, rng: np.random.Generator) -> np.ndarray:
    """A random part, flipped and transposed at random; of a whole picture, a random shift around its edges."""
    if whole:
        return np.roll(picture, tuple(rng.integers(-side // 4, side // 4 + 1, 2)), axis=(1, 2))
    top, left = (int(rng.integers(size - side + 1)) for size in picture.shape[1:])
    part = picture[:, top : top + side, left : left + side]
    turn = rng.integers(8)
    part = part[:, ::-1] if turn & 1 else part
    part = part[:, :, ::-1] if turn & 2 else part
    return np.ascontiguousarray(part.swapaxes(1, 2) if turn & 4 else part)


def _test_inputs(corruption: Corruption, tested: list[np.ndarray], seed: int) -> list[Corrupted]:
    """The tested pictures at the strength that the paper tests: the same for all networks."""
    return [
        corruption.apply(picture, corruption.tested, np.random.default_rng([seed, 7, i]))
        for i, picture in enumerate(tested)
    ]


@torch.no_grad()
def _restored(network: nn.Module, corruption: Corruption, corrupted: Corrupted, device: torch.device) -> np.ndarray:
    kept = None if corrupted.kept is None else _stack([corrupted.kept]).to(device)
    made = restore(network, _stack([corrupted.picture]).to(device), kept, corruption.tested)
    return made[0].cpu().numpy()


def _stack(arrays: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))


def _row(
    corruption: Corruption,
    outcomes: dict[str, Outcome],
    pictures: tuple[list[np.ndarray], list[np.ndarray]],
    seed: int,
) -> dict[str, object]:
    tested = pictures[1]
    corrupted = _test_inputs(corruption, tested, seed)
    noisy, clean = (outcomes[f"{corruption.name}-{targets}"].values["psnr"] for targets in TARGETS)
    return {
        "corruption": corruption.title,
        "tested": f"{corruption.tested:g} ({corruption.strength})",
        "input": float(np.mean([psnr(a.picture, b) for a, b in zip(corrupted, tested, strict=True)])),
        "noisy": noisy,
        "clean": clean,
        "difference": noisy - clean,
        "paper_noisy": corruption.paper[0],
        "paper_clean": corruption.paper[1],
        "paper_difference": corruption.paper[0] - corruption.paper[1],
    }


def _notes(study: Study, chosen: Sequence[Corruption], sizes: Sizes, pictures: Pictures) -> list[str]:
    losses = "; ".join(f"{one.title}: {one.loss} and {one.clean_loss}" for one in chosen)
    sources = "; ".join(f"{one.title}: {one.source}" for one in chosen)
    phantoms = f"; for frequencies {_PHANTOMS[1]} random phantoms" if any(map(_of_phantoms, chosen)) else ""
    return [
        f"Mean PSNR in dB of pictures never trained on ({', '.join(pictures.names)}, the middle of "
        f"each{phantoms}), clipped to [0, 1]. A U-Net of width {sizes.width}, {study.steps:,} steps of {sizes.batch} "
        f"crops of {sizes.crop} x {sizes.crop}, on {study.settings['machine']}.",
        f"Losses with noisy and with clean targets: {losses}.",
        "The paper's figures (arXiv 1803.04189v3) are of its own test pictures, of networks trained for hours on a GPU "
        f"on 50,000 photographs: only differences can be compared. {sources}.",
    ]


def _shown(
    corruption: Corruption,
    networks: list[nn.Module],
    pictures: tuple[list[np.ndarray], list[np.ndarray]],
    seed: int,
    device: torch.device,
) -> tuple[str, list[tuple[np.ndarray, str]]]:
    clean = pictures[1][0]
    corrupted = _test_inputs(corruption, pictures[1][:1], seed)[0]
    made = [_restored(network, corruption, corrupted, device) for network in networks]
    row = [(_bytes(clean), "")]
    row += [(_bytes(picture), f"{psnr(picture, clean):.2f} dB") for picture in (corrupted.picture, *made)]
    return corruption.title, row


def _bytes(picture: np.ndarray) -> np.ndarray:
    """`[C, H, W]` in [0, 1] as `[H, W, 3]` uint8."""
    return np.broadcast_to((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8), (3, *picture.shape[1:])).transpose(
        1, 2, 0
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(CORRUPTIONS)),
    help="This corruption alone, or several of them [default: all].",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="Folder of photographs, or of renders with references [default: scikit-image's photographs].",
)
@full_option
@minutes_option(18)
@steps_option
@seed_option
@device_option
@out_option(NAME)
def command(
    only: tuple[str, ...],
    images: Path | None,
    full: bool,
    minutes: float,
    steps: int | None,
    seed: int,
    device: str,
    out: Path,
) -> None:
    """Learn to remove six corruptions of photographs, from corrupted targets and from clean ones.

    \b
    Examples:
      python -m mcdenoise.studies.corruptions
      python -m mcdenoise.studies.corruptions --only gaussian --only poisson --minutes 20 --out studies/noise
      python -m mcdenoise.studies.corruptions --full --minutes 600 --images photographs --device cuda
    """
    show_study(
        lambda report: run(
            out, only or tuple(CORRUPTIONS), images, minutes, steps, FULL if full else SMALL, seed, device, report
        )
    )


if __name__ == "__main__":
    main(command, f"python -m mcdenoise.studies.{NAME}")
