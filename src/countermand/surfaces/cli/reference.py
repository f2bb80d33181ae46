"""The reference page of the command line, made from the commands themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import Command, Context, Group, Option
from countermand.surfaces.cli.main import main
from countermand.surfaces.cli.speech import Speech

_HEAD = Text(
    en="""\
# The command line

Made from the program itself by `python -m countermand.surfaces.cli.reference en`; a test compares the two.

Every command speaks Chinese where the locale does (`LC_ALL`, `LC_MESSAGES`, `LANG`), or as
`countermand --lang zh …` says. With `--json` the answer is one JSON value on standard output, a refusal
`{"error": {"code", "text", "details"}}` on standard error. Log lines go to standard error.

Commands on keys, lists, accounts, policies and the database also work while `countermand serve` runs on the
same data directory: they join its database. Where nothing runs they start the private database and stop it.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed, and the message says why; a policy with findings; a replayed decision that differs |
| 2 | the command line itself is wrong |
| 130 | interrupted |
""",
    zh="""\
# 命令行

本页由程序自身生成（`python -m countermand.surfaces.cli.reference zh`），并有测试比对二者。

若系统区域设置为中文（`LC_ALL`、`LC_MESSAGES`、`LANG`），或指定 `countermand --lang zh …`，
所有命令均使用中文。使用 `--json` 时，标准输出为一个 JSON 值，拒绝信息则以
`{"error": {"code", "text", "details"}}` 写入标准错误。日志写入标准错误。

涉及密钥、名单、账户、策略和数据库的命令，在 `countermand serve` 使用同一数据目录运行时也可执行：
它们会接入其数据库；若没有服务在运行，则启动内置数据库，完成后再停止。

| 退出码 | 含义 |
|---|---|
| 0 | 完成 |
| 1 | 被拒绝或失败（提示信息说明原因）；策略有问题；重演的决策不一致 |
| 2 | 命令行用法有误 |
| 130 | 被中断 |
""",
)
_OPTION = Text(en="option", zh="选项")
_MEANING = Text(en="meaning", zh="含义")


def reference(speech: Speech) -> str:
    """The whole page in one language."""
    context = Context(main, info_name="countermand", obj=speech)
    with context:
        return speech.say(_HEAD) + "".join(_sections(main, context, speech))


def _sections(command: click.Command, context: click.Context, speech: Speech) -> Iterator[str]:
    assert isinstance(command, Command | Group), "every command of ours speaks both languages"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"\n## `{context.command_path}`\n\n{speech.say(command.text)}\n\n```\n{usage}\n```\n"
    options = [one for one in command.params if isinstance(one, Option)]
    if options:
        yield f"\n| {speech.say(_OPTION)} | {speech.say(_MEANING)} |\n|---|---|\n"
    for one in options:
        record = one.get_help_record(context)
        assert record is not None, "no option of ours is hidden"
        names, meaning = (part.replace("|", "\\|") for part in record)
        yield f"| `{names}` | {' '.join(meaning.split())} |\n"
    if isinstance(command, Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, "a listed command is there"
            with Context(child, info_name=name, parent=context) as inner:
                yield from _sections(child, inner, speech)


if __name__ == "__main__":
    sys.stdout.write(reference(Speech(sys.argv[1] if len(sys.argv) > 1 else "en")))
