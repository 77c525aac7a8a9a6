"""`mcdenoise scenes`, as it is typed."""

import imageio.v3 as iio
from command_line import run_alone as mcdenoise


def test_scenes_a_sheet_and_a_table_are_made_and_then_rendered(tmp_path):
    out = tmp_path / "scenes"
    done = mcdenoise("scenes", out, "--count", 2, "--seed", 31, "--table", tmp_path / "table.md")
    assert done.returncode == 0, done.stderr
    assert "2 scenes made" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == ["random-31-00000", "random-31-00001"]
    assert "| Kind | scenes |" in (tmp_path / "table.md").read_text()

    again = mcdenoise("scenes", out, "--count", 2, "--seed", 31, "--sheet", tmp_path / "sheet.png")
    assert again.returncode == 0, again.stderr
    assert "0 scenes made" in again.stdout
    assert "2 were there already" in again.stdout
    sheet = iio.imread(tmp_path / "sheet.png")
    assert sheet.ndim == 3
    assert sheet.std() > 10, "pictures are on it"

    rendered = mcdenoise(
        "render", out, "--out", tmp_path / "renders", "--spp", 1, "--size", 32, 24, "--variant", "scalar_rgb"
    )
    assert rendered.returncode == 0, rendered.stderr
    assert len(list((tmp_path / "renders").rglob("r*.exr"))) == 4


def test_bad_use_is_answered_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for arguments, code in (
        (("scenes",), 2),
        (("scenes", tmp_path / "x", "--count", 0), 2),
        (("scenes", tmp_path / "x", "--seed", -1), 2),
        (("scenes", ""), 2),
        (("scenes", tmp_path / "file" / "x", "--count", 1), 1),
    ):
        done = mcdenoise(*arguments)
        assert done.returncode == code, arguments
        assert len(done.stderr.strip().splitlines()) == 1
