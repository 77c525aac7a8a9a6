"""What tests of the filter by predicted kernels filter."""

import torch

from mcdenoise.networks.guided_filter import GUIDES


def example(height, width, step, kernel, batch=2, dtype=torch.float32, contrast=1.0):
    """image, guides, logits, sharpness; those of which gradients are wanted are marked."""
    generator = torch.Generator().manual_seed(height * width + kernel)

    def draw(channels, *size):
        return torch.randn(batch, channels, *size, generator=generator, dtype=dtype)

    logits = contrast * draw(kernel**2 * step**2, height // step, width // step)
    return (
        draw(6, height, width).exp(),
        draw(sum(GUIDES), height, width),
        logits.requires_grad_(),
        draw(len(GUIDES), height, width).abs().requires_grad_(),
    )
