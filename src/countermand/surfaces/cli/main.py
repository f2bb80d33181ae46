"""The command `countermand`: its subcommands are loaded when they are asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

import click

from countermand.kernel.errors import CountermandError
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import Group, option
from countermand.surfaces.cli.printing import tell_refusal
from countermand.surfaces.cli.speech import LANGUAGES, Speech, fresh_speech, speech_of
from countermand.surfaces.cli.usage import tell_usage

DONE, REFUSED, MISUSED, INTERRUPTED = 0, 1, 2, 130

_HERE = "countermand.surfaces.cli"
# Name -> module, and the one line that the list of commands shows without loading it.
COMMANDS: dict[str, tuple[str, Text]] = {
    "serve": ("commands.serve", Text(en="Decide operations over HTTP", zh="通过 HTTP 决策操作")),
    "demo": ("demo", Text(en="Play the demo", zh="运行演示")),
    "replay": (
        "replay",
        Text(en="Replay a file of operations through the real flow", zh="用真实流程回放操作文件"),
    ),
    "backtest": (
        "commands.backtest",
        Text(
            en="Decide again what already happened, by another policy",
            zh="用另一套策略对已发生的操作重新决策",
        ),
    ),
    "decide": (
        "commands.decide",
        Text(en="Decide one operation in this process", zh="在本进程内决策一笔操作"),
    ),
    "replay-decision": (
        "commands.replay_decision",
        Text(en="Decide a recorded operation again and compare", zh="重演一笔已记录的决策并比对"),
    ),
    "parity": (
        "commands.parity",
        Text(en="Compare what was decided live with SQL", zh="将实时决策与 SQL 逐项比对"),
    ),
    "policy": ("commands.policy", Text(en="Check, explain and publish policies", zh="检查、讲解和发布策略")),
    "threshold": (
        "commands.threshold",
        Text(en="Watch, pin and release adaptive thresholds", zh="查看、固定和放开自适应阈值"),
    ),
    "train": (
        "commands.train",
        Text(en="Train models: of a policy, of triage", zh="训练模型：策略模型与分诊模型"),
    ),
    "model": ("commands.model", Text(en="Keep, explain and watch models", zh="管理、解释和监测模型")),
    "shadow": (
        "commands.shadow",
        Text(en="Try policies on real traffic without effect", zh="在真实流量上无影响地试运行策略"),
    ),
    "key": ("commands.key", Text(en="Make, revoke and list API keys", zh="创建、吊销和查看 API 密钥")),
    "list": ("commands.list", Text(en="Keep the lists that rules ask", zh="维护规则所用的名单")),
    "label": (
        "commands.label",
        Text(en="Say what operations turned out to be", zh="补记操作的标签：欺诈或正常"),
    ),
    "account": (
        "commands.account",
        Text(en="Keep account profiles; freeze and lift", zh="维护账户资料；冻结与解冻"),
    ),
    "contain": (
        "commands.contain",
        Text(en="Stop what somebody never wanted, and give it back", zh="一键止损与逐级解除"),
    ),
    "hold": (
        "commands.hold",
        Text(en="Look at held operations and take them back", zh="查看与撤销暂缓的操作"),
    ),
    "limit": (
        "commands.limit",
        Text(en="Keep the limits that holders set themselves", zh="维护账户本人设定的限额"),
    ),
    "mandate": (
        "commands.mandate",
        Text(en="See automatic debits; switch them off and on", zh="查看自动扣款；关闭与重新开启"),
    ),
    "mail": (
        "commands.mail",
        Text(en="See what is read in mails; try the mailbox", zh="查看邮件的识别结果；测试收件邮箱"),
    ),
    "notice": (
        "commands.notice",
        Text(en="See what customers were told; try it out", zh="查看发给客户的通知；发送测试"),
    ),
    "clock": (
        "commands.clock",
        Text(en="See which deadlines there are and how they are reckoned", zh="查看期限规则及其计算过程"),
    ),
    "case": (
        "commands.case",
        Text(en="Work on cases with one's own key", zh="以个人密钥办理案件"),
    ),
    "kb": (
        "commands.kb",
        Text(en="Check and search the knowledge base", zh="检查与检索知识库"),
    ),
    "staff": (
        "commands.staff",
        Text(en="Enter who works at the desk", zh="管理客服台人员"),
    ),
    "cases": (
        "commands.cases",
        Text(en="List, search, import, export and measure cases", zh="列出、检索、导入、导出与统计案件"),
    ),
    "bank": (
        "commands.bank",
        Text(en="Compare with core banking; simulate one", zh="与核心系统对账；模拟核心系统"),
    ),
    "vault": (
        "commands.vault",
        Text(en="Keys, legal holds and erasure of evidence", zh="证据的密钥、法律保全与销毁"),
    ),
    "official": (
        "commands.official",
        Text(en="Check whether something is really ours", zh="核验某物是否属于本机构"),
    ),
    "work": (
        "commands.work",
        Text(en="Settle what is due beside a server", zh="在服务器之外处理到期事项"),
    ),
    "authenticator": (
        "commands.authenticator",
        Text(en="See what customers can prove with", zh="查看客户可用的验证方式"),
    ),
    "auth-methods": (
        "commands.auth_methods",
        Text(en="Check methods and tiers of confirmation", zh="检查验证方式与层级配置"),
    ),
    "log": (
        "commands.log",
        Text(en="Seal, sign, export and check the transparency log", zh="透明日志的封存、签名、导出与检查"),
    ),
    "witness": (
        "commands.witness",
        Text(en="Witness the logs of others", zh="为其他机构的日志担任见证方"),
    ),
    "verify": (
        "commands.verify",
        Text(en="Check a receipt or a bundle without asking anybody", zh="不联系任何人，核验回执或证据包"),
    ),
    "db": ("commands.db", Text(en="Look after the database", zh="维护数据库")),
}


class _Commands(MutableMapping[str, click.Command]):
    """All subcommands by name; each is imported when it is read."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, _ = COMMANDS[name]
            attribute = module.rpartition(".")[2]
            self._loaded[name] = getattr(import_module(f"{_HERE}.{module}"), attribute)
        return self._loaded[name]

    def __setitem__(self, name: str, made: click.Command) -> None:
        self._loaded[name] = made

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Any:
        return (name for name, (module, _) in COMMANDS.items() if find_spec(f"{_HERE}.{module}") is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Main(Group):
    """The root: it owns how a run speaks, and turns every caused error into one message and an exit code."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.commands = _Commands()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.commands[cmd_name] if cmd_name in set(self.commands) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table above: loading them all would take a second."""
        speech = speech_of(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(name, speech.say(COMMANDS[name][1])) for name in self.commands])

    def main(  # type: ignore[override]  # a run always ends in an exit code here
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run and exit: 0 done, 1 refused or failed, 2 misused, 130 interrupted."""
        extra.pop("standalone_mode", None)
        speech = fresh_speech()
        sys.exit(self._code(args, prog_name or "countermand", speech, extra))

    def _code(self, args: Sequence[str] | None, name: str, speech: Speech, extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, name, standalone_mode=False, obj=speech, **extra)
            return code if isinstance(code, int) else DONE
        except click.exceptions.Exit as ended:
            return ended.exit_code
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except click.ClickException as misuse:
            tell_usage(misuse, speech)
            return MISUSED
        except CountermandError as refusal:
            tell_refusal(refusal, speech)
            return REFUSED
        except BrokenPipeError:
            # Whoever read our output has gone; Python would complain once more while closing it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return REFUSED


def _set_language(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        speech_of(context).language = value


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(version("countermand"))
        context.exit()


@click.group(
    "countermand",
    cls=Main,
    text=Text(
        en="Take back an operation its customer never wanted: decide, hold, contain, prove.",
        zh="撤回客户从未想要的操作：决策、暂缓、止损、举证。",
    ),
)
@option(
    "--lang",
    type=click.Choice(LANGUAGES),
    is_eager=True,
    expose_value=False,
    callback=_set_language,
    en="Language of messages (default: that of LANG).",
    zh="消息语言（默认随 LANG）。",
)
@option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    en="Print the version and exit.",
    zh="显示版本并退出。",
)
def main() -> None:
    """Everything is in the subcommands."""
