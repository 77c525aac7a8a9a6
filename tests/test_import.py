import subprocess
import sys

import pytest

import mcdenoise


@pytest.mark.parametrize("module", ["mcdenoise", "mcdenoise.cli", "mcdenoise.exr", "mcdenoise.tonemap"])
def test_what_is_light_imports_neither_torch_nor_mitsuba(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'mitsuba', 'drjit', 'tensorboard'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_triton_is_imported_for_tensors_on_a_gpu_only():
    code = """
import sys, torch, mcdenoise.inference, mcdenoise.training, mcdenoise.export
from mcdenoise.networks import create
network = create("kpn-small")
network(*torch.ones(3, 1, 3, 16, 16)).sum().backward()
print("triton" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"


def test_every_public_name_is_there():
    for name in mcdenoise.__all__:
        assert getattr(mcdenoise, name).__name__ == name


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'denoize'"):
        mcdenoise.denoize  # noqa: B018
