import pytest
import synthetic  # noqa: F401  one thread
import torch
from torch import nn

from mcdenoise.networks import create
from mcdenoise.networks.model_file import save_model


@pytest.fixture(scope="session", params=["kpn", "unet"])
def model(request, tmp_path_factory):
    """A small model of each kind, untrained but far from trivial: its kernels differ from pixel to pixel."""
    return write_model(tmp_path_factory.mktemp("models") / f"{request.param}.safetensors", request.param)


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    """A small kernel-predicting model."""
    return write_model(tmp_path_factory.mktemp("models") / "kernels.safetensors", "kpn")


def write_model(path, name):
    torch.manual_seed(0)
    network = create(name, **({"width": 8} if name == "kpn" else {}))
    for part, module in network.named_modules():
        if part.startswith("kernels"):
            nn.init.normal_(module.weight, std=0.1)
    save_model(path, network, {"steps": 0})
    return path
