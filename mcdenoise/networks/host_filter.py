"""`guided_filter` on the processor, compiled by Numba: a strip of a row at a time, so that all of it stays in cache."""

import numpy as np

from mcdenoise.networks.host_rows import compiled, exponential, in_threads, take

STRIP = 256  # pixels


def forward(image, guides, logits, sharpness, result, norms, kernel: int, threads: int) -> None:
    """Put the filtered image into `result` `[B, C, H, W]`, and what `backward` needs into `norms` `[B, 2, H, W]`.

    image and guides are padded by half the kernel on each side; all arrays are contiguous float32.
    """
    arguments = (image, guides, logits, sharpness, result, norms, kernel)
    in_threads(_forward_rows, arguments, *_rows_and_pixels(result.shape), threads)


def backward(
    image, guides, logits, sharpness, norms, gradient, mean, of_logits, of_sharpness, kernels, kernel: int, threads: int
) -> None:
    """Put gradients into `of_logits` and `of_sharpness`, given that of the result.

    mean: `[B, H, W]`, the sum over channels of gradient times result. kernels: of the shape of logits, to put the
    softmax kernels into, or with no channels.
    """
    arguments = (image, guides, logits, sharpness, norms, gradient, mean, of_logits, of_sharpness, kernels, kernel)
    in_threads(_backward_rows, arguments, *_rows_and_pixels(gradient.shape), threads)


def spread(kernels, gradient, result, kernel: int, threads: int) -> None:
    """Every pixel's gradient to its neighbours, as its kernel took from them, into `result`, padded as images are.

    kernels: as `backward` gives them. gradient: `[B, C, H, W]`.
    """
    in_threads(_spread_rows, (kernels, gradient, result, kernel), *_rows_and_pixels(result.shape), threads)


def _rows_and_pixels(shape: tuple[int, ...]) -> tuple[int, int]:
    rows = shape[0] * shape[2]
    return rows, rows * shape[3]


