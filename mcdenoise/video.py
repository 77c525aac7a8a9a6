"""Small videos of renders: pictures beside each other, frame after frame, as a GIF.

A GIF has 256 colours, but every viewer and web page plays it, and Pillow writes it, where MP4 would need ffmpeg.
"""

import os
from collections.abc import Sequence

import imageio.v3 as imageio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcdenoise.atomic import replacing
from mcdenoise.tonemap import tonemap

_FRAMES_A_SECOND = 8
_LEAST_HEIGHT = 192
_HEAD = 20


def beside(
    images: Sequence[np.ndarray], scale: float, most_height: int | None = None, labels: Sequence[str] = ()
) -> np.ndarray:
    """Radiance `[H, W, 3]` each, tonemapped after multiplication by `scale`, as one picture `[h, w, 3]` uint8.

    Small ones are magnified, by a whole number, towards 192 rows. Those of more than `most_height` rows are made
    smaller by a whole number: every pixel is the mean of a block, whose rest at the edges is left out. labels: above
    each, on white.
    """
    row = np.concatenate([_reduced(tonemap(image * scale), most_height) for image in images], axis=1)
    times = max(1, _LEAST_HEIGHT // row.shape[0])
    picture = (row * 255 + 0.5).astype(np.uint8).repeat(times, axis=0).repeat(times, axis=1)
    return np.concatenate([_head(labels, picture.shape[1]), picture]) if labels else picture


def _head(labels: Sequence[str], width: int) -> np.ndarray:
    head = Image.new("RGB", (width, _HEAD), "white")
    pen, font = ImageDraw.Draw(head), ImageFont.load_default(size=13)
    for number, label in enumerate(labels):
        pen.text(((number + 0.5) * width / len(labels), _HEAD / 2), label, "#262626", font, "mm")
    return np.asarray(head)


def write_gif(path: str | os.PathLike, pictures: Sequence[np.ndarray]) -> None:
    """Write `pictures` `[h, w, 3]` uint8, all of one size, as a GIF that begins anew at its end, whole or not at all.

    Raises OSError.
    """
    with replacing(path) as temporary:
        imageio.imwrite(temporary, np.stack(pictures), extension=".gif", duration=1000 / _FRAMES_A_SECOND, loop=0)


def _reduced(image: np.ndarray, most_height: int | None) -> np.ndarray:
    height, width = image.shape[:2]
    side = 1 if most_height is None else min(-(-height // most_height), width)
    if side == 1:
        return image
    rows, columns = height // side, width // side
    return image[: rows * side, : columns * side].reshape(rows, side, columns, side, 3).mean(axis=(1, 3))
