"""Templates to pages: escaped by default, in one language, with times in the institution's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from countermand.cases.clock_words import left_said
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.surfaces.web.assets import address
from countermand.surfaces.web.words import said

HTML_LANGUAGE = {"en": "en", "zh": "zh-CN"}


def render(template: str, language: str, timezone: str, values: dict[str, Any]) -> bytes:
    """The page; `t(key, **values)` says a text.

    Filters: `moment`, `day`, `clock`, `iso`, `left` of microseconds UTC (`micros` reads RFC 3339), `money`,
    `told`; `quoted`: as one segment of a path, or one value of a query, slashes and all.
    Raises jinja2.TemplateError where the template asks for what it was not given: a defect, never input.
    """
    page = _environment(language, timezone).get_template(template)
    return page.render(language=language, html_language=HTML_LANGUAGE[language], **values).encode()


@cache
def _environment(language: str, timezone: str) -> Environment:
    made = Environment(
        loader=PackageLoader("countermand.surfaces.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    zone = ZoneInfo(timezone)
    made.globals["t"] = lambda key, **values: said(key, language, **values)
    made.filters["told"] = partial(_told, language=language)
    made.filters["moment"] = lambda at: _local(at, zone).strftime("%Y-%m-%d %H:%M")
    made.filters["day"] = lambda at: _local(at, zone).strftime("%Y-%m-%d")
    made.filters["clock"] = lambda at: _local(at, zone).strftime("%H:%M:%S")
    made.filters["iso"] = lambda at: _local(at, zone).isoformat(timespec="seconds")
    made.filters["money"] = lambda minor, currency: money_texts(minor, currency)[language == "zh"]
    made.filters["asset"] = address
    made.filters["micros"] = lambda text: micros_of(datetime.fromisoformat(text))
    made.filters["quoted"] = partial(quote, safe="")
    made.filters["left"] = lambda until, now: _told(left_said(until - now), language=language)
    return made


def _told(text: Text | Mapping[str, str], language: str) -> str:
    """A text of both languages, in this one."""
    return str(text[language] if isinstance(text, Mapping) else getattr(text, language))


def _local(at: int | str, zone: ZoneInfo) -> datetime:
    """An instant in microseconds since the epoch, or as RFC 3339, as the wall clock of the institution."""
    return (datetime.fromisoformat(at) if isinstance(at, str) else moment_of(at)).astimezone(zone)
