"""The state of a training run in one `.safetensors` file, from which it goes on exactly."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from mcdenoise.errors import TrainingError
from mcdenoise.tensorfile import write_tensors

_FORMAT = "mcdenoise-checkpoint-1"
_STATE = {"settings", "step", "seconds", "validation", "validation_kind", "next_validation", "finished"}


def save(
    path: Path, network: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Adam, state: dict[str, Any]
) -> None:
    """Write weights, averaged weights, Adam's moments and a JSON-able `state`, whole or not at all."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    for name, parameter in network.named_parameters():
        for key, tensor in optimizer.state.get(parameter, {}).items():
            tensors[f"adam.{key}.{name}"] = tensor
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        write_tensors(path, tensors, {"format": _FORMAT, "state": json.dumps(state)})
    except OSError as error:
        raise TrainingError(f"{path}: the checkpoint cannot be written: {error.strerror or error}.") from None


def read_state(path: Path) -> dict[str, Any]:
    """The JSON state of a checkpoint. Raises TrainingError if it is broken."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        if metadata.get("format") != _FORMAT:
            raise ValueError(f"it does not say {_FORMAT}")
        state = json.loads(metadata["state"])
        if not isinstance(state, dict) or not state.keys() >= _STATE:
            raise ValueError("its state is not that of a run")
        if not isinstance(state["settings"], dict) or not isinstance(state.get("network", {}), dict):
            raise ValueError("its state is not that of a run")
        return state
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: is not a usable checkpoint ({error}): remove it to start anew.") from None


def load(path: Path, network: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Adam) -> None:
    """Put a checkpoint's weights and moments into place. Raises TrainingError if it is broken or of another network."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network.load_state_dict(_below(tensors, "network."))
        for name, tensor in _below(tensors, "average.").items():
            average[name].copy_(tensor)
        for name, parameter in network.named_parameters():
            moments = {key: tensors[f"adam.{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            optimizer.state[parameter] = {
                key: tensor if key == "step" else tensor.to(parameter.device) for key, tensor in moments.items()
            }
    except (SafetensorError, OSError, RuntimeError, KeyError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainingError(f"{path}: is not a checkpoint of this network ({first[:200]}).") from None


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
