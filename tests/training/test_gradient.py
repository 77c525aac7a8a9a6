"""Loss and gradient of a step: as autograd says, and the same where a GPU replays a graph of it."""

import copy
import dataclasses
import logging

import pytest
import torch

from mcdenoise.data.cutting import Batch
from mcdenoise.hardware import convolutions_in_bf16
from mcdenoise.networks import create
from mcdenoise.training.batch_loss import batch_loss
from mcdenoise.training.gradient import Gradient

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")


def batch_of(seed, height=32, width=32, guided=False, device="cpu"):
    generator = torch.Generator().manual_seed(seed)
    images = [torch.rand(2, 3, height, width, generator=generator) for _ in range(7)]
    made = Batch(*images[:4])
    if guided:
        made = dataclasses.replace(made, guide=tuple(images[4:]), features=(images[5], images[6]))
    return made.to(torch.device(device))


def loss_of(network, bf16=False):
    """As `train` has it, of the network as it is now as the averaged one."""
    device = next(network.parameters()).device
    averaged = copy.deepcopy(network).requires_grad_(False)
    autocast = convolutions_in_bf16(device, bf16)
    name = lambda batch: "hdr" if batch.guide is None else "hdr-display"  # noqa: E731
    return lambda batch, fraction: batch_loss(name(batch), fraction, batch, network, averaged, autocast)


def gradients_of(network):
    return [parameter.grad.clone() for parameter in network.parameters()]


@pytest.mark.parametrize("guided", [False, True])
def test_it_is_what_autograd_says_clipped_to_the_norm(guided):
    torch.manual_seed(0)
    network, batch = create("kpn", width=8, growth=0), batch_of(1, guided=guided)
    loss = loss_of(network)
    expected = torch.autograd.grad(loss(batch, 0.0), list(network.parameters()))
    norm = torch.stack([gradient.norm() for gradient in expected]).norm()
    for clip in (1e9, float(norm) / 4):
        found = Gradient(network, loss, clip, torch.device("cpu"))(batch, 0.0)
        torch.testing.assert_close(found, (loss(batch, 0.0).detach(), norm), rtol=1e-4, atol=0.0)
        assert not any(value.requires_grad for value in found)
        scale = min(1.0, clip / float(norm))
        torch.testing.assert_close(gradients_of(network), [scale * x for x in expected], rtol=1e-3, atol=1e-7)


def test_batches_are_copied_whole():
    mine, other = batch_of(1, guided=True), batch_of(2, guided=True)
    copy = mine.clone()
    copy.copy_from(other)
    for one, two, three in zip(copy._all(), other._all(), mine._all(), strict=True):
        assert torch.equal(one, two)
        assert not torch.equal(one, three)
    for one, two in zip(mine.halved()._all(), mine._all(), strict=True):
        assert torch.equal(2 * one, two)
    assert len(copy.shapes()) == 9
    assert copy.shapes() != batch_of(1).shapes()


@needs_gpu
@pytest.mark.parametrize("name", ["kpn", "unet", "oidn", "red30"])
@pytest.mark.parametrize("guided", [False, True])
def test_a_graph_gives_the_gradients_of_what_it_was_recorded_from(name, guided, caplog):
    """For batches of two shapes in turn, and after the weights have moved."""
    torch.manual_seed(0)
    device = torch.device("cuda")
    network = create(name).to(device, memory_format=torch.channels_last)
    loss = loss_of(network, bf16=True)
    launched, replayed = (Gradient(network, loss, 1.0, device, graphs) for graphs in (False, True))
    for seed in range(6):
        batch = batch_of(seed, *((64, 96) if seed % 2 else (96, 64)), guided, device)
        expected, gradients = launched(batch, 0.0), gradients_of(network)
        found = replayed(batch, 0.0)
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=0.0)
        for one, two in zip(gradients_of(network), gradients, strict=True):
            # Weight gradients of cuDNN add up in no fixed order, in bf16.
            assert (one - two).norm() <= 0.03 * two.norm() + 1e-6
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(parameter.grad, alpha=-0.01)
    assert not caplog.records


@needs_gpu
def test_a_graph_that_does_not_see_its_batch_is_not_used(caplog):
    device = torch.device("cuda")
    network, batch = create("kpn", width=8, growth=0).to(device), batch_of(1, device="cuda")
    loss, kept = loss_of(network), batch.clone()
    blind = lambda batch, fraction: loss(kept if torch.cuda.is_current_stream_capturing() else batch, fraction)  # noqa: E731
    gradient, launched = Gradient(network, blind, 1e9, device, graphs=True), Gradient(network, loss, 1e9, device)
    other = batch_of(2, device="cuda")
    torch.testing.assert_close(gradient(other, 0.0), launched(other, 0.0), rtol=1e-3, atol=0.0)
    assert "other gradients" in caplog.text


@needs_gpu
def test_what_cannot_be_recorded_is_launched_and_a_warning_says_so(caplog):
    device = torch.device("cuda")
    network, batch = create("kpn", width=8, growth=0).to(device), batch_of(1, device="cuda")
    loss = loss_of(network)

    def waiting(batch, fraction):
        result = loss(batch, fraction)
        return result * (1.0 if result.item() > 0 else 2.0)

    with caplog.at_level(logging.WARNING):
        gradient = Gradient(network, waiting, 1e9, device, graphs=True)
        found = [gradient(batch, 0.0) for _ in range(2)]
    torch.testing.assert_close(found[0][0], loss(batch, 0.0).detach(), rtol=1e-4, atol=0.0)
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=0.0)
    assert sum("one by one" in record.getMessage() for record in caplog.records) == 1
