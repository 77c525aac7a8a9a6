"""Writing a model of ours in the format of another program."""

import os
from typing import Literal

from mcdenoise.errors import ModelError
from mcdenoise.export import tza
from mcdenoise.networks.model_file import find_model, load_model


def export_model(model: str | os.PathLike, out: str | os.PathLike, kind: Literal["tza", "onnx"] = "tza") -> None:
    """Write `model`, a file or the name of one that ships, to the file `out`, whole or not at all.

    kind: `tza`, the weights for Open Image Denoise, in half floats; `onnx`, see `mcdenoise.export.onnx`. Raises
    ModelError if the model is missing or of another kind than the format is for, or if the file cannot be written, and
    McdenoiseError if a package is missing.
    """
    network, _ = load_model(find_model(model))
    if kind == "onnx":
        from mcdenoise.export.onnx import export_onnx  # torch's exporter takes a second to import

        export_onnx(network, out)
        return
    if not hasattr(network, "tza_tensors"):
        raise ModelError(
            f"{model} is a {network.name}, and OIDN runs only networks of its own kind (train --model oidn).",
            misuse=True,
        )
    tza.write(out, network.tza_tensors())
