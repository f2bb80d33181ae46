"""Signer, sealer and asker of outsiders beside a server: processes that come back, and go with us."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from countermand.app import asks_outsiders, signer_socket, signer_state
from countermand.kernel.errors import SetupError
from countermand.settings import Settings
from countermand.surfaces.children import Child, Patience, kept

BESIDE, ELSEWHERE = "beside", "elsewhere"
PATIENCE = Patience(first_seconds=0.5, seconds_max=30.0, steady_seconds=60.0)
# The longest address of a local socket, its last zero byte aside (unix(7)).
SOCKET_BYTES_MAX = 107
# How the settings of outsiders begin.
OUTSIDERS = ("trust_", "witness_", "timestamp_", "anchor_")


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
            signer = Child("signer", ("log", "sign", "--attended", *where), _environment(settings), PATIENCE)
            children.append(await stack.enter_async_context(kept(signer)))
        told = {**_environment(settings), "COUNTERMAND_LOG_SIGNER_SOCKET": str(socket)}
        arguments = ("log", "seal", "--attended", "--data-dir", str(settings.data_dir))
        children.append(await stack.enter_async_context(kept(Child("sealer", arguments, told, PATIENCE))))
        if asks_outsiders(settings):
            arguments = ("log", "ask", "--attended", "--data-dir", str(settings.data_dir))
            outside = {**_environment(settings), **_outsiders(settings)}
            children.append(
                await stack.enter_async_context(kept(Child("asker", arguments, outside, PATIENCE)))
            )
        yield children


def _outsiders(settings: Settings) -> dict[str, str]:
    """The settings of whom the log is shown to, as the environment has them."""
    names = [name for name in type(settings).__slots__ if name.startswith(OUTSIDERS)]
    found = {name: getattr(settings, name) for name in names}
    return {f"COUNTERMAND_{name.upper()}": str(value) for name, value in found.items() if value is not None}


def _environment(settings: Settings) -> dict[str, str]:
    given = {"COUNTERMAND_LOG_LEVEL": settings.log_level, "COUNTERMAND_LOG_ORIGIN": settings.log_origin}
    if settings.database_url is not None:
        given["COUNTERMAND_DATABASE_URL"] = settings.database_url
    return given
