"""The report, in a real browser and from disk: pixels as the formula says, and nothing asked of anyone else."""

import itertools
import json
import logging
import math
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from mcdenoise.errors import McdenoiseError
from mcdenoise.evaluation.report import ReportWriter, ViewImages

WIDTH, HEIGHT = 48, 32
WIDE = {"width": 1500, "height": 600}  # A and B beside each other, not one above the other
EXPOSURE = 0.7
SCALE = 0.5  # radiance is kept times the power of two nearest to it
HOSTILE = "</script><script>window.hacked=1</script>\"'&<img src=x onerror=window.hacked=1>../../ü語" + "long" * 60

METRICS = [
    {
        "name": "relMSE",
        "better": "lower",
        "kinds": {"halves": "with reference halves"},
        "explanation": "Squared error.",
    },
    {"name": "PSNR", "better": "higher", "kinds": {"reference": "with reference"}, "explanation": "In decibels."},
]


def _picture(seed: int) -> np.ndarray:
    """Radiance `[H, W, 3]` over eight decades, with pixels that are no number, infinite, negative and out of range."""
    rng = np.random.default_rng(seed)
    radiance = (10 ** rng.uniform(-4, 1, (HEIGHT, WIDTH, 3))).astype(np.float32)
    radiance[3, 4] = 1e-4
    radiance[3, 5] = 1e4
    radiance[3, 6] = 1e6
    radiance[3, 7] = -2.0
    radiance[3, 8] = np.nan
    radiance[3, 9] = np.inf
    return radiance


def _half(values: np.ndarray, scale: float = 1.0) -> np.ndarray:
    return np.clip(values * scale, -65504, 65504).astype(np.float16).astype(np.float64) / scale


def _displayed(radiance: np.ndarray, ev: float = 0.0, gamma: float | None = None) -> np.ndarray:
    """The documented formula, `[..., 3]` in 0 to 255; gamma None is sRGB's curve."""
    linear = np.clip(_half(radiance, SCALE) * 2**ev * EXPOSURE, 0, 1)
    if gamma is None:
        curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    else:
        curve = linear ** (1 / gamma)
    return np.where(np.isnan(linear), [255, 0, 255], 255 * curve)


IMAGES = {name: _picture(seed) for seed, name in enumerate(["noisy", "alpha", "beta", "reference"])}
MAPS = {
    kind: {
        name: (10 ** np.random.default_rng(seed).uniform(-3, 1, (HEIGHT, WIDTH))).astype(np.float32)
        for seed, name in enumerate(["noisy", "alpha", "beta"], 10 * number)
    }
    for number, kind in enumerate(["relMSE", "FLIP"], 1)
}
SCORES = {"noisy": {"relMSE": 9.0, "PSNR": 9.5}, "alpha": {"relMSE": 0.5, "PSNR": 30.0}, "beta": {"relMSE": math.nan}}


def _view(scene: str, spp: int = 4, view: str = "view000", images: dict[str, np.ndarray] = IMAGES) -> ViewImages:
    return ViewImages(scene, view, spp, EXPOSURE, images, MAPS, SCORES)


def _row(spp: int, method: str, error: float | None, psnr: float | None, seconds: float | None = None) -> dict:
    scores = {}
    if error is not None:
        scores["relMSE"] = {"value": np.float32(error), "low": error * 0.9, "high": error * 1.1}
    if psnr is not None:
        scores["PSNR"] = {"value": psnr, "low": None, "high": math.inf}
    return {"spp": spp, "method": method, "views": np.int64(2), "seconds": seconds, "scores": scores}


SUMMARY = {
    "metrics": METRICS,
    "rows": [
        _row(4, "noisy", 10.0, 9.5),
        _row(4, "alpha", 9.0, 30.0, 0.25),
        _row(4, "beta", 0.02, 28.0, 1.5),
        _row(32, "noisy", 0.3, None),
        _row(32, "alpha", 0.004, 41.0, 0.25),
        _row(32, "beta", math.nan, 100.0, 1.5),
    ],
    "views": [
        {
            "scene": "room",
            "view": "view000",
            "spp": 4,
            "method": "alpha",
            "seconds": 0.2,
            "scores": {"relMSE": {"value": 0.25, "low": 0.2, "high": 0.3}},
        }
    ],
    "machine": "two cores",
    "made": "2026-11-23",
    "command": "mcdenoise evaluate renders --report out",
}


@pytest.fixture(scope="module")
def browser():
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not found:
        pytest.fail(
            "The report is tested in a browser: install Chromium (chromium, chromium-browser or google-chrome)."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found[0], args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Opens an index.html from disk; afterwards nothing may have gone wrong in it or have been asked of a network."""
    contexts, wrong = [], []

    def open_page(index, state=None, **options):
        options = {"viewport": {"width": 1100, "height": 600}} | options
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
        # Chromium warns of our own reading of the canvas.
        loud = ("error", "warning")
        page.on(
            "console",
            lambda said: (
                wrong.append(said.text) if said.type in loud and "willReadFrequently" not in said.text else None
            ),
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(index.as_uri() + ("#" + urlencode(state) if state else ""))
        if state:
            _settle(page)
        return page

    yield open_page
    pages = [page for context in contexts for page in context.pages]
    asked = {url for page in pages for url in page.requested if not url.startswith(("file:", "data:", "blob:"))}
    for context in contexts:
        context.close()
    assert not wrong
    assert not asked


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    writer = ReportWriter(tmp_path_factory.mktemp("report") / "out", "Two denoisers")
    writer.add_view(_view("room"))
    writer.add_view(_view("room", spp=32))
    writer.add_view(_view("desk"))
    return _without_plotly(writer.finish(SUMMARY))


def _without_plotly(index):
    """Empties plotly's script, which every page would read for a second or two."""
    (files_of(index) / "plotly.min.js").write_text("")
    return index


def files_of(index):
    """The folder that the page refers to."""
    (found,) = set(re.findall(r"files-[0-9a-f]{8}", index.read_text()))
    return index.parent / found


def _settle(page):
    """Wait until what is wanted has been drawn."""
    two_frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(two_frames)
    page.wait_for_function("document.getElementById('canvas').getAttribute('aria-busy') === 'false'")
    page.evaluate(two_frames)


def _state(**fields):
    return {"view": "room/view000/4", "a": "alpha", "b": "beta", "ev": 0} | fields


def _colours(page, places) -> np.ndarray:
    """Colours `[N, 3]` of the canvas at CSS places `[N, 2]` in it."""
    colours = page.evaluate(
        """(places) => {
            const canvas = document.getElementById("canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return places.map(([x, y]) => Array.from([0, 1, 2], (i) => data[4 * (y * canvas.width + x) + i]));
        }""",
        [[int(x), int(y)] for x, y in places],
    )
    return np.array(colours, dtype=np.float64)


def _size(page):
    box = page.locator("#canvas").bounding_box()
    return box["width"], box["height"]


def _grid(page, zoom, x, y, columns, pane=(0.0, 1.0)):
    """Picture pixels `[N, 2]` as (x, y) of the columns, and the CSS places of their middles in a pane of the canvas.

    pane: left and right edge of the pane as shares of the canvas.
    """
    width, height = _size(page)
    middle = width * (pane[0] + pane[1]) / 2
    pixels = np.array([(px, py) for py in range(HEIGHT) for px in columns])
    places = (pixels + 0.5 - [x, y]) * zoom + [middle, height / 2]
    return pixels, np.floor(places).astype(int)


def _of(image, pixels):
    return image[pixels[:, 1], pixels[:, 0]]


def _set(page, name, value):
    page.locator(name).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })) }",
        value,
    )
    _settle(page)


