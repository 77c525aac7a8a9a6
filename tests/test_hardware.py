import os
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from mcdenoise.hardware import keep_freed_memory

torch.set_num_threads(1)
if sys.argv[1] == "kept":
    keep_freed_memory()
def work():
    a = torch.ones(64, 2**18)  # 64 MiB
    return float((a + a).sum())
for _ in range(8):  # until there is a place for all
    work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="the C library is not glibc")
def test_freed_memory_is_kept_for_what_comes_next():
    """Without it each of ten rounds gets two tensors of 64 MiB anew, in pages of 4 KiB, or of 2 MiB at the most."""

    def faults(how):
        command = [sys.executable, "-c", FAULTS, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert faults("kept") < 10
    assert faults("given back") > 600
