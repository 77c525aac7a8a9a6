"""Commands of studies within this process, and a folder of small photographs."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from mcdenoise.cli import main

torch.set_num_threads(1)


@pytest.fixture
def study(capfd, monkeypatch):
    """(exit code, standard output, standard error) of `python -m mcdenoise.studies.NAME ARGUMENTS...`."""

    def run(command, *arguments):
        monkeypatch.setattr(sys, "argv", ["study", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main(command, "study")
        except SystemExit as stop:
            code = stop.code or 0
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """Six smooth pictures with an edge, 96 x 72; the fifth is held out."""
    folder = tmp_path_factory.mktemp("photographs")
    y, x = np.mgrid[0:72, 0:96] / 96
    for i in range(6):
        rng = np.random.default_rng(i)
        phase, edge = rng.uniform(0, 6, 3), rng.uniform(0.3, 0.7)
        waves = 0.5 + 0.3 * np.sin(5 * x[..., None] + 4 * y[..., None] + phase)
        picture = waves + 0.2 * (x > edge)[..., None]
        Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8)).save(folder / f"{i}.png")
    return folder
