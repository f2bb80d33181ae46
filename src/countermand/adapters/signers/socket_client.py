"""Calling the signer at its socket: a line out, a line back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from countermand.adapters.signers.socket_server import hang_up
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.signing import LINE_BYTES_MAX, Ask, Reply

_DECODER: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
ANSWER_SECONDS_MAX = 10.0


class SignerSocket:
    """Implements `flows.seal_log.SignerPort`; a connection that broke is made anew at the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, ask: Ask) -> Reply:
        """The signer's answer. Raises Unavailable `signer_away`; asking the same again is safe."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                if self._streams is None:
                    connecting = asyncio.open_unix_connection(str(self._path), limit=LINE_BYTES_MAX)
                    self._streams = await connecting
                reader, writer = self._streams
                writer.write(msgspec.json.encode(ask) + b"\n")
                await writer.drain()
                line = await reader.readline()
            if not line.endswith(b"\n"):
                raise ConnectionError("the signer hung up")
            return _DECODER.decode(line)
        except (OSError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
            await self.close()
            raise Unavailable(
                "signer_away",
                f"The log's signer does not answer at {self._path}: {type(error).__name__}.",
                f"日志签名程序在 {self._path} 无应答：{type(error).__name__}。",
            ) from error

    async def close(self) -> None:
        """Hang up."""
        streams, self._streams = self._streams, None
        if streams is not None:
            await hang_up(streams[1])