@compiled
def _put(of_logits, b, tap, y, x0, step, line):
    """The reverse of `take`."""
    n = len(line)
    if step == 1:
        here = of_logits[b, tap, y, x0 : x0 + n]
        for x in range(n):
            here[x] = line[x]
    else:
        first = of_logits[b, tap * 4 + y % 2 * 2, y // 2, x0 // 2 : (x0 + n) // 2]
        second = of_logits[b, tap * 4 + y % 2 * 2 + 1, y // 2, x0 // 2 : (x0 + n) // 2]
        for x in range(n // 2):
            first[x] = line[2 * x]
            second[x] = line[2 * x + 1]


@compiled
def _differences(guides, b, y, x0, reach, ty, tx, albedo, normal, bright):
    """Squared differences between the pixels from (y, x0) on and their neighbours at one tap."""
    n = len(albedo)
    row, column = y + reach, x0 + reach
    h0, s0 = guides[b, 0, row, column : column + n], guides[b, 0, y + ty, x0 + tx : x0 + tx + n]
    h1, s1 = guides[b, 1, row, column : column + n], guides[b, 1, y + ty, x0 + tx : x0 + tx + n]
    h2, s2 = guides[b, 2, row, column : column + n], guides[b, 2, y + ty, x0 + tx : x0 + tx + n]
    for x in range(n):
        albedo[x] = (h0[x] - s0[x]) ** 2 + (h1[x] - s1[x]) ** 2 + (h2[x] - s2[x]) ** 2
    h0, s0 = guides[b, 3, row, column : column + n], guides[b, 3, y + ty, x0 + tx : x0 + tx + n]
    h1, s1 = guides[b, 4, row, column : column + n], guides[b, 4, y + ty, x0 + tx : x0 + tx + n]
    h2, s2 = guides[b, 5, row, column : column + n], guides[b, 5, y + ty, x0 + tx : x0 + tx + n]
    for x in range(n):
        normal[x] = (h0[x] - s0[x]) ** 2 + (h1[x] - s1[x]) ** 2 + (h2[x] - s2[x]) ** 2
    h0, s0 = guides[b, 6, row, column : column + n], guides[b, 6, y + ty, x0 + tx : x0 + tx + n]
    for x in range(n):
        bright[x] = (h0[x] - s0[x]) ** 2


@compiled
def softmax_means(all_lines, best, total, image, result, b, y, x0, kernel, all_sums, values):
    """Means of `image`, which is padded, around the pixels from (y, x0) on, into `result`.

    all_lines: `[taps, STRIP]`, the logits, and best, of length n, the greatest of them. total: for the sum of weights.
    all_sums `[channels, STRIP]` and values, of length n, are room to work in.
    """
    n, channels = len(best), result.shape[1]
    total[:] = 0
    all_sums[:] = 0
    for tap in range(kernel * kernel):
        line = all_lines[tap, :n]
        for x in range(n):
            values[x] = exponential(line[x] - best[x])
            total[x] += values[x]
        for c in range(channels):
            shifted = image[b, c, y + tap // kernel, x0 + tap % kernel : x0 + tap % kernel + n]
            sums = all_sums[c, :n]
            for x in range(n):
                sums[x] += values[x] * shifted[x]
    for c in range(channels):
        sums, output = all_sums[c, :n], result[b, c, y, x0 : x0 + n]
        for x in range(n):
            output[x] = sums[x] / total[x]


@compiled
def _forward_rows(image, guides, logits, sharpness, result, norms, kernel, start, end):
    reach, taps, step = kernel // 2, kernel * kernel, result.shape[3] // logits.shape[3]
    channels, height, width = result.shape[1:]
    all_lines = np.empty((taps, STRIP), np.float32)
    differences = np.empty((3, STRIP), np.float32)
    all_sums = np.empty((channels, STRIP), np.float32)
    all_values = np.empty(STRIP, np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        for x0 in range(0, width, STRIP):
            n = min(STRIP, width - x0)
            albedo, normal, bright = differences[0, :n], differences[1, :n], differences[2, :n]
            best, total = norms[b, 0, y, x0 : x0 + n], norms[b, 1, y, x0 : x0 + n]
            values = all_values[:n]
            on_albedo, on_normal = sharpness[b, 0, y, x0 : x0 + n], sharpness[b, 1, y, x0 : x0 + n]
            on_bright = sharpness[b, 2, y, x0 : x0 + n]
            for tap in range(taps):
                line = all_lines[tap, :n]
                take(logits, b, tap, y, x0, step, line)
                _differences(guides, b, y, x0, reach, tap // kernel, tap % kernel, albedo, normal, bright)
                for x in range(n):
                    line[x] -= on_albedo[x] * albedo[x] + on_normal[x] * normal[x] + on_bright[x] * bright[x]
                if tap == 0:
                    best[:] = line
                for x in range(n):
                    best[x] = max(best[x], line[x])
            softmax_means(all_lines, best, total, image, result, b, y, x0, kernel, all_sums, values)


@compiled
def _backward_rows(
    image, guides, logits, sharpness, norms, gradient, mean, of_logits, of_sharpness, kernels, kernel, start, end
):
    reach, taps, step = kernel // 2, kernel * kernel, gradient.shape[3] // logits.shape[3]
    channels, height, width = gradient.shape[1:]
    differences = np.empty((3, STRIP), np.float32)
    all_lines, all_values = np.empty(STRIP, np.float32), np.empty(STRIP, np.float32)
    all_sums = np.empty(STRIP, np.float32)
    for number in range(start, end):
        b, y = number // height, number % height
        for x0 in range(0, width, STRIP):
            n = min(STRIP, width - x0)
            albedo, normal, bright = differences[0, :n], differences[1, :n], differences[2, :n]
            best, total, average = norms[b, 0, y, x0 : x0 + n], norms[b, 1, y, x0 : x0 + n], mean[b, y, x0 : x0 + n]
            line, values, sums = all_lines[:n], all_values[:n], all_sums[:n]
            on_albedo, on_normal = sharpness[b, 0, y, x0 : x0 + n], sharpness[b, 1, y, x0 : x0 + n]
            on_bright = sharpness[b, 2, y, x0 : x0 + n]
            of_albedo, of_normal = of_sharpness[b, 0, y, x0 : x0 + n], of_sharpness[b, 1, y, x0 : x0 + n]
            of_bright = of_sharpness[b, 2, y, x0 : x0 + n]
            of_albedo[:] = 0
            of_normal[:] = 0
            of_bright[:] = 0
            for tap in range(taps):
                take(logits, b, tap, y, x0, step, line)
                _differences(guides, b, y, x0, reach, tap // kernel, tap % kernel, albedo, normal, bright)
                for x in range(n):
                    line[x] -= on_albedo[x] * albedo[x] + on_normal[x] * normal[x] + on_bright[x] * bright[x]
                for x in range(n):
                    values[x] = exponential(line[x] - best[x])
                sums[:] = 0
                for c in range(channels):
                    shifted = image[b, c, y + tap // kernel, x0 + tap % kernel : x0 + tap % kernel + n]
                    upstream = gradient[b, c, y, x0 : x0 + n]
                    for x in range(n):
                        sums[x] += upstream[x] * shifted[x]
                for x in range(n):
                    values[x] /= total[x]
                if kernels.shape[1]:
                    _put(kernels, b, tap, y, x0, step, values)
                for x in range(n):
                    line[x] = values[x] * (sums[x] - average[x])
                    of_albedo[x] -= line[x] * albedo[x]
                    of_normal[x] -= line[x] * normal[x]
                    of_bright[x] -= line[x] * bright[x]
                _put(of_logits, b, tap, y, x0, step, line)


@compiled
def _spread_rows(kernels, gradient, result, kernel, start, end):
    step = gradient.shape[3] // kernels.shape[3]
    channels, height, width = gradient.shape[1:]
    line = np.empty(width, np.float32)
    for number in range(start, end):
        b, row = number // result.shape[2], number % result.shape[2]
        result[b, :, row] = 0
        for tap in range(kernel * kernel):
            y, left = row - tap // kernel, tap % kernel
            if 0 <= y < height:
                take(kernels, b, tap, y, 0, step, line)
                for c in range(channels):
                    upstream, sums = gradient[b, c, y], result[b, c, row, left : left + width]
                    for x in range(width):
                        sums[x] += line[x] * upstream[x]
