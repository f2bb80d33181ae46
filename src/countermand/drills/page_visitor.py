"""Somebody with a browser, as far as pages go: cookies, forms of our pages, and nothing else; it blocks."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30.0
AGENT = "Mozilla/5.0 (countermand demo)"
_CSRF = re.compile(r'name="csrf"[^>]*?(?:value|content)="([^"]*)"')
_FORM = "application/x-www-form-urlencoded"
_MOVED = (302, 303)
_MOVES_MAX = 4


class Answered(NamedTuple):
    """What a page answered; `path` is where it was in the end."""

    status: int
    text: str
    path: str


class PageVisitor:
    """Speaks with one server; `language` is `en` or `zh`."""

    def __init__(self, address: str, language: str) -> None:
        self._address = address
        self._parts = urlsplit(address)
        self._cookies: dict[str, str] = {"language": language}

    def get(self, path: str) -> Answered:
        """A page, and wherever it leads."""
        return self._followed("GET", path, None)

    def post(self, path: str, fields: dict[str, str]) -> Answered:
        """A form of ours, and where its answer leads."""
        return self._followed("POST", path, urlencode(fields))

    def press(self, page: str, action: str, fields: dict[str, str]) -> Answered:
        """Open a page and send a form that stands on it, with its token."""
        shown = self.get(page)
        token = _CSRF.search(shown.text)
        return self.post(action, fields if token is None else {"csrf": token[1], **fields})

    def _followed(self, method: str, path: str, body: str | None) -> Answered:
        for _ in range(_MOVES_MAX):
            status, text, location = self._once(method, path, body)
            if status not in _MOVED or location is None:
                return Answered(status, text, path)
            method, path, body = "GET", location, None
        raise AssertionError(f"{path} leads in a circle")

    def _once(self, method: str, path: str, body: str | None) -> tuple[int, str, str | None]:
        host = self._parts.hostname or "127.0.0.1"
        connection = HTTPConnection(host, self._parts.port, timeout=TIMEOUT_SECONDS)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"user-agent": AGENT, "accept": "text/html", "cookie": cookies}
        if body is not None:
            headers |= {"content-type": _FORM, "origin": self._address, "sec-fetch-site": "same-origin"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("set-cookie") or []:
                self._cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
            content = response.read().decode("utf-8", "replace")
            return response.status, content, response.headers.get("location")
        finally:
            connection.close()
