import os
import re
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from synthetic import picture, small_options, write_view

from mcdenoise.networks import create
from mcdenoise.training import train

SCRIPT = """
import logging
import sys
import torch
from synthetic import small_options
from mcdenoise.training import train
torch.set_num_threads(1)
logging.basicConfig(level=logging.WARNING)
train(sys.argv[1], sys.argv[2], small_options(steps=5, batch=2, average=0.5), "cpu")
"""


def run_two(folder, renders, out):
    """Train with two processes, as torchrun starts them; `folder` is for the script."""
    (folder / "job.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    places = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]
    return subprocess.run(
        [*command, str(folder / "job.py"), str(renders), str(out)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def test_two_processes_learn_what_one_learns_from_twice_the_batch(renders, tmp_path):
    done = run_two(tmp_path, renders, tmp_path / "two")
    assert done.returncode == 0, done.stderr
    train(renders, tmp_path / "one", small_options(steps=5, batch=4, average=0.5), "cpu")
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    torch.manual_seed(0)
    start = create("kpn", width=8).state_dict()
    moved = torch.cat([(one[name] - start[name]).flatten() for name in start])
    apart = torch.cat([(one[name] - two[name]).flatten() for name in start])
    # Sums in another order differ by float rounding; Adam divides by the gradient's own size and so makes whole steps
    # of the few gradients that are rounding alone. Overlapping shares, or gradients of one process, differ by half.
    assert float(apart.norm()) < 0.2 * float(moved.norm())
    losses = [(tmp_path / name / "train.csv").read_text().splitlines()[-1].split(",")[2] for name in ("one", "two")]
    assert abs(float(losses[0]) - float(losses[1])) < 1e-4 * float(losses[0])
    assert (tmp_path / "two/progress.png").exists()
    assert "progress" not in done.stderr  # no warning


def test_two_processes_name_a_broken_frame_once(tmp_path):
    for k in range(6):
        folder = write_view(tmp_path / f"renders/scene/view{k:03d}", picture(64, 64, k), realizations=3, seed=k)
        broken = folder / f"r00{k % 3}.exr"
        cut = 60 if k < 3 else broken.stat().st_size - 200  # in its pixels, or in its header
        broken.write_bytes(broken.read_bytes()[:-cut])
    done = run_two(tmp_path, tmp_path / "renders", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if "skipped" in line]
    assert sorted(re.search(r"/view(\d+)/", line)[1] for line in lines) == [f"{k:03d}" for k in range(6)]
