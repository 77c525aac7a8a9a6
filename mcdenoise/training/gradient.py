"""The loss of a batch and its gradient; on a CUDA device replayed as one graph instead of launched kernel by kernel."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mcdenoise.data.cutting import Batch

_log = logging.getLogger(__name__)

_WARM = 3  # runs before a graph is recorded, in which kernels are compiled and chosen
_SAME = 0.03  # relative: sums go in another order from run to run, in bf16 here and there


class Gradient:
    """Puts the gradient of `loss(batch, fraction)` into the parameters of `network`, clipped to the norm `clip`.

    graphs: whether steps are replayed as CUDA graphs, one for every shape of batches. A step of a network here has
    some two thousand kernels, most of which take less time than their launch. `fraction` must not matter then, nothing
    in `loss` may wait for the device, and other processes' gradients are not waited for. Before a graph is used, what
    it gives for a batch that it was not recorded with is compared with what is launched; where that differs, or
    recording fails, a warning says so and steps are launched as on other devices.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[Batch, float], Tensor],
        clip: float,
        device: torch.device,
        graphs: bool = False,
    ):
        self._parameters = list(network.parameters())
        self._loss, self._clip, self._device = loss, clip, device
        self._graphs: dict[tuple[torch.Size, ...], _Graph] | None = {} if graphs else None

    def __call__(self, batch: Batch, fraction: float) -> tuple[Tensor, Tensor]:
        """(loss, norm of the gradient before it is clipped), without gradients of their own."""
        if self._graphs is None:
            return self._launched(batch, fraction)
        shapes = batch.shapes()
        if shapes not in self._graphs:
            graph = self._recorded(batch, fraction)
            if graph is None:
                self._graphs = None
                return self._launched(batch, fraction)
            self._graphs[shapes] = graph
        graph = self._graphs[shapes]
        graph.batch.copy_from(batch)
        graph.recording.replay()
        for parameter, gradient in zip(self._parameters, graph.gradients, strict=True):
            parameter.grad = gradient  # of this graph: each has memory of its own
        return graph.loss, graph.norm

    def _launched(self, batch: Batch, fraction: float) -> tuple[Tensor, Tensor]:
        for parameter in self._parameters:
            parameter.grad = None
        loss = self._loss(batch, fraction)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, self._clip)
        return loss.detach(), norm.detach()

    def _recorded(self, batch: Batch, fraction: float) -> "_Graph | None":
        """A graph that has been seen to give what is launched, or None, with a warning that says why."""
        with torch.cuda.device(self._device):
            seen = batch.clone()
            present, side = torch.cuda.current_stream(), torch.cuda.Stream()
            side.wait_stream(present)
            with torch.cuda.stream(side):
                for _ in range(_WARM):
                    self._launched(seen, fraction)
            present.wait_stream(side)
            for parameter in self._parameters:
                parameter.grad = None
            try:
                recording = torch.cuda.CUDAGraph()
                # Other threads make batches meanwhile: what they ask of the device is not part of it.
                with torch.cuda.graph(recording, capture_error_mode="thread_local"):
                    loss, norm = self._launched(seen, fraction)
            except RuntimeError as error:
                reason = (str(error).strip().splitlines() or [""])[0].rstrip(".")
            else:
                graph = _Graph(recording, seen, loss, norm, [parameter.grad for parameter in self._parameters])
                difference = self._difference(graph, batch.halved(), fraction)
                if difference <= _SAME:
                    return graph
                reason = f"it gives other gradients than what it was recorded from, by {difference:.2g} of their norm"
        _log.warning("steps cannot be replayed as a CUDA graph (%s): kernels are launched one by one.", reason)
        return None

    def _difference(self, graph: "_Graph", other: Batch, fraction: float) -> float:
        """How far loss and gradients of a graph are from those launched, relative, for a batch it was not made of."""
        expected = self._launched(other, fraction)
        gradients = [parameter.grad for parameter in self._parameters]
        graph.batch.copy_from(other)
        graph.recording.replay()
        pairs = [pair for pair in zip(graph.gradients, gradients, strict=True) if pair[1] is not None]
        apart = torch.stack([(one - two).float().norm() for one, two in pairs]).norm()
        whole = torch.stack([two.float().norm() for _, two in pairs]).norm()
        relative = [apart / whole, (graph.loss - expected[0]).abs() / expected[0].abs()]
        if not bool(torch.isfinite(torch.stack(expected)).all()):
            return 0.0  # there is nothing to compare, and who looks at the loss will see that
        return float(torch.stack(relative).nan_to_num(math.inf).max())


@dataclass(frozen=True)
class _Graph:
    """A recorded step: what it reads and what it writes."""

    recording: torch.cuda.CUDAGraph
    batch: Batch
    loss: Tensor
    norm: Tensor
    gradients: list[Tensor | None]
