"""A circuit breaker: after so many failures in a row nobody is kept waiting for what does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

FAILURES_MAX = 5
OPEN_SECONDS = 10.0


@dataclass(slots=True)
class Breaker:
    """Closed: all pass. Open: none pass. After a while one may try, and its success closes it again."""

    failures_max: int = FAILURES_MAX
    open_seconds: float = OPEN_SECONDS
    now: Callable[[], float] = monotonic
    failures: int = 0
    _opened_at: float | None = None
    _trying: bool = False

    def admit(self) -> bool:
        """Whether to try; who is admitted says afterwards how it went."""
        if self._opened_at is None:
            return True
        if self._trying or self.now() - self._opened_at < self.open_seconds:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """It answered."""
        self.failures, self._opened_at, self._trying = 0, None, False

    def failed(self) -> None:
        """It did not."""
        self.failures += 1
        if self._trying or self.failures >= self.failures_max:
            self._opened_at, self._trying = self.now(), False
