"""Documents of several pages: what stands in them, in both languages, before anybody sets or seals them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from countermand.kernel.text import Text


class Tone(StrEnum):
    """How a word is marked: as it is, as good, as doubtful, as bad, or as beside the point."""

    PLAIN = "plain"
    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value; `exact` is a code, hash or number that is compared character by character."""

    text: Text
    tone: Tone = Tone.PLAIN
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A value under its label."""

    label: Text
    value: Cell


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs; `quoted` are the words of a person."""

    paragraphs: tuple[Text, ...]
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """What the blocks behind it are about, within a section."""

    text: Text


@dataclass(frozen=True, slots=True)
class Fields:
    """Labelled values, two columns."""

    rows: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `widths` are shares of the page's width, one a column."""

    columns: tuple[Text, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        assert len(self.columns) == len(self.widths), "every column has its share"
        assert all(len(row) == len(self.columns) for row in self.rows), "every row fills the columns"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: `at` as the reader's clock had it, what, and more of it."""

    at: str
    what: Cell
    more: Text | None = None
    by: Text | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """What happened, in order."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """What is typed into a terminal or compared, line for line, never broken in its middle unseen."""

    lines: tuple[str, ...]


Block = Prose | Heading | Fields | Table | Steps | Lines


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of a document."""

    title: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Pages in `language`, their headings glossed in the other one.

    `number` names what it is about; `summary` is what a reader in a hurry takes away. `made_at` in
    microseconds UTC: the date of the document. `signed_lines` are left for people to sign by hand.
    """

    language: str
    institution: Text
    title: Text
    lead: Text
    number: Field
    summary: tuple[Field, ...]
    sections: tuple[Section, ...]
    foot: tuple[Text, ...]
    made_at: int
    signed_lines: tuple[Text, ...] = ()

    def said(self, text: Text) -> str:
        """A text in the document's language."""
        return text.zh if self.language == "zh" else text.en

    def glossed(self, text: Text) -> list[str]:
        """The same, and in the other language where it says something else."""
        pair = [text.zh, text.en] if self.language == "zh" else [text.en, text.zh]
        return pair if pair[0] != pair[1] else pair[:1]

    def told(self) -> dict[str, Any]:
        """As the press takes it."""
        return {
            "lang": self.language,
            "institution": self.said(self.institution),
            "title": self.glossed(self.title),
            "lead": self.said(self.lead),
            "number": self._field(self.number),
            "summary": [self._field(one) for one in self.summary],
            "sections": [
                {"title": self.glossed(one.title), "blocks": [self._block(block) for block in one.blocks]}
                for one in self.sections
            ],
            "foot": [self.said(one) for one in self.foot],
            "signed_lines": [self.said(one) for one in self.signed_lines],
        }

    def words(self) -> Iterator[str]:
        """Every text in it, in the language it is set in: what somebody reads who has the page."""
        yield from _strings(self.told())

    def _cell(self, one: Cell) -> dict[str, Any]:
        return {"text": self.said(one.text), "tone": one.tone.value, "exact": one.exact}

    def _field(self, one: Field) -> dict[str, Any]:
        return {"label": self.said(one.label), **self._cell(one.value)}

    def _block(self, block: Block) -> dict[str, Any]:
        match block:
            case Prose():
                said = [self.said(one) for one in block.paragraphs]
                return {"kind": "prose", "paragraphs": said, "quoted": block.quoted}
            case Heading():
                return {"kind": "heading", "text": self.glossed(block.text)}
            case Fields():
                return {"kind": "fields", "rows": [self._field(one) for one in block.rows]}
            case Table():
                return {
                    "kind": "table",
                    "columns": [self.said(one) for one in block.columns],
                    "widths": list(block.widths),
                    "rows": [[self._cell(one) for one in row] for row in block.rows],
                }
            case Steps():
                return {"kind": "steps", "steps": [self._step(one) for one in block.steps]}
            case Lines():
                return {"kind": "lines", "lines": list(block.lines)}

    def _step(self, one: Step) -> dict[str, Any]:
        return {
            "at": one.at,
            "what": self._cell(one.what),
            "more": None if one.more is None else self.said(one.more),
            "by": None if one.by is None else self.said(one.by),
        }


def same(value: object) -> Text:
    """What reads alike in both languages."""
    return Text(en=str(value), zh=str(value))


def plain(value: Text | str, tone: Tone = Tone.PLAIN) -> Cell:
    """A value in words."""
    return Cell(value if isinstance(value, Text) else same(value), tone)


def exact(value: object) -> Cell:
    """A value that is compared character by character."""
    return Cell(same(value), exact=True)


def _strings(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for value in told.values():
            yield from _strings(value)
    elif isinstance(told, list):
        for value in told:
            yield from _strings(value)
