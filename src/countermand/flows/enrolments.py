"""The rules of enrolling: good passwords, proper addresses, who may enrol at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from countermand.confirmation.challenge_ports import Passwords
from countermand.kernel.errors import BadRequest, Forbidden
from countermand.kernel.text import Text

PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX = 12, 256
CLASSES_MIN = 3
NAME_CHARACTERS_MAX = 64
_PHONE = re.compile(r"\+[1-9]\d{6,14}")  # E.164
_MAIL = re.compile(r"[^@\s<>\"',;\\\x00-\x1f]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}\.[A-Za-z]{2,}")

ENROL_TEXT = Text(
    en="Your code to add this address: {code}, valid {minutes} min. If you did not ask for it, do not pass "
    "it on. Nobody of ours ever asks for this code.",
    zh="您正在登记此联系方式，验证码{code}，{minutes}分钟内有效。非本人操作请勿透露，工作人员绝不会索要验证码。",
)


async def check_password(passwords: Passwords, password: str, known: Sequence[str]) -> None:
    """Whether a password may be enrolled.

    Raises BadRequest (`password_refused`): the details name `length`, `classes`, `guessable` or `breached`.
    """
    faults = []
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        faults.append("length")
    if _classes(password) < CLASSES_MIN:
        faults.append("classes")
    if not faults and await passwords.breached(password):
        faults.append("breached")
    if not faults and await passwords.guessable(password, known):
        faults.append("guessable")
    if faults:
        raise BadRequest(
            "password_refused",
            f"A password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters of at least "
            "three kinds (small and capital letters, digits, others), is hard to guess and stands in no list "
            "of leaked ones.",
            f"密码应为{PASSWORD_CHARACTERS_MIN}至{PASSWORD_CHARACTERS_MAX}个字符，至少包含大写字母、小写字母、"
            "数字、其他字符中的三类，不易猜测，且未出现在泄露名单中。",
            field="password",
            faults=faults,
        )


def _classes(password: str) -> int:
    """How many kinds of characters there are; a letter without case, such as a Chinese one, is one more."""
    kinds = (str.islower, str.isupper, str.isdigit)
    found = sum(any(kind(one) for one in password) for kind in kinds)
    return found + any(not any(kind(one) for kind in kinds) for one in password)


def check_phone(address: str | None) -> str:
    """A telephone number as it is kept. Raises BadRequest (`bad_address`)."""
    number = re.sub(r"[\s()-]", "", address or "")
    if not _PHONE.fullmatch(number):
        raise _bad_address("A telephone number looks like +8613800001234.", "电话号码应形如 +8613800001234。")
    return number


def check_mail(address: str | None) -> str:
    """An e-mail address as it is kept. Raises BadRequest (`bad_address`)."""
    if not _MAIL.fullmatch(address or ""):
        raise _bad_address("This is no e-mail address.", "邮箱地址无效。")
    return address or ""


def check_name(name: str) -> str:
    """What the holder calls an authenticator. Raises BadRequest (`bad_authenticator_name`)."""
    shown = name.strip()
    if not 0 < len(shown) <= NAME_CHARACTERS_MAX or not shown.isprintable():
        raise BadRequest(
            "bad_authenticator_name",
            f"A name has 1 to {NAME_CHARACTERS_MAX} printable characters.",
            f"名称应为1至{NAME_CHARACTERS_MAX}个可打印字符。",
            field="name",
        )
    return shown


def check_trusted(*, suspect: bool) -> None:
    """A device first seen while something was going wrong changes nothing about how one signs in.

    Raises Forbidden (`suspect_device`).
    """
    if suspect:
        raise Forbidden(
            "suspect_device",
            "This device was first seen while the account was at risk; it can neither add nor remove ways of "
            "signing in. Use a device from before, or come to a branch with your identity document.",
            "该设备首次出现于账户处于风险期间，不能新增或移除验证方式；请使用此前的设备，或携带身份证件到网点办理。",
        )


def _bad_address(en: str, zh: str) -> BadRequest:
    return BadRequest("bad_address", en, zh, field="address")
