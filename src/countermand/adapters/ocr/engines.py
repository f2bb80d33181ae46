"""The engines that read: rapidocr inside the reading process, tesseract as a program that it starts."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable, Mapping
from importlib.metadata import version
from itertools import groupby
from statistics import mean
from typing import TYPE_CHECKING, Any

from countermand.adapters.ocr.pictures import Opened, tiles
from countermand.vocabulary.pictures import Box, PictureText, TextLine, upright

if TYPE_CHECKING:
    from PIL import Image

TILE_HEIGHT, TILE_OVERLAP = 1600, 160
LINES_MAX, LINE_MAX = 2000, 500
# Below this a reader guesses.
CONFIDENCE_MIN = 0.3
# tesseract reads letters of about 30 pixels best: those of a screen at this width.
TESSERACT_WIDTH = 1000
DARK = 110
Engine = Callable[["Image.Image"], list[TextLine]]


def rapidocr_engine() -> tuple[str, Engine]:
    """Rapidocr with the models that come with its wheel, on one thread; and its name with its version."""
    import cv2
    import numpy as np
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    onnx = "EngineConfig.onnxruntime"
    threads = {f"{onnx}.intra_op_num_threads": 1, f"{onnx}.inter_op_num_threads": 1}
    engine: Any = RapidOCR(params={"Global.log_level": "error", **threads})

    def read(image: Image.Image) -> list[TextLine]:
        # OpenCV has blue first.
        found = engine(np.asarray(image)[:, :, ::-1].copy())
        if found.boxes is None:
            return []
        return [
            TextLine(str(text), _box(corners), float(score))
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]

    return f"rapidocr@{version('rapidocr')}", read


def _box(corners: Any) -> Box:
    one, two, three, four = ((round(float(x)), round(float(y))) for x, y in corners)
    return one, two, three, four


def tesseract_engine() -> tuple[str, Engine]:
    """The tesseract of this system with Chinese and English; and its name with its version."""
    said = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    command = ["tesseract", "stdin", "stdout", "-l", "chi_sim+eng", "--psm", "11", "tsv"]

    def read(image: Image.Image) -> list[TextLine]:
        from PIL import ImageOps

        grey = image.convert("L")
        if mean(grey.resize((32, 32)).tobytes()) < DARK:
            grey = ImageOps.invert(grey)
        enlarged = TESSERACT_WIDTH / grey.width
        grey = grey.resize((round(grey.width * enlarged), round(grey.height * enlarged)))
        out = io.BytesIO()
        grey.save(out, "PPM")
        done = subprocess.run(command, input=out.getvalue(), capture_output=True, check=True)
        return _lines_of_table(done.stdout.decode("utf-8", "replace"), enlarged)

    return f"tesseract@{said.stdout.split()[1]}", read


def _lines_of_table(table: str, scale: float) -> list[TextLine]:
    """Words of tesseract's table as lines; one with a wide gap is two: a label and its value."""
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [row for row in rows if row["level"] == "5" and (row["text"] or "").strip()]
    found = []
    for _, row in groupby(words, key=lambda word: (word["block_num"], word["par_num"], word["line_num"])):
        parts: list[list[Mapping[str, Any]]] = []
        for word in row:
            if parts and _gap(parts[-1][-1], word) <= 1.2 * float(word["height"]):
                parts[-1].append(word)
            else:
                parts.append([word])
        found += [_line_of_words(part, scale) for part in parts]
    return found


def _gap(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    return float(other["left"]) - float(one["left"]) - float(one["width"])


def _line_of_words(words: list[Mapping[str, Any]], scale: float) -> TextLine:
    """A blank only where one was seen between what is not Chinese."""
    text = ""
    for place, word in enumerate(words):
        said = word["text"].strip()
        wide = place and _gap(words[place - 1], word) > 0.2 * float(word["height"])
        text += f" {said}" if wide and text[-1].isascii() and said[0].isascii() else said
    left, top = (min(float(word[side]) for word in words) for side in ("left", "top"))
    right = max(float(word["left"]) + float(word["width"]) for word in words)
    bottom = max(float(word["top"]) + float(word["height"]) for word in words)
    box = upright(round(left / scale), round(top / scale), round(right / scale), round(bottom / scale))
    return TextLine(text, box, max(0.0, mean(float(word["conf"]) for word in words) / 100))


def read_picture(opened: Opened, name: str, engine: Engine) -> PictureText:
    """All lines of a picture, in the pixels of its file; a long one is read in pieces that overlap."""
    found: list[TextLine] = []
    for top, own_from, own_to, tile in tiles(opened.image, TILE_HEIGHT, TILE_OVERLAP):
        for line in engine(tile):
            middle = top + sum(y for _, y in line.box) / 4
            if own_from <= middle < own_to and line.confidence >= CONFIDENCE_MIN and line.text.strip():
                found.append(
                    TextLine(line.text[:LINE_MAX], _enlarged(line.box, top, opened.scale), line.confidence)
                )
    return PictureText(
        lines=tuple(found[:LINES_MAX]),
        width=opened.width,
        height=opened.height,
        reader=name,
        metadata=opened.metadata,
    )


def _enlarged(box: Box, top: int, scale: float) -> Box:
    one, two, three, four = ((round(x / scale), round((y + top) / scale)) for x, y in box)
    return one, two, three, four


ENGINES = {"rapidocr": rapidocr_engine, "tesseract": tesseract_engine}
