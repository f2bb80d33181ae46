"""Files of a command: what it reads (a dash is standard input), and what it writes."""

from __future__ import annotations

import sys
from pathlib import Path

from countermand.kernel.errors import BadRequest

INPUT_BYTES_MAX = 1024 * 1024


def read_input(file: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises BadRequest (`unreadable_file`, `file_too_large`).
    """
    try:
        if file == "-":
            data = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(INPUT_BYTES_MAX + 1)
    except OSError as error:
        raise BadRequest(
            "unreadable_file",
            f"The file {file} cannot be read: {error.strerror}.",
            f"无法读取文件 {file}：{error.strerror}。",
            file=file,
        ) from None
    if len(data) > INPUT_BYTES_MAX:
        raise BadRequest(
            "file_too_large",
            f"The file {file} is larger than {INPUT_BYTES_MAX:,} bytes.",
            f"文件 {file} 超过 {INPUT_BYTES_MAX:,} 字节。",
            file=file,
        )
    return data


def write_output(file: Path, content: bytes) -> None:
    """Write a file, its folder too. Raises BadRequest (`unwritable_file`)."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise BadRequest(
            "unwritable_file",
            f"The file {file} cannot be written: {error.strerror}.",
            f"无法写入文件 {file}：{error.strerror}。",
            file=str(file),
        ) from None
