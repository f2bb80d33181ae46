"""Commands and options whose help speaks two languages, on top of click's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import click

from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import current_speech, speech_of

_HEADINGS = {"Options": "选项", "Commands": "命令", "Usage: ": "用法："}
_HELP = Text(en="Show this help and exit.", zh="显示本帮助并退出。")


class _Formatter(click.HelpFormatter):
    """Click's layout with its few own words in the reader's language."""

    def _word(self, word: str) -> str:
        return _HEADINGS.get(word, word) if current_speech().language == "zh" else word

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, self._word("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._word(heading))


class Context(click.Context):
    """A run of a command."""

    formatter_class = _Formatter


class Option(click.Option):
    """An option with its help in both languages."""

    def __init__(self, *args: Any, text: Text, **attributes: Any) -> None:
        super().__init__(*args, **{**attributes, "help": text.en})
        self.text = text

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """What the help shows, in the reader's language."""
        self.help = speech_of(ctx).say(self.text)
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = self.text.en


class Command(click.Command):
    """A command with its help in both languages."""

    context_class = Context

    def __init__(self, *args: Any, text: Text, **attributes: Any) -> None:
        super().__init__(*args, **{**attributes, "help": text.en})
        self.text = text

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_help(self.text, ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return _short(self.text)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _help_option(ctx, self)


class Group(click.Group):
    """A command of commands, with its help in both languages."""

    context_class = Context
    command_class = Command

    def __init__(self, *args: Any, text: Text, **attributes: Any) -> None:
        super().__init__(*args, **{**attributes, "help": text.en})
        self.text = text

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_help(self.text, ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return _short(self.text)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _help_option(ctx, self)


def option(*names: str, en: str, zh: str, **attributes: Any) -> Callable[[Any], Any]:
    """An option with its help in both languages."""
    return click.option(*names, cls=Option, text=Text(en=en, zh=zh), **attributes)


def group(name: str, en: str, zh: str) -> Callable[[Any], Group]:
    """A group of commands."""
    return click.group(name, cls=Group, text=Text(en=en, zh=zh))


def command(parent: Group | None, name: str, en: str, zh: str) -> Callable[[Any], Command]:
    """A command with `--json`, in a group or (None) right under `countermand`."""

    def declare(function: Any) -> Command:
        made = json_option(click.command(name, cls=Command, text=Text(en=en, zh=zh))(function))
        assert isinstance(made, Command), "click makes what it is told to"
        if parent is not None:
            parent.add_command(made)
        return made

    return declare


def json_option(made: Any) -> Any:
    """Give a command `--json`, which is about how it speaks and not about what it does."""
    made.params.append(
        Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_speak_json,
            text=Text(en="Print JSON, errors too.", zh="输出 JSON（错误也是）。"),
        )
    )
    return made


def data_dir_option(function: Any) -> Any:
    """Where the private PostgreSQL lives."""
    return option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        en="Folder of the private database (setting data_dir; not used with a database_url).",
        zh="内置数据库所在文件夹（设置 data_dir；使用 database_url 时无效）。",
    )(function)


def in_event_loop(function: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a command's coroutine to its end."""

    @wraps(function)
    def run(*args: Any, **values: Any) -> None:
        asyncio.run(function(*args, **values))

    return run


def _speak_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        speech_of(context).as_json = True


def _write_help(text: Text, context: click.Context, formatter: click.HelpFormatter) -> None:
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(speech_of(context).say(text))


def _short(text: Text) -> str:
    said = current_speech().say(text)
    end = "。" if current_speech().language == "zh" else ". "
    return said.partition(end)[0].rstrip(".")


def _help_option(context: click.Context, made: click.Command) -> click.Option | None:
    names = made.get_help_option_names(context)
    if not names:
        return None

    def show(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()

    return Option(names, is_flag=True, is_eager=True, expose_value=False, callback=show, text=_HELP)
