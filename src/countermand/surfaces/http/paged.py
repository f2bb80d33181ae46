"""The pages that stand beside the JSON routes, as the door sees them: their routes, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from countermand.kernel.errors import CountermandError

Refuse = Callable[[Request[Any, Any, Any], CountermandError], Response[bytes]]


def never(_: Request[Any, Any, Any], error: CountermandError) -> Response[bytes]:
    """A door without pages refuses nothing with one."""
    raise AssertionError("there are no pages") from error


@dataclass(frozen=True, slots=True)
class Pages:
    """Page routes, each with `page` in its options, and the page that says why not."""

    handlers: tuple[HTTPRouteHandler, ...] = ()
    refuse: Refuse = never

    def shown_to(self, request: Request[Any, Any, Any]) -> bool:
        """Whether a person reads the answer: at a page's route, or with a browser at an unknown one."""
        found: Mapping[str, Any] = request.scope
        if "route_handler" in found:
            return bool(found["route_handler"].opt.get("page"))
        browses = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        return bool(self.handlers) and browses
