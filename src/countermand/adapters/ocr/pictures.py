"""A picture from a stranger, made safe to read: measured by its header, rid of its metadata, upright."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from countermand.extensions import image_too_large, image_unreadable

if TYPE_CHECKING:
    from PIL import Image

BYTES_MAX = 32 * 1024 * 1024
PIXELS_MAX, SIDE_MAX = 50_000_000, 40_000
# Text on screens is read well at this width; wider pictures only cost time.
WIDTH_MAX = 1200
# A strip: no line of text stands in it, and a detector would blow it up to gigabytes.
READ_SIDE_MIN, READ_RATIO_MAX = 16, 20
METADATA_MAX, METADATA_TEXT_MAX = 24, 200
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
# EXIF 2.32: what tells when, where and with what a picture was taken.
_TAGS = {271: "make", 272: "model", 305: "software", 306: "changed_at"}
_SHOT_TAGS = {36867: "taken_at", 36881: "offset", 37521: "taken_subseconds"}
_EXIF, _GPS = 0x8769, 0x8825


class Opened(NamedTuple):
    """An upright picture in RGB, what its file said of itself, and by how much it was made smaller."""

    image: Image.Image
    metadata: dict[str, str]
    width: int
    height: int
    scale: float


def open_picture(content: bytes) -> Opened:
    """The picture, decoded only after its header has told its size.

    Raises BadRequest (`image_unreadable`), TooLarge (`image_too_large`).
    """
    from PIL import Image, ImageOps

    if len(content) > BYTES_MAX:
        raise image_too_large(f"{len(content)} bytes")
    # The limits below are ours, and they are told in two languages.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Image.open(io.BytesIO(content), formats=FORMATS)
            width, height = found.size
            if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX:
                raise image_too_large(f"{width} x {height}")
            if width < 1 or height < 1:
                raise image_unreadable("it is empty")
            metadata = _metadata(found)
            if found.format == "JPEG":
                found.draft("RGB", (WIDTH_MAX, WIDTH_MAX * height // width + 1))
            upright = ImageOps.exif_transpose(found)
            flat = _flat(upright)
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, EOFError) as error:
        raise image_unreadable(type(error).__name__) from None
    turned = (flat.width > flat.height) != (width > height)
    full = (height, width) if turned else (width, height)
    scale = min(1.0, WIDTH_MAX / flat.width)
    if scale < 1:
        flat = flat.resize((WIDTH_MAX, max(1, round(flat.height * scale))), Image.Resampling.LANCZOS)
    if min(flat.size) < READ_SIDE_MIN or flat.width > READ_RATIO_MAX * flat.height:
        raise image_unreadable(f"{width} x {height}")
    # Nothing of the file goes on but its pixels.
    flat.info.clear()
    return Opened(flat, metadata, *full, flat.width / full[0])


def tiles(image: Image.Image, height_max: int, overlap: int) -> Iterator[tuple[int, int, int, Image.Image]]:
    """A long picture in pieces that overlap: where each begins, and between where its lines are its own."""
    top = 0
    while True:
        bottom = min(image.height, top + height_max)
        own_from = top + overlap // 2 if top else 0
        own_to = bottom - overlap // 2 if bottom < image.height else image.height
        yield top, own_from, own_to, image.crop((0, top, image.width, bottom))
        if bottom == image.height:
            return
        top = bottom - overlap


def _flat(image: Image.Image) -> Image.Image:
    """Without transparency: on white, as it was most likely seen."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        whole = image.convert("RGBA")
        ground = Image.new("RGBA", whole.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, whole).convert("RGB")
    return image.convert("RGB")


def _metadata(image: Image.Image) -> dict[str, str]:
    """What the file says of itself, a few short texts; it is kept apart from what is read."""
    exif = image.getexif()
    found = {name: exif.get(tag) for tag, name in _TAGS.items()}
    shot = exif.get_ifd(_EXIF)
    found |= {name: shot.get(tag) for tag, name in _SHOT_TAGS.items()}
    place = exif.get_ifd(_GPS)
    if place:
        found["place"] = " ".join(f"{place.get(tag)}" for tag in (1, 2, 3, 4) if tag in place)
    told = {f"file_{name}": value for name, value in image.info.items() if isinstance(value, str)}
    known = {
        name: str(value).strip("\x00 ")[:METADATA_TEXT_MAX] for name, value in (found | told).items() if value
    }
    return dict(list(known.items())[:METADATA_MAX])
