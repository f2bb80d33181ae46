"""`countermand mail`: what would be read in a mail, and whether the mailbox can be reached."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import click

from countermand.app.mail import mail_terms, open_mailbox
from countermand.flows.hear_mail import found_of
from countermand.intake.mail.automatic import MailKind
from countermand.intake.mail.letters import Letter, read_letter
from countermand.intake.redaction import mask
from countermand.kernel.clock import SystemClock, rfc3339
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer

MAIL_BYTES_MAX = 64 * 1024 * 1024
_WAYS = {
    True: Text(en="New mail is announced by the server.", zh="新邮件由服务器即时通知。"),
    False: Text(en="New mail is looked for every 20 seconds.", zh="每20秒查询一次新邮件。"),
}
_MARKS = {
    True: Text(
        en="What was heard gets a keyword; mail that somebody opened first is heard too.",
        zh="已处理的邮件会加上标记；他人先打开的邮件也会处理。",
    ),
    False: Text(
        en="The server keeps no keywords: mail that is opened first is not heard. Use a mailbox of its own.",
        zh="该服务器不支持自定义标记：他人先打开的邮件不会被处理。请使用专用邮箱。",
    ),
}


@group("mail", en="See what is read in mails; try the mailbox.", zh="查看邮件的识别结果；测试收件邮箱。")
def mail() -> None:
    """Everything is in the subcommands."""


@command(
    mail,
    "read",
    en="Explain what would be read in a mail (a file, or - for standard input); nothing is kept or sent.",
    zh="说明从一封邮件（文件，或以 - 表示标准输入）中会识别出什么；不保存，不发送。",
)
@click.argument("file", type=click.File("rb"))
@option("--unmasked", is_flag=True, en="Show personal numbers too.", zh="同时显示个人号码。")
@data_dir_option
def read(file: BinaryIO, unmasked: bool, data_dir: Path | None) -> None:
    """As the worker reads it, without asking anybody about its sender."""
    quiet_logs()
    with closing(file):
        raw = file.read(MAIL_BYTES_MAX)
    letter = read_letter(raw, SystemClock().now(), mail_terms(settings_with(data_dir)))
    shown = (lambda text: text) if unmasked else (lambda text: mask(text).text)
    value = _explained(letter, shown)
    answer(value, *_lines(value))


@command(
    mail,
    "check",
    en="Sign in at the mailbox of the settings and count what is to be heard; nothing is marked.",
    zh="登录设置中的邮箱并统计待处理邮件；不做任何标记。",
)
@data_dir_option
@in_event_loop
async def check(data_dir: Path | None) -> None:
    """Raises SetupError (`no_mailbox`, `bad_setting`), Unavailable (`mailbox_away`, `mailbox_refused`)."""
    quiet_logs()
    mailbox = open_mailbox(settings_with(data_dir))
    try:
        found = await mailbox.check()
    finally:
        await mailbox.close()
    told = Text(
        en=f"The mailbox answers. Folder {found['folder']}: {found['unheard']} to be heard.",
        zh=f"邮箱可用。文件夹 {found['folder']}：{found['unheard']} 封待处理。",
    )
    answer(found, told, _WAYS[found["idle"]], _MARKS[found["keywords"]])


def _explained(letter: Letter, shown: Any) -> dict[str, Any]:
    return {
        "key": letter.key,
        "sender": None if letter.sender is None else shown(letter.sender),
        "subject": shown(letter.subject),
        "said_at": None if letter.said_at is None else rfc3339(letter.said_at),
        "speaker": letter.kind.value,
        "because": list(letter.why),
        "answered": letter.answerable,
        "accounts": [shown(one) for one in letter.claims.accounts],
        "operations": list(letter.claims.operations),
        "description": shown(letter.claims.description),
        "case_numbers": list(letter.numbers),
        "files": [
            {"name": shown(one.name), "type": one.media_type, "bytes": len(one.content), "locked": one.locked}
            for one in letter.files
        ],
        "found": found_of(letter, (), whole=True),
        "text": shown(letter.text),
    }


_SPEAKERS = {
    MailKind.WRITTEN: Text(en="a person", zh="个人"),
    MailKind.BOUNCE: Text(en="a mail server: a letter came back", zh="邮件服务器（退信）"),
    MailKind.ABSENCE: Text(en="a mailbox whose owner is away", zh="自动回复（外出）"),
    MailKind.AUTOMATIC: Text(en="a machine", zh="程序自动发送"),
    MailKind.LOOP: Text(en="ourselves", zh="本机构自身"),
}
_ANSWERED = {
    True: Text(en="It is answered.", zh="会答复。"),
    False: Text(en="It is not answered.", zh="不会答复。"),
}
_URGENT = Text(
    en="The subject is the urgent one: operations without consent.",
    zh="主题为紧急：非授权操作反馈。",
)
_LOCKED = Text(en="needs a password", zh="需要密码")


def _lines(value: dict[str, Any]) -> list[Text]:
    """One line a field; what was not found is left out."""
    found = value["found"]
    lines = [
        _line(Text(en="From", zh="发件人"), value["sender"] or "-"),
        _line(Text(en="Subject", zh="主题"), value["subject"]),
        _line(Text(en="Written by", zh="书写者"), _SPEAKERS[MailKind(value["speaker"])]),
        _line(Text(en="Told by", zh="依据"), ", ".join(value["because"])),
        _ANSWERED[value["answered"]],
        *([_URGENT] if found.get("urgent_subject") else []),
        _line(Text(en="Accounts", zh="账户"), ", ".join(value["accounts"])),
        _line(Text(en="Operations", zh="操作编号"), ", ".join(value["operations"])),
        _line(Text(en="Times", zh="时间"), ", ".join(one["at"] for one in found.get("times", ()))),
        _line(Text(en="Amounts", zh="金额"), ", ".join(map(_amount, found.get("amounts", ())))),
        _line(Text(en="Description", zh="描述"), value["description"]),
        _line(Text(en="Case numbers", zh="案件编号"), ", ".join(value["case_numbers"])),
        *(_file_line(one) for one in value["files"]),
        _line(Text(en="Left out of the text", zh="正文已略去"), ", ".join(found.get("left_out", ()))),
        _line(Text(en="Remarks", zh="备注"), ", ".join(found.get("remarks", ()))),
        _line(Text(en="Text", zh="正文"), f"\n{value['text']}" if value["text"] else ""),
    ]
    return [line for line in lines if line is not None]


def _line(title: Text, said: str | Text) -> Text | None:
    both = said if isinstance(said, Text) else Text(en=said, zh=said)
    return Text(en=f"{title.en}: {both.en}", zh=f"{title.zh}：{both.zh}") if both.en else None


def _amount(one: dict[str, Any]) -> str:
    return f"{one['minor'] // 100:,}.{one['minor'] % 100:02} {one['currency']}"


def _file_line(one: dict[str, Any]) -> Text | None:
    said = f"{one['name']}, {one['type']}, {one['bytes']}"
    lock = Text(en=f", {_LOCKED.en}", zh=f"，{_LOCKED.zh}") if one["locked"] else Text(en="", zh="")
    return _line(Text(en="File", zh="附件"), Text(en=said + lock.en, zh=said + lock.zh))
