"""Random seeds that no two realizations of a view share, for both ways in which Mitsuba seeds its samplers.

The JIT variants scramble (seed, sample index) with a block cipher: distinct seeds give distinct random numbers. The
scalar variants start pixel p of a render at state `seed * pixels + p`, with p counted over whole 32 x 32 blocks, in
32 bits: where the film does not fill its blocks, neighbouring seeds overlap and two renders share the random numbers of
many pixels. So seeds are spaced by what the blocks really use.
"""

import hashlib

from mcdenoise.errors import SceneError

BLOCK = 32
"""Side of the blocks that scalar variants render in; fixed, so that seeds do not depend on the number of threads."""

MAX_PASSES = 2**16
REFERENCE_HALVES = ("ref_a", "ref_b")
TARGETS = ("t000", "t001")


def base_seed(scene: str, view: int, spp: int, seed: int) -> int:
    """Where the seeds of a view begin: 32 bits of a hash of what it is."""
    text = f"{scene}\0{view}\0{spp}\0{seed}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "little")


def stream_index(name: str) -> int:
    """The number of an independent render of a view, from -2 on: t001, t000, ref_a, ref_b, r000, r001, ..."""
    if name in TARGETS:
        return -1 - TARGETS.index(name)
    if name in REFERENCE_HALVES:
        return REFERENCE_HALVES.index(name)
    return len(REFERENCE_HALVES) + int(name.removeprefix("r"))


def pass_seed(base: int, index: int, pass_: int) -> int:
    """The seed of pass `pass_` of render `index` in the JIT variants."""
    return (base + index * MAX_PASSES + pass_) % 2**32


def scalar_seed(base: int, index: int, width: int, height: int) -> int:
    """The seed of render `index` of a `width` x `height` film in the scalar variants.

    Raises SceneError if the 32 bits of Mitsuba's seeds do not hold that many independent renders of that size.
    """
    pixels = width * height
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    stride = -(-blocks * BLOCK * BLOCK // pixels)
    if (index + 1 + len(TARGETS)) * stride * pixels > 2**32:
        most = 2**32 // (stride * pixels) - len(REFERENCE_HALVES) - len(TARGETS)
        raise SceneError(
            f"the scalar variants hold at most {most} independent renders of {width} x {height}: "
            "render fewer realizations, or use an LLVM or CUDA variant."
        )
    return (base + index * stride) % 2**32
