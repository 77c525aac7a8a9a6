"""Studies of how to spend a fixed number of renders on training data: cells that differ only in the views they use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mcdenoise.data.crops import Target
from mcdenoise.data.cutting import Batch
from mcdenoise.data.views import View
from mcdenoise.errors import DataError
from mcdenoise.studies.cells import Cell, Report, Study
from mcdenoise.studies.figure import Line, write_charts
from mcdenoise.studies.renders import Renders, crops, load_renders, mean_psnr, objective_of, size_of, unet
from mcdenoise.studies.sizes import Sizes
from mcdenoise.studies.table import Column, write_table
from mcdenoise.training.losses import hdr

_POINTS = 8
_COLUMNS = (
    Column("name", "data"),
    Column("what", "what it is"),
    Column("views", "views"),
    Column("renders", "renders"),
    Column("psnr", "PSNR, dB"),
    Column("difference", "to the first, dB", "+.2f"),
)


@dataclass(frozen=True)
class Allocation:
    """One way to spend the renders. what: it is, in words. views: to learn from, each with what may be paired; several
    may be of one camera. cameras, renders: how many there are in all. target: as of `CropDataset`."""

    what: str
    views: list[View]
    cameras: int
    renders: int
    target: Target = "noisy"


def spread(data: Renders, cameras: int) -> list[View]:
    """So many of the views to learn from, evenly over their order, and with it over scenes."""
    count = len(data.learnt)
    return [data.learnt[i * count // cameras] for i in range(cameras)]


def load(renders: Path, realizations: int) -> Renders:
    """`load_renders`, with enough views that a share 2 / `realizations` of them is one at least."""
    data = load_renders(renders, realizations)
    if 2 * len(data.learnt) < realizations:
        raise DataError(
            f"{renders}: {len(data.learnt)} views to learn from are too few: render {-(-realizations // 2)} at least."
        )
    return data


def run_allocations(
    name: str,
    title: str,
    expected: str,
    data: Renders,
    allocations: Mapping[str, Allocation],
    out: Path,
    minutes: float,
    steps: int | None,
    sizes: Sizes,
    seed: int,
    device: torch.device,
    report: Report,
) -> list[Path]:
    """Run the study `name` in the folder `out`, or go on with it; the files that say what came out.

    expected: what the paper says, or what one may think. Raises DataError or TrainingError.
    """
    options = {
        "data": list(allocations),
        "minutes": None if steps else minutes,
        "steps": steps,
        "seed": seed,
        "width": sizes.width,
        "crop": sizes.crop,
        "batch": sizes.batch,
        "renders": data.fingerprint,
    }
    study = Study(out, name, options)
    cells = [_cell(key, one, data, sizes, seed, device) for key, one in allocations.items()]
    study.decide_steps(cells, device, minutes)
    outcomes = study.run(cells, device, report, _POINTS)
    rows = []
    for key, one in allocations.items():
        value = outcomes[key].values["psnr"]
        row = {"name": key, "what": one.what, "views": one.cameras, "renders": one.renders, "psnr": value}
        rows.append(row | {"difference": value - outcomes[next(iter(allocations))].values["psnr"]})
    cut = {size_of(crops(one.views, sizes.crop, seed, one.target)) for one in allocations.values()}
    noisy = sum(view.psnr(view.noisy) for view in data.tested) / len(data.tested)
    notes = [
        f"Mean PSNR in dB after tonemapping, over {len(data.tested)} views of scenes never trained on; inputs are "
        f"single renders of {data.spp} spp and have {noisy:.2f} dB. A U-Net of width {sizes.width} that sees "
        "T(radiance), albedo and normal and predicts radiance on a logarithmic curve, the loss hdr, "
        f"{study.learnt_from(sizes.batch, ' or '.join(sorted(cut)))}, on {study.settings['machine']}.",
        expected,
    ]
    files = write_table(out, _COLUMNS, rows, title, notes)
    lines = [
        Line(
            f"{key}: {allocations[key].what}",
            [step for step, _, _ in one.watched],
            [value for _, _, value in one.watched],
        )
        for key, one in outcomes.items()
    ]
    return [*files, write_charts(out / "figure.png", [("PSNR against steps", "steps", lines)], "dB"), study.path]


def _cell(name: str, one: Allocation, data: Renders, sizes: Sizes, seed: int, device: torch.device) -> Cell:
    def loss(prediction: Tensor, batch: Batch, fraction: float) -> Tensor:
        return hdr(prediction, batch.target)

    return Cell(
        name,
        unet(seed, sizes.width),
        objective_of(crops(one.views, sizes.crop, seed, one.target), sizes.batch, loss, device),
        lambda network: {"psnr": mean_psnr(network, data.tested, device)},
        lambda network: mean_psnr(network, data.tested, device),
    )
