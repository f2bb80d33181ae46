"""Approved phrases: one voice in every channel, told apart by version, the same words under the same hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.errors import BadRequest, NotFound, SetupError
from countermand.kernel.text import Text

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MARK = re.compile(r"\{([a-z_]+)\}")
_FORBIDDEN = {
    "asks_for_a_code": re.compile(
        r"(提供|告知|告诉|发送?|报)(一下|我|我们|给我)?(您的|你的)?(登录|支付)?(密码|验证码|动态码)"
        r"|(send|tell|give|read|provide) (us |me )?(your |the )?"
        r"(password|pin|one-time code|verification code)",
        re.IGNORECASE,
    ),
    "asks_to_pay_first": re.compile(
        r"(先|需)(转账|汇款|打款|缴纳|支付).{0,12}(才能|再|后)(处理|办理|解冻|退)|转(入|到)(安全|指定)账户"
        r"|safe account|(pay|transfer)\b.{0,30}\bbefore we (can|will)",
        re.IGNORECASE,
    ),
    "ends_the_argument": re.compile(
        r"系统(显示|记录)(是|为)?您?本人操作|the system shows (that )?(it was )?you", re.IGNORECASE
    ),
}
_DENIALS = re.compile(r"(不会|不要|切勿|请勿|无需|never|do not|don't|not)[^。.!?！？]{0,24}$", re.IGNORECASE)


class Phrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One approved phrase; `{name}` marks are filled when it is said. `for_` names categories, none: all."""

    id: str
    version: int
    text: Text
    for_: tuple[str, ...] = msgspec.field(default=(), name="for")

    @property
    def label(self) -> str:
        """What stands with a message that repeats it."""
        return f"{self.id}@{self.version}"

    @property
    def marks(self) -> frozenset[str]:
        """The values it needs."""
        return frozenset(_MARK.findall(self.text.en)) | frozenset(_MARK.findall(self.text.zh))


class Said(NamedTuple):
    """Phrases as they were said: their labels, the words, and the SHA-256 of both languages in hex."""

    labels: tuple[str, ...]
    text: Text
    sha256: str


def read_phrases(files: Mapping[str, str]) -> dict[str, Phrase]:
    """Phrases by id, the newest version of each. Raises SetupError `phrases_refused`, naming the place."""
    found: dict[str, Phrase] = {}
    for name, text in sorted(files.items()):
        try:
            phrases = msgspec.yaml.decode(text, type=tuple[Phrase, ...])
        except (msgspec.MsgspecError, ValueError) as error:
            raise _refused(name, str(error), str(error)) from error
        for one in phrases:
            _check(name, one, found.get(one.id))
            if one.id not in found or found[one.id].version < one.version:
                found[one.id] = one
    return found


def say(phrases: Mapping[str, Phrase], wanted: Sequence[str], values: Mapping[str, str]) -> Said:
    """These phrases, one after the other, filled in; whatever the channel, the same words and hash.

    Raises NotFound `unknown_phrase`, BadRequest `phrase_lacks_value`.
    """
    parts, labels = [], []
    for name in wanted:
        phrase = phrases.get(name)
        if phrase is None:
            raise NotFound(
                "unknown_phrase",
                f"There is no approved phrase {name!r}.",
                f"没有名为 {name!r} 的标准话术。",
                known=sorted(phrases),
            )
        missing = sorted(phrase.marks - values.keys())
        if missing:
            raise BadRequest(
                "phrase_lacks_value",
                f"The phrase {name} needs: {', '.join(missing)}.",
                f"话术 {name} 缺少取值：{'、'.join(missing)}。",
                field="values",
                missing=missing,
            )
        labels.append(phrase.label)
        parts.append(phrase.text.filled(dict(values)))
    text = Text(en=" ".join(one.en for one in parts), zh="".join(one.zh for one in parts))
    return Said(tuple(labels), text, digest(canonical_bytes({"en": text.en, "zh": text.zh})).hex())


def forbidden(text: str) -> str | None:
    """What no message of ours may say, as a code; a sentence that warns of it is no fault.

    >>> forbidden("Please send us your password"), forbidden("We never ask you to send us your password.")
    ('asks_for_a_code', None)
    """
    for code, pattern in _FORBIDDEN.items():
        for found in pattern.finditer(text):
            if _DENIALS.search(text[: found.start()]) is None:
                return code
    return None


def check_wording(texts: Iterable[str]) -> None:
    """Raises BadRequest `wording_refused` where a message asks for a secret, for money first, or blames."""
    for text in texts:
        code = forbidden(text)
        if code is not None:
            raise BadRequest(
                "wording_refused",
                "A reply never asks for a password or code, never asks to pay first, and never ends with “it "
                "was you”. Say it in other words.",
                "回复不得索要密码或验证码、不得要求先转账，也不得以“系统显示本人操作”作结。请改写。",
                field="text",
                fault=code,
            )


def _check(name: str, phrase: Phrase, known: Phrase | None) -> None:
    if not _ID.fullmatch(phrase.id) or (known is not None and known.version == phrase.version):
        raise _refused(
            name, f"{phrase.id!r} is no id, or this version is there", f"{phrase.id!r} 标识无效或重复"
        )
    if _MARK.findall(phrase.text.en) and set(_MARK.findall(phrase.text.en)) != set(
        _MARK.findall(phrase.text.zh)
    ):
        raise _refused(
            name, f"{phrase.id}: both languages need the same marks", f"{phrase.id}：两种语言的标记须一致"
        )
    for text in (phrase.text.en, phrase.text.zh):
        if (fault := forbidden(text)) is not None:
            raise _refused(name, f"{phrase.id}: {fault}", f"{phrase.id}：{fault}")


def _refused(name: str, en: str, zh: str) -> SetupError:
    return SetupError("phrases_refused", f"{name}: {en}.", f"{name}：{zh}。", file=name)
