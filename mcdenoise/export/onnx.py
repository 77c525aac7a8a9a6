"""Writing a model as ONNX: one graph from linear radiance to linear radiance, exposure and padding within, any size."""

import contextlib
import io
import logging
import os
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcdenoise.atomic import replacing
from mcdenoise.errors import McdenoiseError, ModelError
from mcdenoise.inference.exposure import exposure_of

INPUTS = ("color", "albedo", "normal")
OPSET = 18


class Pipeline(nn.Module):
    """All that `Denoiser` does around a network, in torch: what the graph computes.

    Takes color, albedo and normal, each `[1, 3, H, W]` float32, zeros where a feature is missing; returns denoised
    radiance of the same shape, not negative. Values that are not finite count as zero: a graph does not repair them.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        outside = getattr(network, "outside", None)
        self.outside = None if outside is None else torch.tensor(outside).view(1, -1, 1, 1)

    def forward(self, color: Tensor, albedo: Tensor, normal: Tensor) -> Tensor:
        """See the class."""
        height, width = color.shape[2:]
        color = torch.where((color >= 0.0) & (color < 1e30), color, torch.zeros_like(color))
        scale = exposure_of(color[0].permute(1, 2, 0))
        features = torch.cat([_limited(albedo, 0.0), _limited(normal, -1.0)], dim=1)
        x = torch.cat([color * scale, features], dim=1)
        multiple = self.network.multiple
        below, right = -height % multiple, -width % multiple
        if self.outside is None:
            x = F.pad(x, (0, right, 0, below), mode="replicate")
        else:
            x = F.pad(x - self.outside, (0, right, 0, below)) + self.outside
        result = self.network(x[:, :3], x[:, 3:6], x[:, 6:])[:, :, :height, :width] / scale
        return result.clamp(0.0, float(np.finfo(np.float32).max))


def export_onnx(network: nn.Module, out: str | os.PathLike) -> None:
    """Write `network`, with all that is done around it, to `out`, whole or not at all.

    The graph (opset 18) takes `color`, `albedo` and `normal` `[1, 3, H, W]`, as `Pipeline`, and returns `denoised`; H
    and W are free. Raises ModelError if the file cannot be written, McdenoiseError if a package is missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise McdenoiseError(f"writing ONNX needs the package {error.name}: pip install 'mcdenoise[onnx]'.") from None
    from mcdenoise.export.onnx_filter import TRANSLATIONS

    pipeline = Pipeline(network).eval()
    sizes = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    example = tuple(torch.rand(1, 3, 72, 104) for _ in INPUTS)
    with warnings.catch_warnings(), _quiet(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            pipeline,
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=["denoised"],
            dynamic_shapes=(sizes,) * len(INPUTS),
            custom_translation_table=TRANSLATIONS,
            verbose=False,
        )
    model = program.model_proto
    for value, channels in [*((one, 3) for one in model.graph.input), (model.graph.output[0], 3)]:
        shape = value.type.tensor_type.shape
        for dimension, text in zip(shape.dim, (1, channels, "height", "width"), strict=True):
            dimension.Clear()
            if isinstance(text, int):
                dimension.dim_value = text
            else:
                dimension.dim_param = text
    model.producer_name = "mcdenoise"
    model.doc_string = (
        "color: linear radiance; albedo in [0, 1]; normal in [-1, 1]; each [1, 3, H, W] float32, zeros where a feature "
        "is missing. denoised: linear radiance."
    )
    onnx.checker.check_model(model)
    try:
        with replacing(Path(out)) as temporary:
            temporary.write_bytes(model.SerializeToString())
    except OSError as error:
        raise ModelError(f"{out}: cannot be written: {error.strerror}.") from None


@contextlib.contextmanager
def _quiet():
    """The exporter's log, which speaks of its own affairs."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _limited(feature: Tensor, least: float) -> Tensor:
    return torch.where(feature == feature, feature, torch.zeros_like(feature)).clamp(least, 1.0)  # NaN is not itself
