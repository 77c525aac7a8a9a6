import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mcdenoise.inference import host_frame
from mcdenoise.inference.repair import finite_radiance
from mcdenoise.tonemap import exposure


def frame(height, width, seed=0):
    """Radiance, and features that leave their ranges and hold NaN."""
    generator = torch.Generator().manual_seed(seed)
    radiance = torch.randn(height, width, 3, generator=generator).exp() - 0.2
    features = [2 * torch.randn(height, width, 3, generator=generator) for _ in range(2)]
    for feature in features:
        feature[height // 2, 0, 1] = torch.nan
    return radiance, *features


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (270, 37)])
@pytest.mark.parametrize("broken", [False, True])
def test_a_survey_is_what_the_single_steps_find(size, broken):
    color = frame(*size)[0]
    color[0, 0] = torch.tensor([1e35, 3.0, 0.1])
    if broken:
        color[size[0] // 2, size[1] // 2] = torch.inf
    radiance, plain, scale = host_frame.survey(color)
    torch.testing.assert_close(radiance, finite_radiance(color), rtol=0, atol=0)
    assert plain == (size == (1, 1))
    assert scale == pytest.approx(exposure(radiance.numpy()), rel=1e-5)


@pytest.mark.parametrize("at", [(0, 0), (0, 40), (31, 2), (32, 40)])
def test_one_other_pixel_tells_a_picture_from_a_plain_one(at):
    color = torch.tensor([0.5, 0.0, 3.0]).expand(33, 41, 3).clone()
    assert host_frame.survey(color)[1]
    color[at][1] = 1e-38
    assert not host_frame.survey(color)[1]


@pytest.mark.parametrize("multiple", [1, 16])
def test_planes_are_the_part_its_features_in_range_and_its_edges_repeated(multiple):
    radiance, albedo, normal = frame(100, 90)
    part = slice(16, 83), slice(32, 90)
    planes = host_frame.planes_of(radiance, albedo, normal, 2.5, part, multiple)
    expected = torch.cat([2.5 * radiance, albedo.nan_to_num(0).clamp(0, 1), normal.nan_to_num(0).clamp(-1, 1)], dim=2)
    padding = (0, -58 % multiple, 0, -67 % multiple)
    expected = F.pad(expected[part].permute(2, 0, 1)[None], padding, mode="replicate")
    torch.testing.assert_close(planes, expected, rtol=0, atol=0)
    assert not host_frame.planes_of(radiance, None, None, 1.0, part, multiple)[:, 3:].any()


def test_what_is_put_is_finite_and_not_negative_and_nothing_else_changes():
    planes = torch.rand(1, 3, 32, 48)
    planes[0, 0, 9, 7], planes[0, 1, 9, 7], planes[0, 2, 9, 7] = torch.nan, torch.inf, -1.0
    result = torch.full((40, 60, 3), 7.0)
    host_frame.put_radiance(planes, 0.5, (slice(8, 16), slice(4, 30)), result, (slice(32, 40), slice(10, 36)))
    expected = torch.full((40, 60, 3), 7.0)
    expected[32:40, 10:36] = planes[0, :, 8:16, 4:30].permute(1, 2, 0) / 0.5
    expected[33, 13] = torch.tensor([0.0, np.finfo(np.float32).max, 0.0])
    torch.testing.assert_close(result, expected, rtol=0, atol=0)
