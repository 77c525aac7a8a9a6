"""What a step of training makes smaller: the loss of a batch, with that of the features that a network filters."""

import torch
from torch import Tensor, nn

from mcdenoise.data.cutting import Batch
from mcdenoise.training.losses import GUIDED, loss_at, loss_of_feature


def batch_loss(
    name: str,
    fraction: float,
    batch: Batch,
    network: nn.Module,
    averaged: nn.Module,
    autocast: torch.autocast,
    parallel: nn.Module | None = None,
) -> Tensor:
    """The loss called `name` when `fraction`, 0 to 1, of training is done: a scalar, with its graph.

    With a guide in `batch` it is one of GUIDED, else one of LOSSES. The guide is what `averaged`, better than the one
    that learns, makes of its renders. A network that filters features learns about them from the noisy ones of other
    renders. autocast: what convolutions are in. parallel: the `network` as several processes train it, if they do.
    """
    with autocast:
        prediction = (parallel or network)(batch.radiance, batch.albedo, batch.normal).float()
    if batch.guide is None:
        loss = loss_at(name, fraction)(prediction, batch.target)
    else:
        with torch.no_grad(), autocast:
            guide = averaged(*batch.guide)
        loss = GUIDED[name](prediction, batch.target, guide.float(), batch.guide[0], batch.radiance)
    if batch.features is None or getattr(network, "features", None) is None:
        return loss
    with autocast:
        filtered = network.features(batch.albedo, batch.normal)
    known = batch.albedo, batch.normal
    return loss + sum(loss_of_feature(*images) for images in zip(filtered, known, batch.features, strict=True))
