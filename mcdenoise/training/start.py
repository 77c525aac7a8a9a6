"""What training begins from, where it does not begin from random weights."""

import os

from torch import nn

from mcdenoise.errors import TrainingError
from mcdenoise.networks.model_file import find_model, load_model


def load_start(init: str | os.PathLike, wanted: str | None) -> nn.Module:
    """The network of the model `init`, the name of one that ships or a file, in evaluation mode.

    wanted: the name of the network that it must be, or None for any. Raises ModelError, or TrainingError if it is
    another.
    """
    network, _ = load_model(find_model(init))
    if wanted not in (None, network.name):
        raise TrainingError(f"{init} is a {network.name}, not a {wanted}: add --model {network.name}.", misuse=True)
    return network