def _hash(page):
    """The fields of the address, which follows the state with a delay."""
    before = None
    while before != page.url:
        before = page.url
        page.wait_for_timeout(400)
    return dict(pair.split("=", 1) for pair in page.url.partition("#")[2].split("&"))


def test_the_page_loads_no_pictures_and_draws_its_plots(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Two denoisers")
    writer.add_view(_view("room"))
    page = open_page(writer.finish(SUMMARY))
    assert page.title() == page.locator("h1").inner_text() == "Two denoisers"
    names = [url.rpartition("/")[2] for url in page.requested]
    assert not any(re.match(r"\d{3}-.*\.js", name) for name in names)
    assert page.locator("#machine").inner_text() == "Measured on two cores."
    assert "with reference halves" in page.locator("#metrics").inner_text()
    heading = page.locator("#summary thead th", has_text="relMSE")
    assert heading.inner_text().split() == ["relMSE", "\N{DOWNWARDS ARROW}", "halves"]  # no sentence in a heading
    assert heading.locator(".badge").get_attribute("title") == "with reference halves"
    page.locator("#plots").scroll_into_view_if_needed()
    page.wait_for_selector("#plot-spp .main-svg")
    page.wait_for_selector("#plot-time .main-svg")
    # Five of the six errors are numbers, and each has its error bar; four rows have a time, and three of them an error.
    assert page.locator("#plot-spp .errorbar").count() == 5
    assert page.locator("#plot-time .errorbar").count() == 3
    page.locator("#plot-metric").select_option(label="PSNR ↑")
    page.wait_for_function("document.querySelector('#plot-spp .ytitle').textContent.startsWith('PSNR')")


@pytest.mark.parametrize("decades", [2, 20])
def test_numbers_beside_a_plot_reach_over_its_intervals_and_stay_apart(tmp_path, open_page, decades):
    row = _row(4, "alpha", 1.0, None, 0.25)
    row["scores"]["relMSE"] |= {"low": 10 ** (-decades / 2), "high": 10 ** (decades / 2)}
    writer = ReportWriter(tmp_path, "Wide")
    writer.add_view(_view("room"))
    page = open_page(writer.finish(SUMMARY | {"rows": [row]}))
    page.locator("#plots").scroll_into_view_if_needed()
    page.wait_for_selector("#plot-spp .main-svg")
    labels = page.locator("#plot-spp .ytick text").all()
    boxes = sorted((label.bounding_box() for label in labels), key=lambda box: box["y"])
    assert all(one["y"] + 0.7 * one["height"] < other["y"] for one, other in itertools.pairwise(boxes))
    shown = [float(label.text_content()) for label in labels]
    assert max(shown) / min(shown) > 10 ** (0.7 * decades)


def plotted(page, place):
    """What plotly was given for each method: [name, its look, seconds or spp]."""
    look = "[line.color, line.dash, marker.symbol].join()"
    page.locator("#plots").scroll_into_view_if_needed()
    page.wait_for_selector(f"{place} .main-svg")
    return page.locator(place).evaluate(f"(it) => it.data.map(({{ name, line, marker, x }}) => [name, {look}, x])")


def test_many_methods_look_different(tmp_path, open_page):
    names = ["noisy", *(f"method {number}" for number in range(14))]
    writer = ReportWriter(tmp_path, "Fourteen")
    writer.add_view(_view("room"))
    page = open_page(writer.finish(SUMMARY | {"rows": [_row(4, name, 0.5, None, 0.25) for name in names]}))
    assert len({look for _, look, _ in plotted(page, "#plot-spp")}) == len(names)
    looks = "(all) => all.map((it) => [it.style.color, it.className].join())"
    assert len(set(page.locator("#summary .dot").evaluate_all(looks)[:13])) == 13  # noisy, and two for each colour


def test_the_plot_of_time_has_numbers_of_its_own_and_goes_from_few_samples_to_many(tmp_path, open_page):
    alpha = [(4, 0.032, 0.25), (8, 0.02, 0.24), (32, 0.012, 0.27), (128, 0.011, 0.26)]
    rows = [_row(spp, "alpha", error, None, seconds) for spp, error, seconds in alpha]
    rows += [_row(spp, "noisy", 30.0, None) for spp, *_ in alpha]  # without a time, and far above
    writer = ReportWriter(tmp_path, "Time")
    writer.add_view(_view("room"))
    page = open_page(writer.finish(SUMMARY | {"rows": rows}))
    assert plotted(page, "#plot-time")[0][2] == [0.25, 0.24, 0.27, 0.26]
    assert page.locator("#plot-time .ytick text").count() >= 2
    assert page.locator("#plot-spp .ytick text").count() >= 2


def test_times_are_never_written_as_powers_of_ten(tmp_path, open_page):
    times = {0.0: "0 s", 0.00012: "0.120 ms", 0.9996: "1.00 s", 59.96: "60.0 s", 999.7: "1000 s", 12345.6: "12346 s"}
    writer = ReportWriter(tmp_path, "Times")
    writer.add_view(_view("room"))
    rows = [_row(4, f"method {number}", 0.5, None, seconds) for number, seconds in enumerate(times)]
    page = open_page(writer.finish(SUMMARY | {"rows": rows}))
    for number, text in enumerate(times.values()):
        row = page.locator("#summary tbody tr", has_text=f"method {number}")
        assert text in [cell.strip() for cell in row.locator("td").all_inner_texts()]


def test_the_summary_sorts_by_number_both_ways_and_what_is_missing_stays_below(index, open_page):
    page = open_page(index)
    heading = page.locator("#summary thead th", has_text="relMSE")
    cells = "#summary tbody td:nth-child(3) .value"
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert page.locator(cells).all_inner_texts() == ["0.00400", "0.0200", "0.300", "9.000", "10.00", "\N{EN DASH}"]
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.locator(cells).all_inner_texts() == ["10.00", "9.000", "0.300", "0.0200", "0.00400", "\N{EN DASH}"]
    page.locator("#summary thead th", has_text="Method").locator("button").click()
    assert heading.get_attribute("aria-sort") == "none"
    assert page.locator("#summary tbody th").all_inner_texts() == ["alpha", "alpha", "beta", "beta", "noisy", "noisy"]
    page.locator("#summary thead th", has_text="PSNR").locator("button").click()
    assert page.locator("#summary tbody td:nth-child(4) .value").first.inner_text() == "100.0"  # higher is better


def test_the_best_of_each_spp_is_marked_and_one_spp_can_be_shown_alone(index, open_page):
    page = open_page(index)
    best = page.locator("#summary td.best .value").all_inner_texts()
    assert sorted(best) == sorted(["0.0200", "30.00", "0.00400", "100.0"])
    assert (
        page.locator("#summary td.best", has_text="0.0200").locator("small").inner_text() == "0.0180 \N{EN DASH} 0.0220"
    )
    page.locator("#spp-filter button", has_text="32 spp").click()
    assert page.locator("#summary tbody tr").count() == 3
    assert page.locator(".card:visible").count() == 1
    page.locator("#spp-filter button", has_text="All").click()
    page.locator("#scene-filter").fill("DES")
    assert page.locator(".card:visible .card-name").all_inner_texts() == ["desk"]
    assert page.locator("#views-count").inner_text().startswith("1 of 3")


def test_canvas_pixels_are_what_the_formula_says(index, open_page):
    zoom, x, y = 10, WIDTH / 2, HEIGHT / 2
    page = open_page(index, _state(mode="flip", zoom=zoom, x=x, y=y))
    pixels, places = _grid(page, zoom, x, y, range(2, WIDTH - 2))
    radiance = _of(IMAGES["alpha"], pixels)
    for ev, said in [(0, "+0.0 EV"), (1, "+1.0 EV"), (-3.5, "\N{MINUS SIGN}3.5 EV")]:
        _set(page, "#exposure", ev)
        assert page.locator("#exposure-value").inner_text() == said
        np.testing.assert_allclose(_colours(page, places), _displayed(radiance, ev), atol=1)
    for gamma in [2.2, 3.0]:
        _set(page, "#gamma", gamma)
        assert page.locator("#gamma-value").inner_text() == f"{gamma:.2f}"
        assert page.locator("#curve").input_value() == "gamma"
        np.testing.assert_allclose(_colours(page, places), _displayed(radiance, -3.5, gamma), atol=1)
    page.locator("#reset").click()
    _settle(page)
    np.testing.assert_allclose(_colours(page, places), _displayed(radiance), atol=1)


@pytest.mark.parametrize("unit", [2.0**24, 2.0**-30])
def test_scenes_in_huge_and_tiny_units_look_and_read_as_others(tmp_path, open_page, unit):
    images = {name: (image * np.float64(unit)).astype(np.float32) for name, image in IMAGES.items()}
    writer = ReportWriter(tmp_path / "report", "Units")
    writer.add_view(ViewImages("room", "view000", 4, EXPOSURE / unit, images, MAPS, SCORES))
    page = open_page(writer.finish(SUMMARY), _state(zoom=10, x=WIDTH / 2, y=HEIGHT / 2))
    pixels, places = _grid(page, 10, WIDTH / 2, HEIGHT / 2, range(WIDTH // 2 - 1))
    np.testing.assert_allclose(_colours(page, places), _displayed(_of(IMAGES["alpha"], pixels)), atol=1)
    box = page.locator("#canvas").bounding_box()
    _, places = _grid(page, 10, WIDTH / 2, HEIGHT / 2, [5])
    page.mouse.move(box["x"] + int(places[3][0]), box["y"] + int(places[3][1]))
    _settle(page)
    cells = page.locator("#readout tr[data-side=a] td:not(.name)").all_inner_texts()
    np.testing.assert_allclose([float(cell) for cell in cells], 1e4 * unit, rtol=6e-4)  # half a step of half floats


def test_left_of_the_divider_is_a_and_right_of_it_b(index, open_page):
    zoom, x, y = 10, WIDTH / 2, HEIGHT / 2
    page = open_page(index, _state(zoom=zoom, x=x, y=y))
    width, _ = _size(page)
    box = page.locator("#divider").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(width * 0.4, box["y"] + 220, steps=4)
    page.mouse.up()
    _settle(page)
    assert page.locator("#divider").get_attribute("aria-valuenow") == "40"
    pixels, places = _grid(page, zoom, x, y, range(WIDTH))
    colours = _colours(page, places)
    left, right = places[:, 0] < width * 0.4 - zoom, places[:, 0] > width * 0.4 + zoom
    assert left.sum() > 100
    assert right.sum() > 100
    np.testing.assert_allclose(colours[left], _displayed(_of(IMAGES["alpha"], pixels[left])), atol=1)
    np.testing.assert_allclose(colours[right], _displayed(_of(IMAGES["beta"], pixels[right])), atol=1)
    page.locator("#divider").focus()
    page.keyboard.press("ArrowRight")
    _settle(page)
    assert page.locator("#divider").get_attribute("aria-valuenow") == "42"
    assert page.locator("#view-count").inner_text() == "1 / 3"  # the arrow moved the divider, not the view


def test_side_by_side_zoom_and_pan_are_one_for_both(index, open_page):
    page = open_page(index, _state(mode="side"), viewport=WIDE)
    width, height = _size(page)
    top = page.locator("#canvas").bounding_box()["y"]
    page.mouse.move(width * 0.7, top + height * 0.5)  # in the pane of B
    page.mouse.wheel(0, -500)
    page.mouse.down()
    page.mouse.move(width * 0.7 + 30, top + height * 0.5 - 20, steps=3)
    page.mouse.up()
    page.mouse.move(5, 5)  # off the canvas, whose pixel it would mark
    _settle(page)
    state = _hash(page)
    zoom, x, y = (float(state[name]) for name in ("zoom", "x", "y"))
    assert zoom > 16
    columns = range(math.ceil(x) - 5, math.floor(x) + 5)
    for pane, name in [((0, 0.5), "alpha"), ((0.5, 1), "beta")]:
        pixels, places = _grid(page, zoom, x, y, columns, pane)
        inside = (places[:, 1] > 0) & (places[:, 1] < height)
        assert inside.sum() > 50
        expected = _displayed(_of(IMAGES[name], pixels[inside]))
        np.testing.assert_allclose(_colours(page, places[inside]), expected, atol=1)
    page.locator("#canvas").dblclick(position={"x": 100, "y": 100})
    _settle(page)
    assert "zoom" not in _hash(page)


def test_the_readout_is_the_half_float_under_the_cursor(index, open_page):
    zoom, x, y = 10, WIDTH / 2, HEIGHT / 2
    page = open_page(index, _state(zoom=zoom, x=x, y=y, map="relMSE"))
    box = page.locator("#canvas").bounding_box()
    for px, py in [(20, 10), (5, 3), (6, 3), (7, 3), (8, 3), (9, 3)]:
        _, places = _grid(page, zoom, x, y, [px])
        at = places[py]
        page.mouse.move(box["x"] + int(at[0]), box["y"] + int(at[1]))
        _settle(page)
        assert page.locator("#readout .pixel").inner_text().split() == ["x", str(px), "y", str(py)]
        for side, name in [("a", "alpha"), ("b", "beta"), ("reference", "reference")]:
            cells = page.locator(f"#readout tr[data-side={side}] td:not(.name)").all_inner_texts()
            said = np.array([float(cell.replace("NaN", "nan")) for cell in cells])
            error = [] if name == "reference" else [_half(MAPS["relMSE"][name])[py, px]]
            np.testing.assert_allclose(said, [*_half(IMAGES[name], SCALE)[py, px], *error], rtol=5e-5)


def test_keys_do_what_the_help_says(index, open_page):
    page = open_page(index, _state())

    def chosen():
        return [page.locator(f"#label-{side}").inner_text().split()[-1] for side in "ab"]

    def press(key):
        page.keyboard.press(key)
        _settle(page)

    assert chosen() == ["alpha", "beta"]
    press("1")
    assert chosen() == ["noisy", "beta"]
    press("Shift+Digit4")
    assert chosen() == ["noisy", "reference"]
    for key, after in [
        ("a", ["alpha", "reference"]),
        ("A", ["noisy", "reference"]),
        ("A", ["reference", "reference"]),  # from the first to the last
        ("a", ["noisy", "reference"]),
        ("b", ["noisy", "noisy"]),  # and from the last to the first
        ("B", ["noisy", "reference"]),
        ("B", ["noisy", "beta"]),
        ("b", ["noisy", "reference"]),
    ]:
        press(key)
        assert chosen() == after
    press("x")
    assert chosen() == ["reference", "noisy"]
    for key, ev in [("e", "+0.5"), ("+", "+1.0"), ("E", "+0.5"), ("-", "+0.0"), ("-", "\N{MINUS SIGN}0.5")]:
        press(key)
        assert page.locator("#exposure-value").inner_text() == f"{ev} EV"
    press("g")
    assert page.locator("#gamma-value").inner_text() == "2.30"
    press("t")
    assert page.locator("#curve").input_value() == "srgb"
    press("r")
    assert page.locator("#exposure-value").inner_text() == "+0.0 EV"
    for shown in ["relMSE", "FLIP", ""]:
        press("m")
        assert page.locator("#map").input_value() == shown
    for mode in ["side", "flip", "split"]:
        press("s")
        assert page.locator("#modes [aria-pressed=true]").get_attribute("data-mode") == mode
    press("0")
    assert page.locator("#zoom-value").inner_text() == "100 %"
    press("f")
    assert page.locator("#fit").get_attribute("aria-pressed") == "true"
    press("ArrowUp")
    assert page.locator("#view-spp [aria-pressed=true]").inner_text() == "32 spp"
    press("ArrowRight")
    assert page.locator("#view-title").inner_text().startswith("desk")
    assert chosen() == ["reference", "noisy"]  # kept from view to view
    press("ArrowLeft")
    press("?")
    assert page.locator("#help").is_visible()
    assert "clamp(radiance" in page.locator("#help").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()
    assert page.locator("#viewer").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()


def test_error_maps_share_one_scale(index, open_page):
    zoom, x, y = 10, WIDTH / 2, HEIGHT / 2
    page = open_page(index, _state(mode="side", zoom=zoom, x=x, y=y, map="relMSE", range="0.001,10"), viewport=WIDE)
    report = json.loads(page.locator("#report").text_content())
    colours = np.frombuffer(bytes.fromhex(report["colours"]), np.uint8).reshape(-1, 3).astype(float)
    assert page.locator("#scale").is_visible()
    assert page.locator("#scale-ticks").inner_text().split() == ["0.001", "10", "0.01", "0.1", "1"]
    for pane, name in [((0, 0.5), "alpha"), ((0.5, 1), "beta")]:
        pixels, places = _grid(page, zoom, x, y, range(16, WIDTH - 16), pane)
        share = np.log(_half(_of(MAPS["relMSE"][name], pixels)) / 0.001) / np.log(10 / 0.001)
        expected = colours[np.floor(255 * np.clip(share, 0, 1) + 0.5).astype(int)]
        np.testing.assert_allclose(_colours(page, places), expected, atol=1)
    page.locator("#range-auto").click()
    _settle(page)
    both = np.stack([_half(MAPS["relMSE"][name]) for name in ("alpha", "beta")])
    high = float(page.locator("#range-high-value").inner_text())
    assert high == pytest.approx(np.percentile(both, 99.5), rel=0.02)
    _set(page, "#range-high", 0)
    assert page.locator("#range-high-value").inner_text() == "1.000"
    page.locator("#logarithmic").uncheck()
    _settle(page)
    assert page.locator("#scale-ticks .first").inner_text() == "0"
    page.keyboard.press("Shift+Digit4")
    _settle(page)
    assert page.locator("#label-b").inner_text().endswith("reference (has no map)")
    pixels, places = _grid(page, zoom, x, y, range(16, WIDTH - 16), (0.5, 1))
    np.testing.assert_allclose(_colours(page, places), _displayed(_of(IMAGES["reference"], pixels)), atol=1)
    page.locator("#map").select_option("")
    _settle(page)
    assert not page.locator("#scale").is_visible()


def test_a_link_reproduces_the_state(index, open_page):
    page = open_page(index)
    page.locator(".card").nth(1).click()
    _settle(page)
    page.keyboard.press("Shift+Digit1")
    page.locator(".of-view tbody tr", has_text="beta").click()
    _set(page, "#exposure", 1.5)
    _set(page, "#gamma", 1.8)
    page.locator("#zoom-in").click()
    page.locator("#divider").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    _settle(page)
    state = _hash(page)
    assert unquote(state["view"]) == "room/view000/32"
    assert (state["a"], state["b"], state["ev"], state["curve"], state["gamma"]) == (
        "beta",
        "noisy",
        "1.5",
        "gamma",
        "1.8",
    )
    places = [(x, y) for x in range(10, 600, 70) for y in range(10, 400, 60)]
    other = open_page(index, {name: unquote(value) for name, value in state.items()})
    np.testing.assert_array_equal(_colours(other, places), _colours(page, places))
    assert _hash(other) == state
    page.go_back()  # the viewer was opened by a click, so Back closes it
    page.wait_for_selector("#viewer", state="hidden")
    assert page.locator(".card").nth(1).evaluate("(card) => card === document.activeElement")


def test_scores_of_a_view_come_from_the_summary_and_say_their_kind(index, open_page):
    page = open_page(index, _state())
    row = page.locator(".of-view tbody tr", has_text="alpha")
    assert row.locator("td .value").all_inner_texts() == ["0.250", "30.00"]
    assert row.locator("td").first.get_attribute("title") == "95% interval: 0.200 \N{EN DASH} 0.300"
    assert row.locator("td").last.inner_text() == "200 ms"
    assert "relMSE: with reference halves" in page.locator("#scores-notes").inner_text()
    assert page.locator("#verdict").inner_text() == ""  # beta has no numbers
    page.keyboard.press("Shift+Digit1")
    _settle(page)
    assert verdict(page) == {
        "relMSE": "\N{MULTIPLICATION SIGN}36 no interval",
        "PSNR": "\N{MINUS SIGN}20.5 no interval",
    }
    assert "picture is too small" in page.locator("#verdict").inner_text()


def verdict(page):
    """What is said of B against A: metric -> text."""
    told = [" ".join(item.inner_text().split()) for item in page.locator("#verdict li").all()]
    return dict(one.split(" ", 1) for one in told)


def test_a_verdict_says_better_or_worse_only_where_it_is_certain(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Pairs")
    scores = {"noisy": {"relMSE": 4.0, "PSNR": 20.0}, "alpha": {"relMSE": 0.5, "PSNR": 30.0}}
    scores["beta"] = {"relMSE": 0.41, "PSNR": 30.2}
    writer.add_view(ViewImages("room", "view000", 4, EXPOSURE, IMAGES, {}, scores))
    pairs = {
        "relMSE": [["/", 0.125, 0.1, 0.15, True], None, ["/", 0.82, 0.79, 0.86, True]],
        "PSNR": [["-", 10.0, 9.0, 11.0, True], None, ["-", 0.2, -0.11, 0.42, False]],
    }
    place = {"scene": "room", "view": "view000", "spp": 4, "methods": ["noisy", "alpha", "beta"]}
    index = _without_plotly(writer.finish({"metrics": METRICS, "pairs": [place | {"metrics": pairs}]}))
    page = open_page(index, _state())
    times, minus = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"
    assert verdict(page) == {
        "relMSE": f"{times}0.820 (0.790 to 0.860) better",
        "PSNR": f"+0.20 ({minus}0.11 to +0.42) not told apart",
    }
    assert "no interval" not in page.locator("#verdict").inner_text().lower()

    def colour(word):
        return page.locator("#verdict .quiet + span", has_text=word).evaluate("(it) => getComputedStyle(it).color")

    neutral = page.locator("#verdict li .quiet").first.evaluate("(it) => getComputedStyle(it).color")
    assert colour("not told apart") == neutral != colour("better")
    page.keyboard.press("x")  # the other way round: 1 / 0.82, and its bounds change places
    _settle(page)
    assert verdict(page) == {
        "relMSE": f"{times}1.22 (1.16 to 1.27) worse",
        "PSNR": f"{minus}0.20 ({minus}0.42 to +0.11) not told apart",
    }
    page.keyboard.press("1")
    _settle(page)
    page.keyboard.press("Shift+Digit2")
    _settle(page)
    assert verdict(page) == {
        "relMSE": f"{times}0.125 (0.100 to 0.150) better",
        "PSNR": "+10.0 (+9.0 to +11.0) better",
    }
    page.keyboard.press("Shift+Digit3")
    _settle(page)
    assert verdict(page)["relMSE"] == f"{times}0.1 no interval"


def test_the_summary_marks_what_is_not_told_apart_from_the_best(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Alike")
    writer.add_view(_view("room"))
    rows = [
        _row(4, "noisy", 9.0, 10.0),
        _row(4, "alpha", 0.5, 30.0),
        _row(4, "beta", 0.49, 29.0),
        _row(8, "alpha", 1, 2),
    ]
    methods = ["noisy", "alpha", "beta"]
    pairs = {
        "relMSE": [["/", 0.05, 0.04, 0.06, True], ["/", 0.05, 0.04, 0.06, True], ["/", 0.98, 0.9, 1.1, False]],
        "PSNR": [["-", 20.0, 19.0, 21.0, True], None, ["-", -1.0, -1.1, -0.9, True]],
    }
    summary = {"metrics": METRICS, "rows": rows, "pairs": [{"spp": 4, "methods": methods, "metrics": pairs}]}
    page = open_page(_without_plotly(writer.finish(summary)))
    marked = page.locator("#summary td.alike")
    assert marked.count() == 1
    assert marked.locator("xpath=..").locator("th").inner_text() == "alpha"
    assert marked.locator(".value").inner_text() == "0.500"
    assert "not told apart from the best" in marked.text_content()
    assert marked.locator(".mark").inner_text().strip() == "\N{ALMOST EQUAL TO}"
    assert "not told apart" in page.locator("#summary-notes").inner_text()


EIGHT = ["relMSE", "MSE", "PSNR", "SMAPE", "SSIM", "FLIP", "relMSE est.", "MSE est."]


@pytest.fixture(scope="module")
def wide_report(tmp_path_factory):
    """Eight metrics and seven methods with numbers as long as they come, and all pairs."""
    methods = ["noisy", "default", "OIDN colour", "OIDN", "OIDN prefiltered", "default + input", "stacked"]
    kinds = {"halves": "against two reference halves, whose own noise cancels", "reference": "against the reference"}
    metrics = [
        {
            "name": name,
            "better": "higher" if name in ("PSNR", "SSIM") else "lower",
            "kinds": kinds if name == "relMSE" else {"reference": "against the reference, whose noise counts as error"},
            "explanation": f"What {name} is, in one sentence that is not short.",
        }
        for name in EIGHT
    ]
    small = {"relMSE": 0.0123, "MSE": 2.345e-5, "PSNR": 31.25, "SMAPE": 0.0456, "SSIM": 0.912, "FLIP": 0.0712}
    small |= {"relMSE est.": 0.01234, "MSE est.": 2.345e-5}
    scores = {name: {"value": value, "low": 0.87 * value, "high": 1.13 * value} for name, value in small.items()}
    rows = [
        {"spp": spp, "method": method, "views": 100, "seconds": 13.5, "scores": scores}
        for spp in (8, 64)
        for method in methods
    ]
    pair = ["-", -0.0060123, -0.0093123, 0.0196123, False]
    pairs = {"methods": methods, "metrics": {name: [pair] * 21 for name in EIGHT}}
    writer = ReportWriter(tmp_path_factory.mktemp("wide") / "out", "Eight metrics")
    place = {"scene": "validation-living-room", "view": "view000", "spp": 8}
    images = dict.fromkeys(methods, IMAGES["alpha"]) | {"reference": IMAGES["beta"]}
    maps = {"relMSE": dict.fromkeys(methods, MAPS["relMSE"]["alpha"])}
    writer.add_view(ViewImages(*place.values(), EXPOSURE, images, maps, {}))
    views = [place | {key: row[key] for key in ("method", "seconds", "scores")} for row in rows[:7]]
    entries = [place | pairs, {"spp": 8} | pairs, {"spp": 64} | pairs]
    return _without_plotly(
        writer.finish({"metrics": metrics, "rows": rows, "views": views, "pairs": entries, "made": "2026-11-23"})
    )


def overflow(page, selector):
    """How many pixels of an element lie outside its scroll box, and the smallest type in it that is shown."""
    return page.locator(selector).evaluate(
        """(box) => {
            const shown = [...box.querySelectorAll("*")].filter((it) => it.innerText && it.offsetParent);
            const sizes = shown.filter((it) => !it.matches(".sort")).map((it) => getComputedStyle(it).fontSize);
            return [box.scrollWidth - box.clientWidth, Math.min(...sizes.map(parseFloat))];
        }"""
    )


@pytest.mark.parametrize("size", [(1440, 900), (1280, 800)])
def test_eight_metrics_need_no_scrolling_on_a_laptop(wide_report, open_page, size):
    page = open_page(wide_report, viewport=dict(zip(("width", "height"), size, strict=True)))
    assert page.locator("#summary thead th").count() == 2 + 8 + 2
    wider, type_size = overflow(page, "#summary .scroll")
    assert wider <= 0
    assert type_size >= 12
    assert page.locator("#summary td small").first.is_visible() == (size[0] >= 1440)
    page.locator(".card").first.click()
    _settle(page)
    assert page.locator(".of-view thead th").count() == 1 + 8 + 1
    page.add_style_tag(content=".viewer-panel { padding-right: 15px }")  # a scroll bar, which headless browsers hide
    wider, type_size = overflow(page, "#scores .scroll")
    assert wider <= 0
    assert type_size >= 12
    assert _size(page)[0] > 0.5 * size[0]  # pictures have most of the window
    names = page.locator(".of-view tbody th .name")
    assert names.count() == 8
    cut = "(all) => all.filter((it) => it.scrollWidth > it.clientWidth || it.scrollHeight > it.clientHeight).length"
    assert names.evaluate_all(cut) == 0
    heights = page.locator(".of-view tbody tr").evaluate_all("(all) => all.map((it) => it.offsetHeight)")
    assert max(heights) <= 36  # 26 of them a button's: names in two lines make no row higher
    inside = "(all) => all.every((it) => it.scrollWidth <= it.clientWidth)"
    assert page.locator("#verdict li").count() == 8
    assert page.locator("#verdict li, #verdict, .viewer-panel").evaluate_all(inside)


def test_eight_metrics_on_a_phone_scroll_in_their_table_only(wide_report, open_page):
    page = open_page(wide_report, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert overflow(page, "#summary .scroll")[0] > 0
    page.locator(".card").first.tap()
    _settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".viewer-panel").evaluate("(it) => it.scrollWidth - it.clientWidth") == 0
    lines = "(all) => all.map((it) => Math.round(it.scrollHeight / 14.4))"  # 1.2 times 12 pixels
    names = page.locator(".of-view tbody th .name")
    for name, count in zip(names.all_inner_texts(), names.evaluate_all(lines), strict=True):
        assert 1 <= count <= min(2, len(name.split()))  # no word is broken, none is cut


def test_hostile_names_are_only_text(tmp_path, open_page):
    writer = ReportWriter(tmp_path / "out", f"{{{{report}}}} {HOSTILE}")
    images = {"noisy": IMAGES["noisy"], HOSTILE: IMAGES["alpha"], "": IMAGES["beta"]}
    for _ in range(2):
        writer.add_view(
            ViewImages(HOSTILE, HOSTILE, 4, math.nan, images, {HOSTILE: {HOSTILE: MAPS["FLIP"]["alpha"]}}, {})
        )
    rows = [_row(4, HOSTILE, 0.5, None, 0.1)]
    metrics = [METRICS[0] | {"kinds": {HOSTILE: HOSTILE}, "explanation": HOSTILE}]
    hostile = {"metrics": metrics, "rows": rows, "machine": HOSTILE, "made": HOSTILE, "command": HOSTILE}
    index = writer.finish(hostile)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(tmp_path / "out" in path.parents for path in written)
    assert max(len(path.name) for path in written) < 100
    page = open_page(index)
    assert page.title() == f"{{{{report}}}} {HOSTILE}"
    assert page.locator("#summary tbody th").inner_text() == HOSTILE
    page.locator("#plots").scroll_into_view_if_needed()
    page.wait_for_selector("#plot-time .main-svg")
    page.locator(".card").first.click()
    _settle(page)
    page.keyboard.press("m")
    _settle(page)
    assert page.locator("#label-a").text_content() == f"A {HOSTILE}"
    state = _hash(page)
    assert unquote(state["map"].replace("+", " ")) == HOSTILE
    again = open_page(index, {name: unquote(value.replace("+", " ")) for name, value in state.items()})
    assert again.locator("#map").input_value() == HOSTILE
    for opened in (page, again):
        assert opened.evaluate("window.hacked") is None
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    writer = ReportWriter(tmp_path_factory.mktemp("hundred"), "A hundred views")
    rng = np.random.default_rng(3)
    rows = []
    for number in range(100):
        images = {name: np.full((12, 16, 3), number + i, np.float32) for i, name in enumerate(IMAGES)}
        maps = {kind: {name: rng.random((12, 16), np.float32) for name in of} for kind, of in MAPS.items()}
        writer.add_view(ViewImages(f"scene-{number // 10}", f"view{number % 10:03d}", 4, 0.01, images, maps, SCORES))
        for method in SCORES:
            score = {"value": rng.random(), "low": rng.random(), "high": rng.random()}
            scores = dict.fromkeys(("relMSE", "PSNR", "FLIP", "SSIM", "SMAPE", "MSE"), score)
            where = {"scene": f"scene-{number // 10}", "view": f"view{number % 10:03d}", "spp": 4}
            rows.append(where | {"method": method, "seconds": rng.random(), "scores": scores})
    return _without_plotly(writer.finish(SUMMARY | {"views": rows}))


def test_a_hundred_views_do_not_choke_the_page(hundred, open_page):
    # 3 methods by 6 metrics with intervals are about 1.3 kB a view.
    assert hundred.stat().st_size < 200_000
    started = time.monotonic()
    page = open_page(hundred)
    assert page.locator(".card").count() == 100
    assert time.monotonic() - started < 10
    assert page.locator("script").count() < 10
    assert not any("/data/" in url for url in page.requested)
    page.locator(".card").nth(57).click()
    _settle(page)
    assert page.locator("#view-title").inner_text().split() == ["scene-5", "view007"]
    width, height = _size(page)
    a, b = _colours(page, [(width * 0.3, height / 2), (width * 0.7, height / 2)])
    for colour, radiance in [(a, 58), (b, 59)]:
        np.testing.assert_allclose(colour, 255 * (1.055 * (radiance * 0.01) ** (1 / 2.4) - 0.055), atol=1)
    page.wait_for_timeout(300)
    loaded = {url.rpartition("/")[2] for url in page.requested if "/data/" in url}
    assert loaded == {f"057-scene-5-view007-4spp-0{item}.js" for item in range(4)}  # its images, no maps, no other view
    assert page.locator("script").count() < 10  # the data's elements are gone again
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    _settle(page)
    assert page.locator("#view-count").inner_text() == "63 / 100"


def test_a_phone_scrolls_only_down_and_reads_out_by_touch(index, open_page):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    page = open_page(index, **phone)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".card").first.tap()
    _settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for selector in ("#canvas", "#close", "#next", ".of-view tbody th >> nth=0"):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.locator("#canvas").tap(position={"x": 100, "y": 140})
    _settle(page)
    assert page.locator("#readout tr[data-side=a] td").count() == 4
    before = float(page.locator("#zoom-value").inner_text().split()[0])
    touch = page.context.new_cdp_session(page)
    y = page.locator("#canvas").bounding_box()["y"] + 150
    for kind, spread in [("touchStart", 25), ("touchMove", 50), ("touchMove", 75), ("touchEnd", None)]:
        fingers = (
            [] if spread is None else [{"x": 120 + side * spread, "y": y, "id": i} for i, side in enumerate((-1, 1))]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    _settle(page)
    assert float(page.locator("#zoom-value").inner_text().split()[0]) == pytest.approx(3 * before, rel=0.1)


def test_the_page_is_dark_where_that_is_preferred_and_can_be_switched(index, open_page):
    dark, light = "rgb(21, 24, 27)", "rgb(255, 255, 255)"
    page = open_page(index, _state(), color_scheme="dark")

    def wait_for(colour):
        page.wait_for_function(f"getComputedStyle(document.body).backgroundColor === '{colour}'")

    wait_for(dark)
    page.emulate_media(color_scheme="light")
    wait_for(light)
    page.emulate_media(color_scheme="dark")
    wait_for(dark)
    page.keyboard.press("Escape")
    page.locator("#theme").click()
    wait_for(light)
    page.wait_for_load_state("networkidle")
    page.reload()
    wait_for(light)  # remembered


def test_decoded_pictures_that_are_not_shown_are_dropped(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Little memory")
    for number in range(3):
        writer.add_view(_view("room", view=f"view{number}"))
    index = writer.finish(SUMMARY)
    script = (files_of(index) / "pictures.js").read_text()
    few = script.replace("192 * 2 ** 20", str(5 * 6 * WIDTH * HEIGHT))  # five pictures fit
    assert few != script
    (files_of(index) / "pictures.js").write_text(few)
    page = open_page(index, {"view": "room/view0/4"})
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        _settle(page)
    page.wait_for_function("[0, 1, 2, 3].every((item) => Pictures.peek(`002-room-view2-4spp-0${item}`))")
    names = [f"00{view}-room-view{view}-4spp-0{item}" for view in range(3) for item in range(4)]
    kept = page.evaluate("(names) => names.filter((name) => Pictures.peek(name))", names)
    assert len(kept) == 5
    assert set(names[8:]) < set(kept)


def test_a_missing_file_is_said_in_its_place(tmp_path, browser):
    writer = ReportWriter(tmp_path, "Damaged")
    writer.add_view(_view("room"))
    index = writer.finish(SUMMARY)
    (files_of(index) / "data" / "000-room-view000-4spp-01.js").unlink()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{index.as_uri()}#view={quote('room/view000/4', safe='')}&mode=flip&a=alpha")
    page.wait_for_function("Pictures.failure('000-room-view000-4spp-01') === 'the file is missing'")
    _settle(page)
    said = f"{files_of(index).name}/data/000-room-view000-4spp-01.js cannot be shown: the file is missing"
    assert said in page.locator("#canvas").get_attribute("aria-label")
    context.close()


def test_without_plotly_the_report_has_no_plots_and_says_so(tmp_path, open_page, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    writer = ReportWriter(tmp_path, "No plots")
    writer.add_view(_view("room"))
    with caplog.at_level(logging.WARNING):
        index = writer.finish(SUMMARY)
    assert [record.message for record in caplog.records] == [
        "plotly is not installed, so the report has no plots: pip install 'mcdenoise[report]'"
    ]
    page = open_page(index, _state(map="FLIP"))
    assert "pip install 'mcdenoise[report]'" in page.locator("#plot-notes").text_content()
    colours = json.loads(page.locator("#report").text_content())["colours"]
    assert (colours[:6], colours[-6:], len(colours)) == ("000000", "ffffff", 256 * 6)


def test_repeats_of_a_view_have_each_their_own_scores(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Repeats")
    place = {"scene": "room", "view": "view000", "spp": 4}
    rows, pairs = [], []
    for value in (0.5, 0.25):
        writer.add_view(_view("room"))
        rows.append(place | {"method": "alpha", "seconds": value, "scores": {"relMSE": {"value": value}}})
        compared = {"relMSE": [["/", value, value, value, True]]}
        pairs.append(place | {"methods": ["noisy", "alpha"], "metrics": compared})
    page = open_page(_without_plotly(writer.finish(SUMMARY | {"views": rows, "pairs": pairs})))
    views = json.loads(page.locator("#report").text_content())["views"]
    assert [view["rows"]["alpha"]["seconds"] for view in views] == [0.5, 0.25]
    assert [view["rows"]["alpha"]["scores"]["relMSE"]["value"] for view in views] == [0.5, 0.25]
    assert [view["pairs"]["metrics"]["relMSE"][0][1] for view in views] == [0.5, 0.25]


def test_a_link_to_a_repeat_opens_that_one(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Repeats")
    for _ in range(2):
        writer.add_view(_view("room"))
    index = _without_plotly(writer.finish(SUMMARY))
    page = open_page(index)
    page.locator(".card").nth(1).click()
    _settle(page)
    assert page.locator("#view-count").inner_text() == "2 / 2"
    again = open_page(index, {name: unquote(value) for name, value in _hash(page).items()})
    assert again.locator("#view-count").inner_text() == "2 / 2"


def test_each_number_says_its_kind_where_a_metric_has_several(tmp_path, open_page):
    kinds = {"halves": "with halves", "reference": "with one reference"}
    metrics = [METRICS[0] | {"kinds": kinds}, METRICS[1]]
    writer = ReportWriter(tmp_path, "Kinds")
    views = []
    for scene, kind in (("room", "halves"), ("shed", "reference")):
        writer.add_view(_view(scene))
        scores = {"relMSE": {"value": 0.5, "kind": kind}, "PSNR": {"value": 30.0, "kind": "reference"}}
        views.append({"scene": scene, "view": "view000", "spp": 4, "method": "alpha", "seconds": 0.1, "scores": scores})
    page = open_page(_without_plotly(writer.finish(SUMMARY | {"metrics": metrics, "views": views})))
    for at, said in enumerate(kinds.values()):
        page.locator(".card").nth(at).click()
        _settle(page)
        cells = page.locator(".of-view tbody tr", has_text="alpha").locator("td")
        assert [cells.nth(i).get_attribute("title") for i in range(2)] == [said, None]
        assert page.locator("#scores-notes").inner_text() == f"relMSE: {said} · PSNR: with reference"
        page.keyboard.press("Escape")
        page.wait_for_selector("#viewer", state="hidden")


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_earlier_report_is_replaced_at_the_end_and_nothing_else_is_touched(tmp_path):
    folder = tmp_path / "report"
    writer = ReportWriter(folder, "First")
    for scene in ("one", "two"):
        writer.add_view(_view(scene))
    index = writer.finish(SUMMARY)
    first = files_of(index)
    mine = [
        folder / "notes.txt",
        first / "data" / "mine.js",
        folder / "files-of-mine" / "a.txt",
        folder / "data" / "b.js",
    ]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.css").write_text("mine")
    (folder / "files-01234567").symlink_to(elsewhere)
    before = everything(folder)
    with pytest.raises(McdenoiseError, match="holds a report already"):
        ReportWriter(folder, "Second", overwrite=False)
    writer = ReportWriter(folder, "Second")
    writer.add_view(_view("three"))
    during = everything(folder)
    assert {name: during[name] for name in before} == before  # whole until the new one is
    index = writer.finish(SUMMARY)
    assert all(path.read_text() == "mine" for path in [*mine, elsewhere / "report.css"])
    second = files_of(index)
    assert second != first
    left = {name.split("/")[0] for name in everything(folder)}
    assert left == {"index.html", "mcdenoise-report.txt", "notes.txt", "files-of-mine", "data", first.name, second.name}
    assert [path.name for path in first.rglob("*") if path.is_file()] == ["mine.js"]
    assert {path.name for path in (second / "data").iterdir()} == {
        f"000-three-view000-4spp-{i:02d}.js" for i in range(10)
    }


def test_a_finished_second_run_leaves_no_files_of_the_first(tmp_path):
    for title in ("First", "Second"):
        writer = ReportWriter(tmp_path, title)
        writer.add_view(_view("room"))
        index = writer.finish(SUMMARY)
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "mcdenoise-report.txt", files_of(index).name}


def test_a_run_that_measures_nothing_leaves_the_earlier_report_alone(tmp_path):
    writer = ReportWriter(tmp_path, "First")
    writer.add_view(_view("room"))
    writer.finish(SUMMARY)
    before = everything(tmp_path)
    writer.discard()  # of what is finished nothing
    assert everything(tmp_path) == before
    second = ReportWriter(tmp_path, "Second")
    second.add_view(_view("desk"))
    second.discard()
    assert everything(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 3


def test_a_report_of_the_old_layout_makes_place(tmp_path):
    (tmp_path / "mcdenoise-report.txt").write_text("A report.")
    old = ["index.html", "report.css", "theme.js", "viewer.js", "plotly.min.js", "data/000-room-view000-4spp-00.js"]
    for name in [*old, "thumbnails/000-room-view000-4spp.png", "tables/results.csv"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    writer = ReportWriter(tmp_path, "New")
    assert all((tmp_path / name).is_file() for name in old)
    writer.add_view(_view("room"))
    index = writer.finish(SUMMARY)
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {"index.html", "mcdenoise-report.txt", "tables", files_of(index).name}


SECOND_RUN = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from test_report import ReportWriter, _view
writer = ReportWriter(Path({folder!r}), "Second")
for number in range(1000):
    writer.add_view(_view(f"scene {{number}}"))
    print(number, flush=True)
"""


def test_a_killed_run_leaves_the_earlier_report_whole(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "First")
    writer.add_view(_view("room"))
    index = _without_plotly(writer.finish(SUMMARY))
    here = Path(__file__).parent
    code = SECOND_RUN.format(paths=[str(here), str(here.parent.parent)], folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as second:
        while second.stdout.readline().strip() != "2":
            assert second.poll() is None
        second.send_signal(signal.SIGKILL)
    assert len([path for path in tmp_path.iterdir() if path.name.startswith("files-")]) == 2
    page = open_page(index, _state())
    assert page.title() == "First"
    assert page.locator("#label-a").inner_text().split() == ["A", "alpha"]
    assert (_colours(page, [(200, 200)]) > 0).any()
    page.keyboard.press("Escape")
    assert page.locator(".card img").evaluate("(it) => it.decode().then(() => it.naturalWidth)") == WIDTH
    ReportWriter(tmp_path, "Third").discard()  # what the killed run left goes on the next start, and nothing else
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "mcdenoise-report.txt", files_of(index).name}


def test_errors_below_zero_are_shown_as_they_are(tmp_path, open_page):
    writer = ReportWriter(tmp_path, "Negative")
    plane = MAPS["relMSE"]["alpha"].copy()
    plane[:, 20] = -0.75
    maps = {"relMSE": {"alpha": plane, "beta": MAPS["relMSE"]["beta"]}}
    writer.add_view(ViewImages("room", "view000", 4, EXPOSURE, IMAGES, maps, SCORES))
    zoom, x, y = 10, WIDTH / 2, HEIGHT / 2
    page = open_page(_without_plotly(writer.finish(SUMMARY)), _state(mode="flip", zoom=zoom, x=x, y=y, map="relMSE"))
    report = json.loads(page.locator("#report").text_content())
    lowest = list(bytes.fromhex(report["colours"])[:3])
    for logarithmic in (True, False):
        page.locator("#logarithmic").set_checked(logarithmic)
        _settle(page)
        _, places = _grid(page, zoom, x, y, [20])
        assert (_colours(page, places[2:-2]) == lowest).all()
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + int(places[7][0]), box["y"] + int(places[7][1]))
    _settle(page)
    assert page.locator("#readout tr[data-side=a] td").last.inner_text() == "-0.75"
    page.keyboard.press("?")
    assert "may be negative" in page.locator("#help").inner_text()


def test_a_folder_that_is_no_report_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(McdenoiseError, match="not empty and no earlier report"):
        ReportWriter(tmp_path, "Report")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(McdenoiseError, match="is a file"):
        ReportWriter(tmp_path / "thesis.tex", "Report")
    with pytest.raises(McdenoiseError, match="cannot be written there: Not a directory"):
        ReportWriter(tmp_path / "thesis.tex" / "report", "Report")


def test_images_of_different_sizes_are_refused(tmp_path):
    writer = ReportWriter(tmp_path, "Report")
    with pytest.raises(ValueError, match="images of room"):
        writer.add_view(_view("room", images=IMAGES | {"late": np.zeros((2, 2, 3), np.float32)}))
    with pytest.raises(ValueError, match="has no images"):
        writer.add_view(_view("room", images={}))
