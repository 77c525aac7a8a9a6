"""`make demo`: the whole story on three scenes, by the commands that anyone would type, and a picture at the end.

Two scenes are rendered noisily and trained on; a third, which the network never sees, is denoised and compared with a
reference that is made for the comparison alone.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcdenoise.atomic import replacing
from mcdenoise.evaluation.metrics import psnr, relmse_halves
from mcdenoise.exr import read_frame
from mcdenoise.module_command import module_command
from mcdenoise.tonemap import display, exposure

TRAINED_ON = ("colour-bleeding", "glass-caustics")
NEVER_SEEN = "validation-still-life"
SIZE = (256, 208)
SPP = 8
REFERENCE_SPP = 512

_MARGIN = 12
_BAR = 50


def main() -> None:
    """Run the demo; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m mcdenoise.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder to write to (default: demo)")
    parser.add_argument("--scenes", type=Path, default=Path("scenes"), help="the project's scenes (default: scenes)")
    parser.add_argument("--minutes", type=float, default=1.5, help="how long to train (default: 1.5)")
    arguments = parser.parse_args()
    started = time.monotonic()
    out, size = arguments.out, [str(side) for side in SIZE]
    trained_on = [str(arguments.scenes / name) for name in TRAINED_ON]
    never_seen = str(arguments.scenes / NEVER_SEEN)
    renders, judged, model = out / "renders", out / "judged", out / "run" / "model.safetensors"
    frame = judged / NEVER_SEEN / "view000" / "r000.exr"
    denoised = out / "denoised.exr"

    _say("Two scenes, six cameras each, four noisy renders of each view.")
    _run("render", *trained_on, "--out", renders, "--views", 6, "--realizations", 4, "--spp", SPP // 2, "--size", *size)
    _say("Learn each render from the others. There is no clean image anywhere.")
    _run("train", renders, "--out", out / "run", "--model", "kpn", "--minutes", arguments.minutes)
    _say("A frame of a scene that it has never seen, and a reference to judge by.")
    reference = ("--realizations", 1, "--spp", SPP, "--reference-spp", REFERENCE_SPP)
    _run("render", never_seen, "--out", judged, *reference, "--size", *size)
    _run("apply", frame, "--model", model, "--out", denoised)

    picture = out / "demo.png"
    caption = f"denoised, {arguments.minutes:g} min of training"
    _compose(frame, denoised, caption, picture)
    print(f"\n{picture} ({time.monotonic() - started:.0f} s in all)")


def _compose(frame: Path, denoised: Path, caption: str, picture: Path) -> None:
    """Noisy, denoised and reference side by side, with PSNR and relMSE under the first two."""
    halves = [read_frame(frame.with_name(f"ref_{half}.exr")).radiance for half in "ab"]
    reference = (halves[0] + halves[1]) / 2
    scale = exposure(reference)
    images = {
        f"noisy, {SPP} spp": read_frame(frame).radiance,
        caption: read_frame(denoised).radiance,
        f"reference, {REFERENCE_SPP} spp": reference,
    }
    width, height = SIZE
    canvas = Image.new("RGB", (3 * width + 4 * _MARGIN, height + _BAR + 2 * _MARGIN), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=15)
    for number, (name, radiance) in enumerate(images.items()):
        left = _MARGIN + number * (width + _MARGIN)
        canvas.paste(Image.fromarray(display(radiance, scale)), (left, _MARGIN))
        draw.text((left, height + _MARGIN + 6), name, "black", font)
        if radiance is not reference:
            score = f"PSNR {psnr(radiance, reference):.1f} dB, relMSE {relmse_halves(radiance, *halves):.4f}"
            draw.text((left, height + _MARGIN + 26), score, "#555555", font)
            print(f"{name}: {score}")
    with replacing(picture) as temporary:
        imageio.imwrite(temporary, np.asarray(canvas))


def _say(text: str) -> None:
    print(f"\n# {text}", flush=True)


def _run(*arguments: object) -> None:
    words = [str(argument) for argument in arguments]
    print("$ mcdenoise " + " ".join(words), flush=True)
    code = subprocess.run(module_command("mcdenoise", *words), check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
