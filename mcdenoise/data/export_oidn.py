"""Writing a folder of renders in the naming of OIDN's training toolkit."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcdenoise.atomic import remove_leftovers
from mcdenoise.data import naming
from mcdenoise.data.views import View, find_views
from mcdenoise.errors import DataError, FrameError
from mcdenoise.exr import read_attributes, read_frame, write_image
from mcdenoise.frame import mean_frame

_SOURCE = "exportedFrom"
"""The attribute by which an image says what it was written from: paths, sizes and modification times."""


@dataclass(frozen=True)
class Image:
    """One image to be written, with its features beside it. sources: the frames whose mean it is."""

    sources: tuple[Path, ...]
    output: Path
    realization: str | None
    done: bool


@dataclass(frozen=True)
class Exported:
    """What became of an image. error: why it was not written, in one line."""

    image: Image
    error: str | None = None


def plan(renders: str | os.PathLike, out: str | os.PathLike) -> tuple[list[Image], int]:
    """The images that `export` is to write, and the number of views that have no reference; nothing is written.

    `renders/<scene>/<view>/r000.exr` becomes `out/<scene>/<view>_0008spp.hdr.exr`, `.alb.exr` and `.nrm.exr`, further
    realizations the same with more leading zeros, and the mean of the halves of a reference `<view>_ref.hdr.exr`. An
    image is done if it is there, written from the same files. Raises DataError if there is nothing to export, or if
    something else is in the way of an image.
    """
    renders, out = Path(renders), Path(out)
    if out.resolve() == renders.resolve() or renders.resolve() in out.resolve().parents:
        raise DataError(
            f"{out}: lies in the folder that is exported, which would then hold every view twice.", misuse=True
        )
    images, without = [], 0
    for view in find_views(renders):
        if naming.is_oidn_name(view.realizations[0]):
            raise DataError(f"{view.folder}: is in OIDN's naming already: export folders that mcdenoise render wrote.")
        place = out / view.folder.relative_to(renders)
        if view.folder == renders:
            place = out / renders.resolve().name
        images += _images_of(view, place)
        without += not view.references
    for image in images:
        for file in _outputs(image):
            if file.exists() and _said_source(file) is None:
                raise DataError(f"{file}: is there and was not exported by mcdenoise: choose another folder.")
    return images, without


def export(images: list[Image]) -> Iterator[Exported]:
    """Write the images of a `plan` that are not done, in threads, and tell of each as it is finished.

    Files appear whole or not at all; radiance is float32 and features are half, as in our frames, losslessly
    compressed. An image's radiance comes last, so that an image whose radiance is there is whole. Every header holds
    the attributes of its source, which realization it is, and what it was written from. Raises DataError if a folder
    cannot be made.
    """
    waiting = [image for image in images if not image.done]
    for folder in sorted({image.output.parent for image in waiting}):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(folder)
        except OSError as error:
            raise DataError(f"{folder}: the folder cannot be made: {error.strerror}.") from None
    pool = ThreadPoolExecutor(os.cpu_count() or 1, "export")
    try:
        writing = {pool.submit(_write, image): image for image in waiting}
        for finished in as_completed(writing):
            try:
                finished.result()
            except FrameError as error:
                yield Exported(writing[finished], str(error))
            else:
                yield Exported(writing[finished])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _images_of(view: View, place: Path) -> Iterator[Image]:
    spp = read_attributes(view.realizations[0]).get("spp")
    for k, file in enumerate(view.realizations):
        name = naming.noisy_name(place.name, spp if isinstance(spp, int) and spp > 0 else 1, k)
        yield _image((file,), place.with_name(name), file.stem)
    if view.references:
        yield _image(view.references, place.with_name(naming.reference_name(place.name)), None)


def _image(sources: tuple[Path, ...], output: Path, realization: str | None) -> Image:
    done = output.is_file() and _said_source(output) == _source(sources)
    return Image(sources, output, realization, done)


def _outputs(image: Image) -> list[Path]:
    return [naming.albedo_of(image.output), naming.normal_of(image.output), image.output]


def _write(image: Image) -> None:
    frames = [read_frame(source) for source in image.sources]
    frame = frames[0] if len(frames) == 1 else mean_frame(frames)
    attributes = frame.attributes | {_SOURCE: _source(image.sources)}
    attributes.pop("realization", None)
    if image.realization is not None:
        attributes["realization"] = image.realization
    albedo, normal, radiance = _outputs(image)
    for file, feature in ((albedo, frame.albedo), (normal, frame.normal)):
        if feature is not None:
            write_image(file, feature.astype(np.float16), attributes)
        else:
            file.unlink(missing_ok=True)
    write_image(radiance, frame.radiance, attributes)


def _source(sources: tuple[Path, ...]) -> str:
    stats = [(source, source.stat()) for source in sources]
    return "; ".join(f"{'/'.join(path.parts[-3:])} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats)


def _said_source(file: Path) -> str | None:
    try:
        said = read_attributes(file).get(_SOURCE)
    except FrameError:
        return None
    return said if isinstance(said, str) else None
