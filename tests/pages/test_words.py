"""Goal: every text of the pages exists in both languages, is used, and takes the values it is given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import countermand.surfaces.web
from countermand.surfaces.web.words import LANGUAGES, said, texts

ROOM = Path(countermand.surfaces.web.__file__).parent
MARK = re.compile(r"\{(\w+)\}")


def told(text: object) -> list[str]:
    """The forms of one text in one language."""
    return [str(one) for one in text.values()] if isinstance(text, dict) else [str(text)]


@pytest.mark.parametrize("key", sorted(texts()))
def test_a_text_says_the_same_in_both_languages(key: str) -> None:
    """Both are there, neither is empty, and both take the same values."""
    text = texts()[key]
    assert sorted(text) == sorted(LANGUAGES)
    marks = {language: set(MARK.findall(" ".join(told(text[language])))) for language in LANGUAGES}
    assert all(one.strip() for language in LANGUAGES for one in told(text[language]))
    assert marks["en"] - {"count"} == marks["zh"] - {"count"}


def asked_for() -> tuple[set[str], set[str]]:
    """The keys that templates and page routes name whole, and the beginnings of those they put together."""
    whole: set[str] = set()
    begun: set[str] = set()
    for path in sorted(ROOM.rglob("*.html")):
        parsed = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
        for call in parsed.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t":
                key = call.args[0]
                if isinstance(key, nodes.Const):
                    whole.add(key.value)
                else:
                    begun.update(one.value for one in key.find_all(nodes.Const) if "." in str(one.value))
    for path in sorted(ROOM.rglob("*.py")):
        whole |= set(re.findall(r'said\("([a-z_.]+)"', path.read_text(encoding="utf-8")))
    return whole, begun


def test_every_text_is_used_and_every_one_asked_for_exists() -> None:
    """A key without a text would break a page; a text without a page misleads who edits it."""
    whole, begun = asked_for()
    known = set(texts())
    assert whole - known == set()
    assert {key for key in known - whole if not any(key.startswith(one) for one in begun)} == set()


def test_a_number_decides_between_one_and_many() -> None:
    """English has two forms, Chinese one; a value that is missing is a defect, not an empty place."""
    with pytest.raises(KeyError):
        said("everywhere.nothing", "en")
