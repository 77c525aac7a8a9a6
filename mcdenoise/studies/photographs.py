"""Clean pictures of low dynamic range to corrupt: photographs that come with scikit-image, or what a folder holds."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mcdenoise.data.views import find_views
from mcdenoise.errors import DataError
from mcdenoise.exr import read_frame
from mcdenoise.tonemap import display, exposure

LEARNT = (
    "brick.png", "cell.png", "clock_motion.png", "coffee.png", "coins.png", "grass.png", "gravel.png",
    "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "motorcycle_right.png", "page.png",
    "retina.jpg", "rocket.jpg",
)  # fmt: skip
HELD_OUT = ("astronaut.png", "camera.png", "chelsea.png")
"""Of scikit-image's pictures; both of a stereo pair are on one side."""

TESTED_SIDE = 256
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Pictures:
    """learnt, tested: pictures `[3, H, W]` float32 in [0, 1], the latter the middle, 256 x 256 at most, with sides that
    are multiples of 32. names: of the tested ones. fingerprint: of all that they hold."""

    learnt: list[np.ndarray]
    tested: list[np.ndarray]
    names: list[str]
    fingerprint: str


def load_pictures(folder: Path | None, least: int) -> Pictures:
    """Those of scikit-image, or of `folder`: photographs, or views with references, which are shown as sRGB at middle
    grey.

    Of photographs in a folder every fifth is held out to test, of views those marked as validation (every fifth, if
    there are none): two pictures are needed. least: sides that pictures must have, in pixels; smaller ones are left
    out. Raises DataError if too few are left, or one cannot be read.
    """
    if folder is None:
        home = Path(str(resources.files("skimage") / "data")) if _is_there("skimage") else None
        if home is None:
            raise DataError(
                "photographs come with scikit-image, which is not installed: pip install 'mcdenoise[report]', or give "
                "--images FOLDER.",
                misuse=True,
            )
        learnt = [(name, _photograph(home / name)) for name in LEARNT]
        tested = [(name, _photograph(home / name)) for name in HELD_OUT]
    else:
        learnt, tested = _of_folder(folder)
    learnt, tested = _large(learnt, least), _large(tested, max(32, least))
    if not learnt or not tested:
        raise DataError(
            f"{folder or 'scikit-image'}: at least one picture to learn from and one to test is needed, of {least} x "
            f"{least} pixels or more; found {len(learnt)} and {len(tested)}."
        )
    hasher = hashlib.blake2b(digest_size=8)
    for _, picture in learnt + tested:
        hasher.update(picture.tobytes())
    names = [Path(name).stem for name, _ in tested]
    middles = [_middle(picture) for _, picture in tested]
    return Pictures([picture for _, picture in learnt], middles, names, hasher.hexdigest())


def _of_folder(folder: Path) -> tuple[list[tuple[str, np.ndarray]], list[tuple[str, np.ndarray]]]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of pictures.", misuse=True)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if files:
        found = [(str(path.relative_to(folder)), _photograph(path), i % 5 == 4) for i, path in enumerate(files)]
    else:
        try:
            views = [view for view in find_views(folder) if view.references]
        except DataError:  # there are no views at all, and photographs might have been meant
            views = []
        if not views:
            raise DataError(
                f"{folder}: holds neither photographs ({', '.join(_SUFFIXES)}) nor views with references: render some "
                "with --reference-spp."
            )
        marked = any(view.split == "validation" for view in views)
        found = []
        for i, view in enumerate(views):
            radiance = np.mean([read_frame(path).radiance for path in view.references], axis=0)
            picture = display(radiance, exposure(radiance)).transpose(2, 0, 1).astype(np.float32) / 255
            name = f"{view.folder.parent.name} {view.folder.name}"
            found.append((name, picture, view.split == "validation" if marked else i % 5 == 4))
    if not any(held for _, _, held in found):
        found[-1] = (*found[-1][:2], True)
    return [one[:2] for one in found if not one[2]], [one[:2] for one in found if one[2]]


def _photograph(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"), np.float32)
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "it is broken, or no picture"
        raise DataError(f"{path}: cannot be read: {reason}.") from None
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) / 255


def _large(pictures: list[tuple[str, np.ndarray]], least: int) -> list[tuple[str, np.ndarray]]:
    return [(name, picture) for name, picture in pictures if min(picture.shape[1:]) >= least]


def _middle(picture: np.ndarray) -> np.ndarray:
    height, width = (min(TESTED_SIDE, size) // 32 * 32 for size in picture.shape[1:])
    top, left = (picture.shape[1] - height) // 2, (picture.shape[2] - width) // 2
    return np.ascontiguousarray(picture[:, top : top + height, left : left + width])


def _is_there(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
