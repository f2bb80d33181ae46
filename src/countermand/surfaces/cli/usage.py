"""Click's refusals of a command line, said in the reader's language."""

from __future__ import annotations

import click
import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import Speech


def usage_text(error: click.ClickException) -> Text:
    """What is wrong with the command line, and where the help is."""
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "countermand"
    said = " ".join(error.format_message().split()).rstrip(".")
    zh = _chinese(error, said)
    return Text(en=f"{said}. `{path} --help` tells more.", zh=f"{zh}。详见 `{path} --help`。")


def tell_usage(error: click.ClickException, speech: Speech) -> None:
    """The refusal on standard error, as a sentence or as JSON."""
    text = usage_text(error)
    if speech.as_json:
        problem = {"error": {"code": "usage", "text": text, "details": {}}}
        click.echo(msgspec.json.encode(problem).decode(), err=True)
    else:
        click.echo(f"用法错误：{text.zh}" if speech.language == "zh" else f"Usage error: {text.en}", err=True)


def _chinese(error: click.ClickException, said: str) -> str:
    match error:
        case click.NoSuchOption():
            return f"没有选项 {error.option_name}"
        case click.MissingParameter():
            name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else ""
            return f"缺少参数 {name}"
        case click.BadParameter():
            name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else ""
            return f"参数 {name} 的值无效（{error.message.rstrip('.')}）"
        case click.UsageError() if said.startswith("No such command"):
            return f"没有命令 {said.removeprefix('No such command ')}"
        case click.UsageError() if said.startswith("Missing command"):
            return "缺少命令"
        case _:
            return f"命令行有误（{said}）"
