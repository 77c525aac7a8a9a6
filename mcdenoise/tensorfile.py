"""Safetensors files that appear whole or not at all, and whose bytes depend on their content alone."""

import json
import os

from safetensors.torch import save
from torch import Tensor

from mcdenoise.atomic import replacing


def write_tensors(path: str | os.PathLike, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write `tensors` (on the CPU, contiguous) and `metadata`. Raises OSError if that fails.

    The library itself writes metadata in an order that changes from call to call, so its header is written again here.
    """
    content = save(tensors, metadata)
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of eight bytes
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.write(memoryview(content)[end:])
