"""What training begins from, where it does not begin from random weights."""

import logging
import os
from collections.abc import Mapping
from typing import Any

from torch import nn

from mcdenoise.errors import TrainingError
from mcdenoise.networks import create
from mcdenoise.networks.model_file import find_model, load_model

_log = logging.getLogger(__name__)


def load_start(init: str | os.PathLike, wanted: str | None, config: Mapping[str, Any]) -> nn.Module:
    """The network of the model `init`, the name of one that ships or a file, in evaluation mode.

    wanted: the name of the network that it must be, or None for any. config: arguments of it that are to be others than
    the model's: layers that come with them have fresh weights, all else must fit, and a warning says where nothing but
    the meaning of weights changes. Raises ModelError, or TrainingError
    if it is another network or does not fit.
    """
    network, _ = load_model(find_model(init))
    if wanted not in (None, network.name):
        raise TrainingError(f"{init} is a {network.name}, not a {wanted}: add --model {network.name}.", misuse=True)
    if all(network.config.get(name) == value for name, value in config.items()):
        return network
    grown = create(network.name, **(network.config | config)).eval()
    own, learnt = grown.state_dict(), network.state_dict()
    if any(name not in own or own[name].shape != tensor.shape for name, tensor in learnt.items()):
        listed = ", ".join(f"{name}={value}" for name, value in config.items())
        raise TrainingError(f"{init} cannot go on with {listed}: its weights do not fit into that.", misuse=True)
    grown.load_state_dict(own | learnt)
    if own.keys() == learnt.keys():
        before = ", ".join(f"{name}={network.config.get(name)}" for name in config)
        _log.warning("%s has learnt with %s, and its weights begin with that knowledge.", init, before)
    return grown
