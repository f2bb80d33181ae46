"""What was read off a picture: lines of text, each with where it stands and how sure its reader is."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

# x and y in pixels, from the top left.
Corner = tuple[int, int]
# Top left, top right, bottom right, bottom left, of the text as it is read.
Box = tuple[Corner, Corner, Corner, Corner]

PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"})


# The port of the outbox behind which pictures are read.
READING_PORT = "reading"


class TextLine(msgspec.Struct, frozen=True, gc=False):
    """One line as its reader gave it; `confidence` from 0 to 1."""

    text: str
    box: Box
    confidence: float


class PictureText(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of a picture of `width` by `height` pixels, from top to bottom.

    `reader` is name@version. `metadata` is what the file said of itself (EXIF and the like): it was taken off
    the picture before that was read, it is kept apart, and it may tell about people.
    """

    lines: tuple[TextLine, ...]
    width: int
    height: int
    reader: str
    metadata: dict[str, str] = {}


def upright(left: int, top: int, right: int, bottom: int) -> Box:
    """The box of text that stands straight.

    >>> upright(0, 0, 4, 2)
    ((0, 0), (4, 0), (4, 2), (0, 2))
    """
    return (left, top), (right, top), (right, bottom), (left, bottom)


def hull(boxes: Iterable[Box]) -> Box:
    """The smallest upright box around all of these, of which there is one at least."""
    corners = [corner for box in boxes for corner in box]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return upright(min(across), min(down), max(across), max(down))


def part_of(box: Box, start: float, end: float) -> Box:
    """The part of a box between two shares of its length.

    >>> part_of(upright(0, 0, 100, 20), 0.5, 1.0)
    ((50, 0), (100, 0), (100, 20), (50, 20))
    """
    top_left, top_right, bottom_right, bottom_left = box
    return (
        _between(top_left, top_right, start),
        _between(top_left, top_right, end),
        _between(bottom_left, bottom_right, end),
        _between(bottom_left, bottom_right, start),
    )


def _between(one: Corner, other: Corner, share: float) -> Corner:
    return round(one[0] + (other[0] - one[0]) * share), round(one[1] + (other[1] - one[1]) * share)
