"""Signer, sealer and asker of outsiders beside a server: processes that come back, and go with us."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from countermand.app import asks_outsiders, signer_socket, signer_state
from countermand.kernel.errors import SetupError
from countermand.settings import Settings

log = structlog.get_logger(__name__)
BESIDE, ELSEWHERE = "beside", "elsewhere"
BACK_OFF_SECONDS_FIRST = 0.5
BACK_OFF_SECONDS_MAX = 30.0
# Who ran this long before it ended did not crash at its start.
STEADY_SECONDS = 60.0
END_SECONDS_MAX = 10.0
# The longest address of a local socket, its last zero byte aside (unix(7)).
SOCKET_BYTES_MAX = 107
# How the settings of outsiders begin.
OUTSIDERS = ("trust_", "witness_", "timestamp_", "anchor_")
_PROGRAM = "from countermand.surfaces.cli.main import main; main()"


@dataclass(slots=True)
class Child:
    """One process, kept running. It holds the read end of a pipe whose other end dies with us."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = field(default=None)

    async def attend(self) -> None:
        """Start it, and again whenever it ends, until cancelled."""
        back_off, loop = BACK_OFF_SECONDS_FIRST, asyncio.get_running_loop()
        while True:
            started = loop.time()
            # Session and group of its own: Ctrl-C at our terminal ends us first, and we end the child.
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _PROGRAM, *self.arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
                env={**os.environ, **self.environment}, start_new_session=True,
            )  # fmt: skip
            code = await self.process.wait()
            if loop.time() - started > STEADY_SECONDS:
                back_off = BACK_OFF_SECONDS_FIRST
            log.warning("log_child_ended", child=self.name, code=code, again_in_seconds=back_off)
            await asyncio.sleep(back_off)
            back_off = min(2 * back_off, BACK_OFF_SECONDS_MAX)

    async def end(self) -> None:
        """Close the pipe, and wait until it has gone."""
        process, self.process = self.process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None, "it was started with a pipe"
        process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def sealing_beside(settings: Settings) -> AsyncIterator[list[Child]]:
    """Keep a signer (unless one is named by its socket), a sealer, and who asks outsiders, while inside."""
    if settings.log_sealing not in (BESIDE, ELSEWHERE):
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_LOG_SEALING must be {BESIDE} or {ELSEWHERE}, not {settings.log_sealing!r}.",
            f"COUNTERMAND_LOG_SEALING 应为 {BESIDE} 或 {ELSEWHERE}，而不是 {settings.log_sealing!r}。",
            variable="COUNTERMAND_LOG_SEALING",
        )
    if settings.log_sealing == ELSEWHERE:
        yield []
        return
    async with AsyncExitStack() as stack:
        children = []
        socket = signer_socket(settings)
        if settings.log_signer_socket is None:
            if len(os.fsencode(socket)) > SOCKET_BYTES_MAX:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="countermand-"))
                socket = Path(folder) / "socket"
            where = ("--socket", str(socket), "--state", str(signer_state(settings)))
            signer = Child("signer", ("log", "sign", "--attended", *where), _environment(settings))
            children.append(await stack.enter_async_context(_kept(signer)))
        told = {**_environment(settings), "COUNTERMAND_LOG_SIGNER_SOCKET": str(socket)}
        arguments = ("log", "seal", "--attended", "--data-dir", str(settings.data_dir))
        children.append(await stack.enter_async_context(_kept(Child("sealer", arguments, told))))
        if asks_outsiders(settings):
            arguments = ("log", "ask", "--attended", "--data-dir", str(settings.data_dir))
            outside = {**_environment(settings), **_outsiders(settings)}
            children.append(await stack.enter_async_context(_kept(Child("asker", arguments, outside))))
        yield children


def _outsiders(settings: Settings) -> dict[str, str]:
    """The settings of whom the log is shown to, as the environment has them."""
    names = [name for name in type(settings).__slots__ if name.startswith(OUTSIDERS)]
    found = {name: getattr(settings, name) for name in names}
    return {f"COUNTERMAND_{name.upper()}": str(value) for name, value in found.items() if value is not None}


@asynccontextmanager
async def _kept(child: Child) -> AsyncIterator[Child]:
    task = asyncio.create_task(child.attend(), name=f"countermand log {child.name}")
    try:
        yield child
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await child.end()


def _environment(settings: Settings) -> dict[str, str]:
    given = {"COUNTERMAND_LOG_LEVEL": settings.log_level, "COUNTERMAND_LOG_ORIGIN": settings.log_origin}
    if settings.database_url is not None:
        given["COUNTERMAND_DATABASE_URL"] = settings.database_url
    return given
