"""The reading process: pictures in, lines out; it reads strangers' files, so it is given nothing else."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import BinaryIO

from countermand.adapters.ocr.engines import ENGINES, read_picture
from countermand.adapters.ocr.frames import ENCODE, Answer, Asked, read_frame, refusal_of, write_frame
from countermand.adapters.ocr.pictures import open_picture
from countermand.extensions import image_unreadable
from countermand.kernel.errors import CountermandError

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, linux/prctl.h


def main(arguments: list[str]) -> int:
    """`python -m countermand.adapters.ocr ENGINE MEMORY_BYTES`; ends with its parent, or with its input."""
    engine_name, memory = arguments[0], int(arguments[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    name, engine = ENGINES[engine_name]()
    pictures: BinaryIO = sys.stdin.buffer
    while (frame := read_frame(pictures)) is not None:
        asked = Asked.read(frame)
        try:
            read = read_picture(open_picture(asked.image), name, engine)
            answer = Answer(read=read)
        except CountermandError as error:
            answer = refusal_of(error)
        except Exception as error:  # noqa: BLE001 - whatever a picture does to a library, it is unreadable
            answer = refusal_of(image_unreadable(type(error).__name__))
        write_frame(answers, ENCODE(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
