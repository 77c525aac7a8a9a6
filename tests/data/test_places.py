"""Which place decoded frames get, and what is said of it."""

import os

import pytest
import torch
from synthetic import picture, write_view

from mcdenoise.data import CropDataset, find_views
from mcdenoise.data.cache import DiskFrameCache, FrameCache
from mcdenoise.data.places import GIB, choose_cache, default_folder, describe
from mcdenoise.errors import DataError

CPU = torch.device("cpu")


def test_auto_is_host_memory_without_a_gpu():
    cache = choose_cache("auto", None, None, CPU, 100 * GIB)
    assert (type(cache), cache.limit, cache.device) == (FrameCache, 2 * GIB, CPU)


def test_disk_is_in_the_user_s_folder_of_caches_or_where_told(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    cache = choose_cache("disk", None, None, CPU, 0)
    assert isinstance(cache, DiskFrameCache)
    assert (cache.folder, cache.limit) == (tmp_path / "xdg/mcdenoise/frames", 32 * GIB)
    assert cache.folder.is_dir()
    assert choose_cache("disk", 0.5, tmp_path / "here", CPU, 0).limit == GIB // 2
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache/mcdenoise/frames"


@pytest.mark.parametrize("arguments", [("cuda", None), ("tape", None), ("host", 0.0), ("host", float("nan"))])
def test_what_is_not_there_or_makes_no_sense_is_one_line(arguments):
    with pytest.raises(DataError) as caught:
        choose_cache(*arguments, None, CPU, 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cores", [2, 16])
def test_auto_is_the_gpu_that_trains_where_all_fit_and_few_cores_are_beside_it(monkeypatch, cores):
    device = torch.device("cuda", 0)
    free = 80 * GIB
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 80 * GIB))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert choose_cache("auto", None, None, device, 1000).device == (device if cores == 2 else CPU)
    assert choose_cache("auto", None, None, device, 100 * GIB).device == CPU
    assert choose_cache("cuda", 1.0, None, device, 100 * GIB).limit == GIB
    free = 1900
    assert choose_cache("auto", None, None, device, 1000).device == CPU


def test_it_says_where_frames_are_and_what_that_costs(tmp_path):
    for k in range(6):
        write_view(tmp_path / f"a/view{k:03d}", picture(64, 64, k))
    views = find_views(tmp_path)
    assert "all kept in host memory (limit 2.00 GiB)" in describe(CropDataset(views, crop=32))
    small = describe(CropDataset(views, crop=32, cache=FrameCache(64 * 64 * 18 * 2 * 5), batch=4))
    assert "2 of 6 views are in use at a time, fewer than a batch takes" in small
    assert "--cache-gib" in small
    disk = CropDataset(views, crop=32, cache=DiskFrameCache(2**30, tmp_path / "cache"))
    assert f"files in {tmp_path / 'cache'}" in describe(disk)


def test_a_folder_for_a_cache_that_is_not_on_disk_is_refused(tmp_path):
    with pytest.raises(DataError, match="is for --cache disk"):
        choose_cache("host", None, tmp_path, CPU, 0)


def test_a_cache_that_is_said_to_hold_all_frames_does(tmp_path):
    """Also where it is only a little larger than they are, and on disk, where some room is always left."""
    write_view(tmp_path / "renders/a/view000", picture(64, 48), realizations=3)
    write_view(tmp_path / "renders/b/view000", picture(64, 48, 1), realizations=3)
    views = find_views(tmp_path / "renders")
    for share in (1.0, 1.02, 1.2):
        for kind in ("host", "disk"):
            limit = int(share * CropDataset(views, crop=16).bytes)
            folder = tmp_path / f"{kind}-{share}"
            cache = DiskFrameCache(limit, folder) if kind == "disk" else FrameCache(limit)
            dataset = CropDataset(views, crop=16, cache=cache)
            for index in range(40):
                dataset[index]
            if "all kept" in describe(dataset):
                held = len(list(folder.iterdir())) if kind == "disk" else len(cache._frames)
                assert (share, held) == (1.2, 6)
            else:
                assert share < 1.2


def test_a_cache_for_less_than_two_views_is_pointed_out(tmp_path):
    for k in range(3):
        write_view(tmp_path / f"{k}/view000", picture(64, 48, k), realizations=2)
    views = find_views(tmp_path)
    one = CropDataset(views, crop=16).bytes // 3
    assert "does not hold two views" in describe(CropDataset(views, crop=16, cache=FrameCache(one)))
    assert "does not hold two views" not in describe(CropDataset(views, crop=16, cache=FrameCache(int(2.5 * one))))
