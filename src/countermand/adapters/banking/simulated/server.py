"""The simulated bank's own HTTP server: the contract of core banking, and a switch for misbehaviour."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countermand.adapters.banking.signing import signature_fault
from countermand.adapters.banking.simulated.bank import SimulatedBank
from countermand.adapters.banking.simulated.mischief import Mischief, Moods
from countermand.kernel.clock import Clock
from countermand.kernel.errors import Conflict
from countermand.vocabulary.banking import BankAnswer, BankOutcome, Instruction

BODY_BYTES_MAX = 64 * 1024
ENTRIES_MAX = 1000
LATE_SECONDS = 3.0
_INSTRUCTION = msgspec.json.Decoder(Instruction)
_ENCODE = msgspec.json.Encoder().encode


class BankServer(ThreadingHTTPServer):
    """Serves one bank until it is shut down."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        bank: SimulatedBank,
        keys: Callable[[], dict[str, Ed25519PublicKey]],
        clock: Clock,
        *,
        late_seconds: float = LATE_SECONDS,
    ) -> None:
        self.bank, self.keys, self.clock = bank, keys, clock
        self.late_seconds = late_seconds
        self.moods = Moods()
        super().__init__(address, _Desk)

    def server_bind(self) -> None:
        """Without the look-up of the machine's own name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hung up has hung up."""


class _Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BankServer

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/health":
            self._say(200, {"ok": True})
        elif self._is_signed(b""):
            if path.path == "/v1/entries":
                asked = parse_qs(path.query)
                after, count = int(asked["after"][0]), min(int(asked["count"][0]), ENTRIES_MAX)
                self._say(200, {"entries": self.server.bank.listed(after, count)})
                return
            found = self.server.bank.known(self._key(path.path))
            self._say(404, {"code": "unknown_key"}) if found is None else self._say(200, found)

    def do_PUT(self) -> None:
        body = self._body()
        if body is None or not self._is_signed(body):
            return
        try:
            asked = _INSTRUCTION.decode(body)
            if asked.key != self._key(urlsplit(self.path).path):
                raise msgspec.ValidationError("the key in the path is another one")
        except msgspec.MsgspecError as error:
            self._say(400, {"code": "malformed", "detail": str(error)})
            return
        self._treat(asked, self.server.moods.next())

    def do_POST(self) -> None:
        """`/mischief`: how to treat the next instructions. Not part of the contract, and not signed."""
        body = self._body()
        if body is None or self.path != "/mischief":
            self._say(404, {"code": "unknown_path"})
            return
        asked = msgspec.json.decode(body)
        if asked.get("calm"):
            self.server.moods.calm()
        else:
            self.server.moods.ask_for(Mischief(asked["mischief"]), int(asked.get("times", 1)))
        self._say(200, {"ok": True})

    def _treat(self, asked: Instruction, mood: Mischief | None) -> None:
        if mood is Mischief.DOWN:
            self._say(503, {"code": "down"})
            return
        if mood is Mischief.DIES_BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        if mood is Mischief.CLAIMS:
            self._say(200, _claim(asked))
            return
        try:
            answer = self.server.bank.do(asked)
        except Conflict as refusal:
            self._say(409, {"code": refusal.code, "detail": refusal.text.en})
            return
        if mood is Mischief.DIES_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        if mood is Mischief.HANGS_UP:
            self.close_connection = True
            return
        if mood is Mischief.LATE:
            time.sleep(self.server.late_seconds)
        if mood is Mischief.LIES:
            terms = msgspec.structs.replace(answer.terms, amount_minor=(answer.terms.amount_minor or 0) + 1)
            answer = msgspec.structs.replace(answer, terms=terms)
        self._say(200, answer)
        if mood is Mischief.TWICE:
            self._say(200, answer)

    def _is_signed(self, body: bytes) -> bool:
        authorization = self.headers.get("authorization", "")
        fault = signature_fault(
            authorization.removeprefix("Bearer "),
            self.server.keys(),
            self.command,
            self.path,
            body,
            self.server.clock.now(),
        )
        if fault is not None:
            self._say(401, {"code": "not_signed", "detail": fault})
        return fault is None

    def _body(self) -> bytes | None:
        length = int(self.headers.get("content-length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self._say(413, {"code": "too_large"})
            return None
        return self.rfile.read(length)

    def _key(self, path: str) -> str:
        return unquote(path.removeprefix("/v1/instructions/"))

    def _say(self, status: int, value: Any) -> None:
        body = _ENCODE(value)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {self.headers.get('x-request-id', '')}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Nothing: a request line holds keys of operations."""


def _claim(asked: Instruction) -> BankAnswer:
    """The answer of a bank that has done nothing and says otherwise."""
    return BankAnswer(
        key=asked.key, action=asked.action, outcome=BankOutcome.DONE, terms=asked.terms, reference="L0"
    )
