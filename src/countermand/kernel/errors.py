"""Every refusal a caller can cause: one tree, a stable code, a text in both languages.

    CountermandError
    ├── BadRequest      the request can never succeed as it stands          HTTP 400
    ├── Unauthenticated no key, or a key we do not know                     HTTP 401
    ├── Forbidden       a known key without the scope                       HTTP 403
    ├── NotFound        no such thing                                       HTTP 404
    ├── Conflict        it contradicts what was recorded                    HTTP 409
    ├── TooLarge        the body is over the limit                          HTTP 413
    ├── TooMany         too often in a short time                           HTTP 429
    ├── Unavailable     not now, nothing was recorded, the retry is safe    HTTP 503
    ├── PolicyError     a policy folder that must not decide anything       HTTP 422
    └── SetupError      the installation cannot run as it is                (no HTTP)
        └── KeyMissing  what one lost key sealed; the rest runs             HTTP 503

The HTTP status of each branch stands on its class and nowhere else.
"""

from __future__ import annotations

from typing import Any, ClassVar

from countermand.kernel.text import Text


class CountermandError(Exception):
    """The root: `code` is stable for programs, `text` is for people, `details` are JSON values.

    Details never hold a secret.
    """

    http_status: ClassVar[int] = 500

    def __init__(self, code: str, en: str, zh: str, **details: Any) -> None:
        self.code = code
        self.text = Text(en=en, zh=zh)
        self.details = details
        super().__init__(f"{code}: {en}")

    def __reduce__(self) -> tuple[Any, ...]:
        """A refusal found in another process comes back whole."""
        return _again, (type(self), self.code, self.text.en, self.text.zh, self.details)


def _again(kind: type[CountermandError], code: str, en: str, zh: str, details: dict[str, Any]) -> Any:
    return kind(code, en, zh, **details)


class BadRequest(CountermandError):
    """The request can never succeed as it stands."""

    http_status = 400


class Unauthenticated(CountermandError):
    """No key, or a key that is unknown or revoked."""

    http_status = 401


class Forbidden(CountermandError):
    """A known key that lacks the scope."""

    http_status = 403


class NotFound(CountermandError):
    """There is no such thing."""

    http_status = 404


class Conflict(CountermandError):
    """The request contradicts what was recorded."""

    http_status = 409


class TooLarge(CountermandError):
    """The body is over the stated limit."""

    http_status = 413


class TooMany(CountermandError):
    """Too often in a short time; the details say after how many seconds to come back."""

    http_status = 429


class PolicyError(CountermandError):
    """A policy folder that must not decide anything."""

    http_status = 422


class Unavailable(CountermandError):
    """Not now: nothing was recorded, and sending the same request again is safe."""

    http_status = 503


class SetupError(CountermandError):
    """The installation cannot run as it is; the text says what to do."""


class KeyMissing(SetupError):
    """A key is not the one that sealed: what it sealed waits until that one is back, the rest goes on."""

    http_status = 503
