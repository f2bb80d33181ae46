"""What a command prints: one JSON value for programs, or lines and tables for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from countermand.kernel.errors import CountermandError
from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import Speech, current_speech


def answer(value: Any, *lines: Text | str) -> None:
    """The value as JSON where that was asked for, else the lines."""
    speech = current_speech()
    if speech.as_json:
        click.echo(msgspec.json.encode(value).decode())
        return
    for line in lines:
        click.echo(line if isinstance(line, str) else speech.say(line))


def answer_table(value: Any, titles: Sequence[Text], rows: Sequence[Sequence[Any]], empty: Text) -> None:
    """The value as JSON where that was asked for, else a table, or a sentence where there is no row."""
    speech = current_speech()
    if speech.as_json or not rows:
        answer(value, empty)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(speech.say(title), overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    # A file or a pipe has no width; cutting its lines would lose what they say.
    Console(width=None if sys.stdout.isatty() else 240, highlight=False, markup=False).print(table)


def notice(text: Text) -> None:
    """A remark beside the answer: to people only, and never in the way of the answer."""
    speech = current_speech()
    if not speech.as_json:
        click.echo(speech.say(text), err=True)


def tell_refusal(refusal: CountermandError, speech: Speech) -> None:
    """A refusal on standard error: its text, its findings one a line; or all of it as JSON."""
    if speech.as_json:
        problem = {"code": refusal.code, "text": refusal.text, "details": refusal.details}
        click.echo(msgspec.json.encode({"error": problem}, enc_hook=str).decode(), err=True)
        return
    head = Text(en="Refused", zh="已拒绝") if refusal.http_status != _UNSAID else Text(en="Error", zh="错误")
    colon = "：" if speech.language == "zh" else ": "
    click.echo(f"{speech.say(head)}{colon}{speech.say(refusal.text)} [{refusal.code}]", err=True)
    for finding in refusal.details.get("findings", ()):
        click.echo(f"  {finding_line(finding, speech)}", err=True)


WARNING, REMARK = Text(en="warning: ", zh="警告："), Text(en="remark: ", zh="提示：")


def finding_line(finding: dict[str, Any], speech: Speech, kind: Text | None = None) -> str:
    """One finding of a policy, as editors understand it: file:line:column; `kind` says that it is less."""
    place = f"{finding['file']}:{finding['line']}:{finding['column']}"
    said = "" if kind is None else speech.say(kind)
    return f"{place}: {said}{finding['text'][speech.language]} [{finding['code']}]"


_UNSAID = CountermandError.http_status
