"""What a person wrote now, apart from what they answer, their signature, and their company's small print.

No library that was measured knows the marks of Chinese programs (QQ Mail, NetEase, Foxmail, WeCom, and the
Chinese Gmail, iPhone and Outlook), so they are here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LINES_MAX = 20_000
FEW_LETTERS = 2
SIGNATURE_LINES_MAX, SIGNATURE_LETTERS_MAX = 10, 400
_BLOCK_LINES, _BLOCK_FIELDS_MIN = 8, 2
_ATTRIBUTION_LINES = 3

# A line of its own that says: from here on it is what was answered.
_RULE = re.compile(
    r"^[\s>]*[-_—─*=]{2,}\s*(?:原始邮件|原始郵件|邮件原件|郵件原件|回复的原邮件|回复的邮件|回覆的原郵件|原邮件|原郵件|原文|"
    r"original(?:\s+message)?|replied\s+message|forwarded\s+message|reply\s+message|"
    r"转发的?邮件(?:信息)?|轉寄的?郵件|轉發的?郵件|引用)\s*[-_—─*=]{2,}[\s>]*$",
    re.IGNORECASE,
)
_WROTE = re.compile(r"(?:写道|寫道|写到|寫到|wrote|écrit|schrieb)\s*[:：﹕]\s*$", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    r"\d{4}\s*[-/年.]\s*\d{1,2}|\d{1,2}\s*[/月]\s*\d{1,2}|\d{1,2}[:：]\d{2}|[^\s@<>]+@[^\s@<>]+\.\w+",
    re.IGNORECASE,
)
_OPENS_ATTRIBUTION = re.compile(r"^[\s>]*(?:on\s|at\s|在|于|於|.{0,60}?(?:于|於)\s*\d{4})", re.IGNORECASE)
_FROM = re.compile(r"^[\s>*_|]*(?:发件人|發件人|寄件者|寄件人|from|von|de)\s*\**\s*[:：]", re.IGNORECASE)
_FIELD = re.compile(
    r"^[\s>*_|]*(?:发送时间|发送日期|發送時間|傳送時間|寄件日期|日期|时间|時間|"
    r"收件人|收件者|抄送|副本|主[ \u3000]*题|主題|主旨|"
    r"sent|date|to|cc|subject)\s*\**\s*[:：]",
    re.IGNORECASE,
)
_LINE_BEFORE = re.compile(r"^[\s>]*[_\-—─=*]{8,}[\s>]*$")
_PROGRAM = re.compile(
    r"^[\s>]*[-—]*\s*(?:(?:发送自|发自|發自|来自|來自|傳送自|寄自|从|從|通过)\s*(?:我的\s*|我\s*)?"
    r"(?:(?:[\w.+ ]{0,24}?\s?(?:iphone|ipad|android|安卓|手机|手機|平板|windows|outlook|foxmail|"
    r"企业微信|企業微信|qq\s*邮箱|qq邮箱手机版|网易邮箱\w*|網易郵箱\w*|华为\w*|小米\w*|荣耀\w*|vivo\w*|oppo\w*|三星\w*|魅族\w*|galaxy\w*|真我\w*|"
    r"139邮箱\w*|新浪邮箱\w*|阿里邮箱\w*|yahoo\w*|gmail).{0,24}?))\s*(?:发送|寄出|傳送)?"
    r"|获取\s*outlook.{0,20}|取得\s*outlook.{0,20}|get\s+outlook\s+for.{0,20}"
    r"|sent\s+(?:from|via|with)\s+(?:my\s+)?.{1,40})[。.\s]*(?:<https?://\S*>)?\s*$",
    re.IGNORECASE,
)
# What is left of a table that was a signature.
_RULES_ONLY = r"^[\s|]*\|[\s|]*$"
_RUINS = re.compile(rf"{_RULES_ONLY}|^\s*签名由\s*网易邮箱大师\s*定制\s*$|^[\s|]*邮箱：\S+@\S+[\s|]*$")
_SIGNATURE = re.compile(r"^[\s\u00a0]*--\s?$")
_SMALL_PRINT = re.compile(
    r"^[\s*>]*(?:【?\s*(?:免责声明|免責聲明|保密声明|保密提示|保密條款|保密条款|重要提示|郑重声明|disclaimer|"
    r"confidentiality\s+(?:notice|note)|legal\s+notice|important\s+notice)\s*】?\s*[:：]?"
    r"|(?:本|此|该|這封|这封)(?:电子)?(?:邮件|郵件|電子郵件|电邮|電郵)(?:及其?|和|與|与|中|所|含|之|可能|的|为|內|内)"
    r"|this\s+(?:e-?mail|message|communication)(?:\s+\w+){0,8}?\s+(?:is|are|may|contains?|and|\(including))",
    re.IGNORECASE,
)
_SMALL_PRINT_WORDS = re.compile(
    r"保密|机密|機密|指定收件人|指定的收件人|误收|誤收|收件人使用|非.{0,4}收件人|法律责任|法律責任|confidential|"
    r"privileged|intended\s+(?:solely|only|recipient|for)|received\s+(?:this\s+\w+\s+)?in\s+error|"
    r"unauthori[sz]ed\s+(?:use|review|disclosure|copying|distribution)",
    re.IGNORECASE,
)


class Written(NamedTuple):
    """`text` is what was written now; `left_out` what else there was: quotation, signature, small_print."""

    text: str
    left_out: tuple[str, ...]


def written(text: str, *, answering: bool = True) -> Written:
    r"""What the sender says now. What answers nothing keeps everything, as what would leave nothing to read.

    >>> written("不是我转的\n\n发自我的iPhone\n\n----- 原始邮件 -----\n您好").text
    '不是我转的'
    """
    # QQ Mail writes its spaces as entities, in plain text too.
    plain = text.replace("&nbsp;", " ").replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n")
    lines = plain.split("\n")[:LINES_MAX]
    left_out: list[str] = []
    if answering:
        kept = _without_quotation(lines)
        if len(kept) < len(lines) and not _says_something(kept):
            # Only a quotation: perhaps the words stand below it, or it is all they wanted to show.
            kept = lines
        if len(kept) < len(lines):
            left_out.append("quotation")
        lines = kept
    for name, cut in (("small_print", _without_small_print), ("signature", _without_signature)):
        kept = cut(lines)
        if len(kept) < len(lines) and _says_something(kept):
            left_out.append(name)
            lines = kept
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    return Written(joined, tuple(left_out))


def _says_something(lines: list[str]) -> bool:
    letters = sum(letter.isalnum() for line in lines for letter in line if not _PROGRAM.match(line))
    return letters >= FEW_LETTERS


def _without_quotation(lines: list[str]) -> list[str]:
    """Lines before the quotation; under one whose every line is marked, the lines that are not."""
    at = _quotation(lines)
    above = [line for line in lines[:at] if not line.lstrip().startswith(">")]
    if at == len(lines) or _says_something(above):
        return above
    # Written below what it answers: there the quotation's lines are marked, and the rest is theirs.
    below = [line for line in lines[at:] if not line.lstrip().startswith(">") and not _starts(line)]
    marked = any(line.lstrip().startswith(">") for line in lines[at:])
    return above + below if marked else above


def _starts(line: str) -> bool:
    return bool(_RULE.match(line) or _WROTE.search(line.rstrip()) or _OPENS_ATTRIBUTION.match(line))


def _quotation(lines: list[str]) -> int:
    """Where what was answered begins; the number of lines where nothing was."""
    for at, line in enumerate(lines):
        if len(line) > 1000:
            continue
        if _RULE.match(line) or _attributed(lines, at):
            return at
        if _FROM.match(line) and _is_block(lines, at):
            before = next((back for back in range(at - 1, max(-1, at - 3), -1) if lines[back].strip()), None)
            ruled = before is not None and _LINE_BEFORE.match(lines[before])
            return before if ruled and before is not None else at
    return len(lines)


def _attributed(lines: list[str], at: int) -> bool:
    """`在 2026年11月20日，10:23，张三 <a@b.c> 写道：`, in one line or broken into up to three."""
    if not _OPENS_ATTRIBUTION.match(lines[at]) and not _WROTE.search(lines[at].rstrip()):
        return False
    said = ""
    for line in lines[at : at + _ATTRIBUTION_LINES]:
        said = f"{said} {line.lstrip('> ').rstrip()}"
        if _WROTE.search(said):
            return len(said) < 300 and bool(_ATTRIBUTION.search(said))
        if not line.strip():
            return False
    return False


def _is_block(lines: list[str], at: int) -> bool:
    """A head of fields, as Outlook and Foxmail put above what is answered."""
    near = lines[at + 1 : at + 1 + _BLOCK_LINES]
    return sum(bool(_FIELD.match(line)) for line in near) >= _BLOCK_FIELDS_MIN


def _without_signature(lines: list[str]) -> list[str]:
    kept = [line for line in lines if len(line) > 120 or not (_PROGRAM.match(line) or _RUINS.match(line))]
    for at in range(len(kept) - 1, -1, -1):
        if _SIGNATURE.match(kept[at]):
            below = kept[at + 1 :]
            small = len(below) <= SIGNATURE_LINES_MAX and sum(map(len, below)) <= SIGNATURE_LETTERS_MAX
            return kept[:at] if small else kept
    return kept


def _without_small_print(lines: list[str]) -> list[str]:
    """Paragraphs that begin as small print does and speak of secrecy or of a wrong addressee."""
    kept: list[str] = []
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line)
            continue
        said = " ".join(paragraph)
        if not (paragraph and _SMALL_PRINT.match(paragraph[0]) and _SMALL_PRINT_WORDS.search(said)):
            kept.extend((*paragraph, line))
        paragraph = []
    return kept if len(kept) <= len(lines) else kept[:-1]
