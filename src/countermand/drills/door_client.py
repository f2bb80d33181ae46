"""A caller of the HTTP door, as an institution's system is one: standard library only, one connection."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

TIMEOUT_SECONDS = 30.0


class DoorClient:
    """Speaks JSON with one server under one key; it blocks, so in the server's process it needs a thread."""

    def __init__(self, address: str, key: str) -> None:
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_SECONDS)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send one request; its status and body. A connection closed meanwhile is opened again, once."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            return self._once(method, path, data)
        except (HTTPException, ConnectionError):
            self._connection.close()
            return self._once(method, path, data)

    def decide(self, operation: dict[str, Any]) -> tuple[int, bytes]:
        """Send an operation to be decided."""
        return self.call("POST", "/v1/operations", operation)

    def account(self, account: str, rest: str = "") -> str:
        """The path of an account."""
        return f"/v1/accounts/{quote(account, safe='')}{rest}"

    def _once(self, method: str, path: str, data: bytes | None) -> tuple[int, bytes]:
        self._connection.request(method, path, data, self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()
