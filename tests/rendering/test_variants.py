"""A variant is trusted only after it was tried, and trying it never harms the one who asks."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from mcdenoise.errors import VariantError
from mcdenoise.rendering.variants import Probe, choose, llvm_library, probe

ASK = "from mcdenoise.rendering.variants import choose, probe; print(probe('llvm_ad_rgb')); print(choose())"


@pytest.fixture(params=["missing file", "a library that is no LLVM", "no library at all"])
def wrong_llvm(request, tmp_path):
    """An environment in which Dr.Jit is pointed to a wrong LLVM."""
    text = tmp_path / "libLLVM.so"
    text.write_text("this is no library")
    c_library = next((str(path) for path in map(Path, _libraries()) if path.name.startswith("libc.so")), "libc.so.6")
    paths = {
        "missing file": "/no/such/libLLVM.so",
        "a library that is no LLVM": c_library,
        "no library at all": str(text),
    }
    return {"DRJIT_LIBLLVM_PATH": paths[request.param]}


def _libraries():
    return {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line}


def test_scalar_works_everywhere():
    assert probe("scalar_rgb").works
    assert choose("scalar_rgb") == Probe("scalar_rgb", True, "asked for")


def test_an_unknown_variant_is_refused_with_the_known_ones():
    with pytest.raises(VariantError, match=r"no such variant.*scalar_rgb") as caught:
        choose("scalar_rbg")
    assert "\n" not in str(caught.value)
    assert "cuda_ad_rgb" in str(caught.value)  # the list is not cut: it has those at its end too
    assert str(caught.value).count("(") == str(caught.value).count(")")


@pytest.mark.parametrize("variant", ["scalar_spectral", "llvm_ad_spectral"])
def test_the_noise_of_wavelengths_is_not_taken_for_wrong_values(variant, request):
    if variant.startswith("llvm"):
        request.getfixturevalue("llvm")
    assert probe(variant).works, probe(variant).reason


def test_auto_takes_one_that_works_and_says_why():
    chosen = choose()
    assert chosen.works
    assert probe(chosen.variant).works
    assert chosen.reason.startswith("the fastest that works here")


def test_the_llvm_of_the_package_is_found_and_used(llvm):
    library = llvm_library()
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        assert library is not None
    if library is None:
        pytest.skip("karellen-llvm-core has no wheel for this processor or system")
    assert library.is_file()
    if "DRJIT_LIBLLVM_PATH" not in os.environ or os.environ["DRJIT_LIBLLVM_PATH"] == str(library):
        assert str(library) in probe(llvm).reason


def test_a_wrong_llvm_fails_its_probe_and_auto_takes_another_with_the_reason(wrong_llvm):
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | wrong_llvm, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    probed, chosen = done.stdout.splitlines()
    assert probed.startswith("Probe(variant='llvm_ad_rgb', works=False, reason=")
    if "cuda_ad_rgb" not in chosen.partition("reason")[0]:  # a machine with a GPU never comes to LLVM
        assert chosen.startswith("Probe(variant='scalar_rgb', works=True, reason='the fastest that works here; ")
        assert "llvm_ad_rgb: " in chosen


def test_asking_for_a_variant_that_does_not_work_is_one_line(command, write_scene, tmp_path):
    write_scene()
    wrong = {"DRJIT_LIBLLVM_PATH": "/no/such/libLLVM.so"}
    result = command("render", "ball", "--variant", "llvm_ad_rgb", environment=wrong)
    assert result.code == 1
    assert result.err.startswith("Error: Mitsuba variant llvm_ad_rgb does not work here: ")
    assert result.err.count("\n") == 1
    assert not (tmp_path / "renders").exists()


def test_scalar_variants_say_nothing_about_a_wrong_llvm(command, write_scene, wrong_llvm):
    write_scene()
    options = ("--variant", "scalar_rgb", "--size", 6, 4, "--spp", 1, "--realizations", 1)
    result = command("render", "ball", *options, environment=wrong_llvm)
    assert (result.code, result.err) == (0, "")


def test_the_user_s_own_llvm_is_not_replaced():
    program = (
        "import os; from mcdenoise.rendering.variants import prepare_environment\n"
        "prepare_environment(); print(os.environ['DRJIT_LIBLLVM_PATH'])"
    )
    environment = os.environ | {"DRJIT_LIBLLVM_PATH": "/their/own.so"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "/their/own.so\n"
