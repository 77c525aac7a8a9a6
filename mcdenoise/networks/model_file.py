"""Model files: one `.safetensors` with the weights, and all that is needed to use them as JSON metadata."""

import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from mcdenoise.errors import ModelError
from mcdenoise.export import tza
from mcdenoise.networks import NETWORKS, create
from mcdenoise.networks.oidn import size_of
from mcdenoise.tensorfile import write_tensors

FORMAT = "mcdenoise-model-1"

_FLOATS = ("F64", "F32", "F16", "BF16")

# What broken or hostile files raise while they are read.
_BROKEN = (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError)


def shipped_models() -> dict[str, Path]:
    """The models that come with mcdenoise, by name."""
    folder = Path(str(resources.files("mcdenoise") / "weights"))
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def find_model(model: str | os.PathLike) -> Path:
    """The file of a shipped model's name, or of a path. Raises ModelError if it can be neither."""
    shipped = shipped_models()
    if not str(model):
        raise ModelError("a model's name is empty.", misuse=True)
    path = shipped.get(str(model), Path(model))
    if str(model) not in shipped and not path.exists() and path.suffix.lower() not in (".safetensors", ".tza"):
        raise ModelError(
            f"there is no model {model}: give a model file, or one of {', '.join(shipped) or '(none)'}.", misuse=True
        )
    return path


def save_model(path: str | os.PathLike, network: nn.Module, summary: dict[str, Any]) -> None:
    """Write `network` (float32 weights) and a JSON-able `summary` of its training, whole or not at all."""
    metadata = {
        "format": FORMAT,
        "architecture": network.name,
        "config": json.dumps(network.config),
        "features": json.dumps(["radiance", "albedo", "normal"]),
        "exposure": "log-average luminance to 0.18",
        "training": json.dumps(summary),
    }
    tensors = {name: tensor.detach().float().cpu().contiguous() for name, tensor in network.state_dict().items()}
    try:
        write_tensors(path, tensors, metadata)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written: {error.strerror or error}.") from None


def load_model(path: str | os.PathLike) -> tuple[nn.Module, dict[str, Any]]:
    """Read a model file: the network on the CPU in evaluation mode, and the summary of its training.

    A `.tza` file holds weights of OIDN's network, and no summary. Raises ModelError if the file is missing, broken, no
    model, or holds values that are not finite.
    """
    path = Path(path)
    if path.suffix.lower() == ".tza":
        network, summary = _of_oidn(path), {}
    else:
        network, summary = _of_ours(path)
    if not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        raise ModelError(f"{path}: broken model file: its weights are not all finite numbers.")
    return network.eval(), summary


def network_called(name: str) -> tuple[nn.Module, dict[str, Any] | None]:
    """The network of that name in the registry, untrained and with None for a summary, or `load_model` of that model.

    name: of a network, of a model that ships, or of a file. Raises ModelError if it is none of them.
    """
    if name in NETWORKS:
        return create(name).eval(), None
    if name not in shipped_models() and not Path(name).exists():
        names = ", ".join((*NETWORKS, *shipped_models()))
        raise ModelError(f"there is no network or model {name}: give a model file, or one of {names}.", misuse=True)
    return load_model(find_model(name))


def _of_oidn(path: Path) -> nn.Module:
    tensors = tza.read(path)
    network = create("oidn", size=size_of(tensors))
    try:
        network.load_tza_tensors(tensors)
    except ModelError as error:
        raise ModelError(f"{path}: these weights cannot be used: {error}") from None
    return network


def _of_ours(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    if not path.is_file():
        raise ModelError(
            f"{path}: {'is a folder, not a model file' if path.is_dir() else 'no such model file'}.", misuse=True
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"it is no mcdenoise model (its metadata does not say {FORMAT})")
            config = json.loads(metadata["config"])
            summary = json.loads(metadata.get("training", "{}"))
            if not isinstance(summary, dict):
                raise ValueError("its summary of training is no JSON object")
            architecture = metadata["architecture"]
            network = create(architecture, **(getattr(NETWORKS.get(architecture), "unnamed", {}) | config))
            own = network.state_dict()
            for name in file.keys():  # noqa: SIM118 - before tensors of any size are read
                found = file.get_slice(name)
                if name not in own or found.get_shape() != list(own[name].shape) or found.get_dtype() not in _FLOATS:
                    raise ValueError(f"its tensor {name[:40]!r} is none of this network's, or of another shape or type")
            network.load_state_dict({name: file.get_tensor(name) for name in own})
    except (ModelError, *_BROKEN) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{path}: broken model file: {first.rstrip('.:')[:200]}.") from None
    return network, summary
