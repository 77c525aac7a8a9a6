"""`guided_filter` in ONNX's operators: a loop over the taps with a running softmax, so that no tap is ever held."""

import torch
from onnxscript import opset18 as op
from onnxscript import script
from onnxscript.onnx_types import FLOAT

import mcdenoise.networks.guided_filter  # noqa: F401 - registers the operation


@script()
def _guided_filter(image: FLOAT, guides: FLOAT, logits: FLOAT, sharpness: FLOAT, kernel: int) -> FLOAT:
    side = op.Constant(value_int=kernel)
    reach = side / 2
    none = side - side
    pads = op.Concat(
        op.Reshape(none, [1]),
        op.Reshape(none, [1]),
        op.Reshape(reach, [1]),
        op.Reshape(reach, [1]),
        op.Reshape(none, [1]),
        op.Reshape(none, [1]),
        op.Reshape(reach, [1]),
        op.Reshape(reach, [1]),
        axis=0,
    )
    padded = op.Pad(image, pads, mode="edge")
    padded_guides = op.Pad(guides, pads, mode="edge")
    size = op.Shape(image, start=2)
    first = op.Slice(sharpness, [0], [1], [1])
    best = first * 0.0 - 1e30
    total = first * 0.0
    sums = image * 0.0
    taps = side * side
    for tap in range(taps):
        y = tap / side
        x = tap - y * side
        start = op.Concat(op.Reshape(y, [1]), op.Reshape(x, [1]), axis=0)
        end = start + size
        shifted = op.Slice(padded, start, end, [2, 3])
        squares = guides - op.Slice(padded_guides, start, end, [2, 3])
        squares = squares * squares
        albedo, normal, bright = op.Split(squares, [3, 3, 1], axis=1)
        distances = op.Concat(op.ReduceSum(albedo, [1]), op.ReduceSum(normal, [1]), bright, axis=1)
        which = op.Reshape(tap, [1])
        line = op.Slice(logits, which, which + 1, [1]) - op.ReduceSum(sharpness * distances, [1])
        higher = op.Max(best, line)
        keep = op.Exp(best - higher)
        value = op.Exp(line - higher)
        total = total * keep + value
        sums = sums * keep + value * shifted
        best = higher
    return sums / total


TRANSLATIONS = {torch.ops.mcdenoise.guided_filter.default: _guided_filter}
