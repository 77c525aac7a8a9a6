import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from mcdenoise.errors import ModelError
from mcdenoise.networks import create
from mcdenoise.networks.model_file import FORMAT, load_model, save_model

CONFIGS = [
    ("unet", {"output": "linear"}),
    ("unet", {}),
    ("unet", {"input": "linear", "width": 6}),
    ("kpn", {"width": 8, "kernel": 3}),
    ("red30", {"width": 8}),
    ("oidn", {}),
    ("oidn-small", {}),
    ("oidn-large", {}),
]


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_a_network_comes_back_the_same(tmp_path, name, config):
    torch.manual_seed(3)
    network = create(name, **config).eval()
    save_model(tmp_path / "m.safetensors", network, {"steps": 7, "scenes": ["a"]})
    again, summary = load_model(tmp_path / "m.safetensors")
    assert summary == {"steps": 7, "scenes": ["a"]}
    assert not again.training
    assert (again.name, again.config) == (network.name, network.config)
    x = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(network(x, x, x), again(x, x, x))


def test_the_same_network_gives_the_same_bytes(tmp_path):
    network = create("kpn", width=8)
    for name in "ab":
        save_model(tmp_path / name, network, {"steps": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_metadata_says_all_that_is_needed_to_use_it(tmp_path):
    save_model(tmp_path / "m.safetensors", create("kpn", width=8), {"steps": 1})
    with safe_open(tmp_path / "m.safetensors", "np") as file:
        metadata = file.metadata()
    assert metadata["architecture"] == "kpn"
    assert json.loads(metadata["config"]) == {
        "width": 8,
        "kernel": 5,
        "growth": 32,
        "again": 5,
        "features": 16,
        "blocks": 1,
        "fine": 0,
        "input": "log",
    }
    assert json.loads(metadata["features"]) == ["radiance", "albedo", "normal"]
    assert json.loads(metadata["training"]) == {"steps": 1}


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(tmp_path / "no/such/folder/m.safetensors", create("kpn", width=8), {})
    assert not list(tmp_path.iterdir())


def good(path, **metadata):
    """A good model file of a small kpn but for the metadata given (None leaves one out); from before blocks."""
    torch.manual_seed(0)
    tensors = create("kpn", width=8, blocks=0, fine=0).state_dict()
    full = {"format": FORMAT, "architecture": "kpn", "config": json.dumps({"width": 8, "kernel": 5}), "training": "{}"}
    save_file(tensors, path, {key: value for key, value in (full | metadata).items() if value is not None})


def changed(path, change):
    tensors = create("kpn", width=8, blocks=0, fine=0).state_dict()
    change(tensors)
    config = json.dumps({"width": 8, "kernel": 5})
    save_file(tensors, path, {"format": FORMAT, "architecture": "kpn", "config": config})


def cut(path, part):
    good(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])


def test_files_from_before_an_argument_was_there_mean_what_there_was(tmp_path):
    good(tmp_path / "m.safetensors")
    network, _ = load_model(tmp_path / "m.safetensors")
    assert network.config["blocks"] == network.config["fine"] == 0
    assert network.config["input"] == "tonemapped"


class Bomb:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


BAD = {
    "empty": lambda p: p.write_bytes(b""),
    "text": lambda p: p.write_text("a model"),
    "garbage": lambda p: p.write_bytes(bytes(range(256)) * 40),
    "a header longer than the file": lambda p: p.write_bytes(b"\xff" * 8 + b"{}"),
    "cut in its header": lambda p: cut(p, 0.005),
    "cut in its weights": lambda p: cut(p, 0.7),
    "a folder": lambda p: p.mkdir(),
    "missing": lambda p: None,
    "pickled weights": lambda p: torch.save(create("kpn", width=8).state_dict(), p),
    "pickled bomb": lambda p: torch.save({"network": Bomb(p.with_name("exploded"))}, p),
    "another format": lambda p: good(p, format="pt"),
    "no format": lambda p: good(p, format=None),
    "no metadata": lambda p: save_file(create("kpn", width=8).state_dict(), p),
    "no architecture": lambda p: good(p, architecture=None),
    "unknown architecture": lambda p: good(p, architecture="__class__"),
    "no config": lambda p: good(p, config=None),
    "config is no JSON": lambda p: good(p, config="{width: 8}"),
    "config is a list": lambda p: good(p, config="[8, 5]"),
    "config is null": lambda p: good(p, config="null"),
    "config nested deeply": lambda p: good(p, config="[" * 100_000),
    "config with an unknown argument": lambda p: good(p, config='{"width": 8, "colour": 1}'),
    "config that names the network": lambda p: good(p, config='{"name": "unet"}'),
    "absurd width": lambda p: good(p, config='{"width": 1000000000}'),
    "width of 1e400": lambda p: good(p, config='{"width": 1e400}'),
    "width is not a number": lambda p: good(p, config='{"width": NaN}'),
    "width is a string": lambda p: good(p, config='{"width": "8"}'),
    "width is a fraction": lambda p: good(p, config='{"width": 8.5}'),
    "width is a list": lambda p: good(p, config='{"width": [8]}'),
    "absurd kernel": lambda p: good(p, config='{"width": 8, "kernel": 100001}'),
    "weights of another width": lambda p: good(p, config='{"width": 16}'),
    "weights of another network": lambda p: good(p, architecture="unet", config="{}"),
    "training is no JSON": lambda p: good(p, training="{"),
    "training is a list": lambda p: good(p, training="[]"),
    "a weight missing": lambda p: changed(p, lambda t: t.pop("enc2.bias")),
    "a weight too many": lambda p: changed(p, lambda t: t.update(more=torch.zeros(1))),
    "NaN": lambda p: changed(p, lambda t: t["enc2.weight"].view(-1)[5:6].fill_(torch.nan)),
    "Inf": lambda p: changed(p, lambda t: t["enc2.bias"].fill_(torch.inf)),
    "too large for float32": lambda p: changed(p, lambda t: t.update({"enc2.bias": t["enc2.bias"].double() + 1e300})),
}


@pytest.mark.parametrize("damage", BAD)
def test_what_is_no_model_is_refused_in_one_line_that_names_it(tmp_path, damage):
    path = tmp_path / "m.safetensors"
    BAD[damage](path)
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))
    assert not (tmp_path / "exploded").exists()
