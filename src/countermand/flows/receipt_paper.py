"""What stands on the paper of a receipt: what was said, what is stopped, who acts next, how to check it."""

from __future__ import annotations

from collections.abc import Sequence

from countermand.cases.numbers import spoken
from countermand.kernel.text import Text
from countermand.kernel.wall_times import written_time
from countermand.vocabulary.papers import Part, ReceiptPaper

WORDS_MAX = 400
TITLE = Text(en="Receipt", zh="受理回执")
NUMBER = Text(en="Case number", zh="案件编号")
_SAID = Text(en="What you said", zh="您说的")
_HEARD = Text(en="We heard you at", zh="受理时间")
_STOPPED = Text(en="What is stopped", zh="已停住")
_NEXT = Text(en="Who acts next, and until when", zh="下一步由谁、在何时之前")
_CHECK = Text(en="Check it without us", zh="不经我们也能核验")
_HOW = Text(
    en="Keep the .zip you got with this paper. Open it in the verify page or with countermand-verify, with "
    "keys you got from a witness or a regulator. The code names your entry in the log.",
    zh="请保存随本回执领取的 .zip 文件，用核验页面或 countermand-verify 打开，密钥请向见证方或监管部门索取。"
    "二维码指明您的记录在日志中的位置。",
)
_STAMPED = Text(
    en="This page is signed by the institution, with the time of an independent authority (PAdES B-T).",
    zh="本页由机构电子签名，并附独立时间戳（PAdES B-T）。",
)
_UNSTAMPED = Text(
    en="This page is signed by the institution (PAdES B-B); no independent time stamp was to be had.",
    zh="本页由机构电子签名（PAdES B-B）；暂未取得独立时间戳。",
)
_NOBODY = Text(
    en="No witness has signed yet: fetch the receipt again in a minute, it will bear their signatures.",
    zh="尚无见证方签名：请一分钟后重新领取，届时将附见证方签名。",
)
_NO_WITNESSES = Text(
    en="The log's own signatures vouch for it so far; no outside witness has been appointed.",
    zh="目前仅有日志自身的签名作证；尚未指定外部见证方。",
)
_WITNESSED = Text(en="Witnesses who signed: {who}.", zh="已签名的见证方：{who}。")
_NEVER = Text(
    en="We never ask for your password or a one-time code.",
    zh="我们绝不会索要您的密码或验证码。",
)
_MASKED = Text(
    en="Personal numbers are covered here; the .zip has your words in full.",
    zh="个人号码已遮盖；完整原话在 .zip 文件中。",
)


def paper_of(
    number: str,
    heard_at: int,
    said: str,
    promised: Sequence[tuple[Text, int]],
    *,
    stopped: Text,
    next_mover: Text,
    language: str,
    institution: Text,
    code: str,
    witnesses: Sequence[str],
    awaited: bool,
    timezone: str,
    stamped: bool,
    made_at: int,
) -> ReceiptPaper:
    """The page of a case: `said` is masked, `promised` what and by when (microseconds UTC).

    `witnesses` have signed; more are `awaited` where somebody was appointed.
    """
    words = said if len(said) <= WORDS_MAX else f"{said[:WORDS_MAX]}……"
    heard = written_time(heard_at, timezone)
    dated = [(what, written_time(due_at, timezone)) for what, due_at in promised]
    steps = [Text(en=f"{what.en} by {by.en}", zh=f"{by.zh}前：{what.zh}") for what, by in dated]
    mover = Text(en=f"Next it is up to {next_mover.en}.", zh=f"下一步由{next_mover.zh}处理。")
    parts = [Part(_HEARD, Text(en=heard.en, zh=heard.zh))]
    if words:
        parts.append(Part(_SAID, Text(en=words, zh=words), quoted=True))
    parts += [Part(_STOPPED, stopped), Part(_NEXT, _joined([*steps, mover]))]
    seen = _NOBODY if awaited else _NO_WITNESSES
    if witnesses:
        seen = _WITNESSED.filled({"who": ", ".join(witnesses)})
    foot = (seen, _STAMPED if stamped else _UNSTAMPED, *([_MASKED] if words else []), _NEVER)
    return ReceiptPaper(
        language=language,
        institution=institution,
        title=TITLE,
        number=Part(NUMBER, Text(en=spoken(number), zh=spoken(number))),
        parts=tuple(parts),
        check=Part(_CHECK, _HOW),
        code=code,
        foot=foot,
        made_at=made_at,
    )


def _joined(lines: Sequence[Text]) -> Text:
    return Text(en="\n".join(one.en for one in lines), zh="\n".join(one.zh for one in lines))
