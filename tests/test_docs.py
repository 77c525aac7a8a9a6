"""Links between the texts lead somewhere: to a file that is there, and to a heading that is in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXTS = sorted(
    path.relative_to(ROOT)
    for folder, pattern in ((".", "*.md"), ("docs", "*.md"), ("mcdenoise/weights", "*.md"), ("scenes", "*.md"))
    for path in (ROOT / folder).glob(pattern)
)
_LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(path):
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", without_code(path.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_texts():
    assert {Path("README.md"), Path("docs/model.md"), Path("mcdenoise/weights/default.md")} <= set(TEXTS)


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_links_lead_somewhere(text):
    for target, anchor in _LINK.findall(without_code((ROOT / text).read_text())):
        path = (ROOT / text).parent / target if target else ROOT / text
        assert path.exists(), f"{text}: there is no {target}"
        assert not anchor or anchor in anchors(path), f"{text}: {target} has no heading #{anchor}"
