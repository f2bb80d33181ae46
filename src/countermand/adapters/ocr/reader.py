"""A reader in a process of its own: started on demand, ended when idle, bounded, killed when stuck."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec

import structlog

from countermand.adapters.ocr.frames import ANSWERS, ENCODE, Answer, Asked, framed, next_frame
from countermand.adapters.ocr.pictures import BYTES_MAX
from countermand.extensions import image_too_large, image_unreadable, ocr_absent, reader_busy, reader_stuck
from countermand.kernel.errors import BadRequest, CountermandError, TooLarge
from countermand.vocabulary.pictures import PICTURES, PictureText

log = structlog.get_logger(__name__)
# Address space, of which the models and a long picture need 0.7 GB resident.
MEMORY_BYTES_MAX = 3 * 1024**3
SECONDS_MAX, IDLE_SECONDS_MAX = 20.0, 60.0
# Whoever comes while so many wait is told to come again: a flood of pictures is no queue of hours.
WAITING_MAX = 4
# A process that reads strangers' pictures is given no key, no address and no secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TESSDATA_PREFIX", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_REFUSALS: dict[str, type[CountermandError]] = {"BadRequest": BadRequest, "TooLarge": TooLarge}


def is_installed(engine: str) -> bool:
    """Whether an engine is here: rapidocr a package, tesseract a program; both open pictures by Pillow."""
    if find_spec("PIL") is None:
        return False
    if engine == "tesseract":
        return shutil.which("tesseract") is not None
    return all(find_spec(one) is not None for one in ("rapidocr", "onnxruntime", "cv2"))


@dataclass(slots=True)
class ProcessReader:
    """`engine` is rapidocr or tesseract. One picture at a time; `seconds_max` counts the start too.

    `program` is what is started, with the engine and the limit of its memory behind it.
    """

    engine: str
    seconds_max: float = SECONDS_MAX
    idle_seconds_max: float = IDLE_SECONDS_MAX
    memory_bytes_max: int = MEMORY_BYTES_MAX
    program: tuple[str, ...] = (sys.executable, "-m", "countermand.adapters.ocr")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _process: asyncio.subprocess.Process | None = None
    _waiting: int = 0
    _idle: asyncio.TimerHandle | None = None

    async def read(self, image: bytes, media_type: str) -> PictureText:
        """The lines of a picture.

        Raises Unavailable (`ocr_absent`, `reader_stuck`, `reader_busy`), BadRequest (`image_unreadable`),
        TooLarge (`image_too_large`).
        """
        if media_type not in PICTURES:
            raise image_unreadable(media_type)
        if len(image) > BYTES_MAX:
            raise image_too_large(f"{len(image)} bytes")
        if not is_installed(self.engine):
            raise ocr_absent(self.engine)
        if self._waiting >= WAITING_MAX:
            raise reader_busy(self._waiting)
        self._waiting += 1
        try:
            async with self._turn:
                answer = await self._answer(image)
        finally:
            self._waiting -= 1
        if answer.read is None:
            raise _REFUSALS.get(answer.refused or "", BadRequest)(answer.error, answer.en, answer.zh)
        return answer.read

    async def close(self) -> None:
        """End the process, if there is one."""
        self._rest()
        await self._end()

    async def _answer(self, image: bytes) -> Answer:
        """What the process says; whatever goes wrong with it, or when nobody waits any more, it is killed."""
        self._rest()
        try:
            async with asyncio.timeout(self.seconds_max):
                process = await self._started()
                assert process.stdin is not None, "the process has an end to write to"
                assert process.stdout is not None, "and one to read from"
                process.stdin.write(framed(ENCODE(Asked(image))))
                await process.stdin.drain()
                answer = ANSWERS.decode(await next_frame(process.stdout))
        except TimeoutError:
            await self._end()
            raise reader_stuck(f"no answer in {self.seconds_max:g} s") from None
        except (OSError, EOFError, ValueError) as error:
            await self._end()
            log.warning("reading_process_ended", engine=self.engine, error=type(error).__name__)
            raise reader_stuck("its process ended") from None
        except BaseException:
            await self._end()
            raise
        self._idle = asyncio.get_running_loop().call_later(self.idle_seconds_max, self._kill)
        return answer

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        environment = {name: value for name in _ENVIRONMENT if (value := os.environ.get(name)) is not None}
        self._process = await asyncio.create_subprocess_exec(
            *self.program, self.engine, str(self.memory_bytes_max),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**environment, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )  # fmt: skip
        return self._process

    def _rest(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _kill(self) -> None:
        """End the process and whatever it started; its group is its own."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._process = process
        self._kill()
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.shield(process.wait())
