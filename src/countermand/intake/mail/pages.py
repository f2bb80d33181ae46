"""Text from HTML, as somebody sees it: no scripts, nothing hidden, quotations marked as such."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import nh3

PAGE_CHARACTERS_MAX = 2_000_000
# Deeper than any program builds; the time to tidy a page grows with the square of its depth.
DEPTH_MAX = 2_000
_DROPPED = {"script", "style", "head", "title", "template", "svg", "math", "iframe", "object", "noscript"}
_BLOCKS = {
    *("p", "div", "tr", "li", "ul", "ol", "table", "section", "article", "header", "footer", "pre", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dl", "dt", "dd", "center", "form", "address"),
}
_KEPT = _BLOCKS | {
    "br",
    "td",
    "th",
    "a",
    "b",
    "i",
    "u",
    "span",
    "font",
    "strong",
    "em",
    "img",
    "tbody",
    "thead",
}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
    r"|mso-hide\s*:\s*all|max-height\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_QUOTING = re.compile(r"gmail_quote|isreplycontent|origbody|moz-cite|yahoo_quoted|gmail_attr", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z]{1,20})")
_VOID = {"br", "hr", "img"}


def page_text(html: str) -> str:
    r"""What a person sees of a page. The page is first made well-formed (ammonia, linear time).

    >>> page_text("<p>不是<b>我</b></p><div style='display:none'>是我</div><blockquote>原话</blockquote>")
    '不是我\n> 原话'
    """
    if _depth(html) > DEPTH_MAX:
        return _bare(html[:PAGE_CHARACTERS_MAX])
    attributes = {"*": {"style", "class", "id", "hidden"}, "a": {"href"}}
    tidy = nh3.clean(
        html[:PAGE_CHARACTERS_MAX],
        tags=_KEPT,
        clean_content_tags=_DROPPED,
        attributes=attributes,
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(tidy)
    reader.close()
    return reader.text()


def _depth(html: str) -> int:
    """How deep its boxes may be nested at most, told without building them."""
    depth = deepest = 0
    for tag in _TAG.finditer(html, 0, PAGE_CHARACTERS_MAX):
        depth = max(0, depth - 1) if tag[1] else depth + (tag[2].lower() not in _VOID)
        deepest = max(deepest, depth)
    return deepest


def _bare(html: str) -> str:
    """What is left of a page without anything that may be a tag; what is hidden shows in it."""
    text = unescape(re.sub(r"<[^<>]{0,5000}>", "\n", html))
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[list[str]] = [[]]
        # One entry an open element: whether it hides, whether it quotes, and where it links to.
        self._open: list[tuple[str, bool, bool, str]] = []
        self._hiding = self._quoting = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS or tag == "br":
            self._break()
        elif tag in {"td", "th"} and self._lines[-1]:
            self._say("\t")
        if tag in _VOID:
            return
        hides = "hidden" in given or bool(_HIDDEN.search(given.get("style", "")))
        quotes = tag == "blockquote" or bool(_QUOTING.search(f"{given.get('class')} {given.get('id')}"))
        self._open.append((tag, hides, quotes, given.get("href", "") if tag == "a" else ""))
        self._hiding += hides
        self._quoting += quotes

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._break()
        if self._open and self._open[-1][0] == tag:
            _, hides, quotes, link = self._open.pop()
            if link.startswith(("http://", "https://")) and link not in "".join(self._lines[-1]):
                self._say(f" <{link[:500]}>")
            self._hiding -= hides
            self._quoting -= quotes

    def handle_data(self, data: str) -> None:
        self._say(re.sub(r"\s+", " ", data))

    def _say(self, words: str) -> None:
        if not self._hiding and (words.strip() or self._lines[-1]):
            if self._quoting and not self._lines[-1]:
                self._lines[-1].append("> ")
            self._lines[-1].append(words)

    def _break(self) -> None:
        if self._lines[-1]:
            self._lines.append([])

    def text(self) -> str:
        lines = ["".join(parts).replace("\u00a0", " ").strip() for parts in self._lines]
        return "\n".join(line for line in lines if line not in ("", ">"))
