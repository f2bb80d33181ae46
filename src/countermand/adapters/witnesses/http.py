"""A witness over HTTP (C2SP tlog-witness), ours or anybody's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence

import httpx

from countermand.kernel.errors import Conflict, Unavailable
from countermand.transparency.notes import NOTE_BYTES_MAX, Note, NoteError, VerifierKey, parse_note
from countermand.transparency.witness import AddCheckpoint, cosignatures_in, origin_hash
from countermand.transparency.witness_ports import Cosigned, Elsewhere

WORDS_MAX = 200
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class HttpWitness:
    """Implements `Witness`. Every cosignature is verified before it is handed on."""

    def __init__(
        self, address: str, keys: Collection[VerifierKey], client: httpx.AsyncClient, *, seconds_max: float
    ) -> None:
        self._address, self.keys = address.rstrip("/"), tuple(keys)
        self._client, self._seconds_max = client, seconds_max

    async def add(self, old: int, proof: Sequence[bytes], note: Note) -> Cosigned | Elsewhere:
        """Ask for cosignatures.

        Raises Unavailable (`witness_away`); Conflict: `witness_refuses` (400, 403, 404, 422 of the protocol),
        `witness_lies` (an answer that its keys did not make).
        """
        body = str(AddCheckpoint(old, tuple(proof), note)).encode()
        status, answer = await self._ask("POST", "/add-checkpoint", body)
        if status == 200:
            try:
                return Cosigned(cosignatures_in(answer, note.text, self.keys))
            except NoteError as error:
                raise _lies(str(error)) from error
        if status == 409:
            size = _SIZE.fullmatch(answer)
            if size is None:
                raise _lies("a conflict without a size")
            return Elsewhere(int(size[1]))
        if status in (400, 403, 404, 422):
            raise _refuses(status, answer)
        raise witness_away(f"status {status}")

    async def latest(self, origin: str) -> Note | None:
        """What it shows of a log, unverified. Raises Unavailable (`witness_away`), Conflict."""
        status, answer = await self._ask("GET", f"/{origin_hash(origin)}/checkpoint")
        if status == 404:
            return None
        if status != 200:
            raise witness_away(f"status {status}")
        try:
            return parse_note(answer)
        except NoteError as error:
            raise _lies(str(error)) from error

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        answer = bytearray()
        try:
            async with (
                asyncio.timeout(self._seconds_max),
                self._client.stream(method, f"{self._address}{path}", content=body) as response,
            ):
                async for part in response.aiter_bytes():
                    answer += part
                    if len(answer) > NOTE_BYTES_MAX:
                        raise _lies("an answer without end")
        except (httpx.HTTPError, TimeoutError) as error:
            raise witness_away(type(error).__name__) from error
        return response.status_code, bytes(answer)


def witness_away(what: str) -> Unavailable:
    """The refusal while a witness does not answer; it is asked again in the next round."""
    return Unavailable("witness_away", f"The witness does not answer: {what}.", f"见证方未应答：{what}。")


def _refuses(status: int, answer: bytes) -> Conflict:
    said = f"{status} {answer[:WORDS_MAX].decode(errors='replace').strip()}"
    return Conflict(
        "witness_refuses", f"The witness refuses our checkpoint: {said}", f"见证方拒绝了我方检查点：{said}"
    )


def _lies(what: str) -> Conflict:
    return Conflict(
        "witness_lies", f"The witness's answer does not hold: {what}.", f"见证方的应答未通过核验：{what}。"
    )
