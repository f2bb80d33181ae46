"""The `auth_methods` JSON: which ways of confirming there are, in the order in which they are offered.

Accepted as institutions write it: a list of words or of objects with a priority, or a mapping from the method
(or from primary, secondary, …) to either; the fragment without its braces too.
"""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.confirmation.marked import Complaints, Marked, read_marked
from countermand.vocabulary.authenticators import Method

MEMBER = "auth_methods"
_NAMES = ("type", "method", "name", "id", "auth_method", "channel")
_RANKS = {
    word: rank
    for rank, words in enumerate(
        (
            "primary first default 主",
            "secondary second backup 备",
            "tertiary third fallback",
            "fourth",
            "fifth",
        ),
        1,
    )
    for word in words.split()
}
_WORDS: dict[str, tuple[Method, bool]] = {
    **{method.value: (method, False) for method in Method},
    **dict.fromkeys("sms_otp sms_code text phone 短信 短信验证码 手机".split(), (Method.SMS, False)),
    **dict.fromkeys("mail e-mail email_otp email_code 邮箱 邮件 邮箱验证码".split(), (Method.EMAIL, False)),
    **dict.fromkeys(
        "biometric biometrics fingerprint face faceid face_id touch_id touchid 生物识别 指纹 人脸".split(),
        (Method.WEBAUTHN, True),
    ),
    **dict.fromkeys("passkey fido fido2 security_key 通行密钥".split(), (Method.WEBAUTHN, False)),
    **dict.fromkeys("otp authenticator app_otp 动态口令 一次性口令".split(), (Method.TOTP, False)),
    **dict.fromkeys("pwd passphrase 密码".split(), (Method.PASSWORD, False)),
    **dict.fromkeys("face_liveness living 活体检测 活体".split(), (Method.LIVENESS, False)),
    **dict.fromkeys("call phone_call voice 电话 电话核实".split(), (Method.OUT_OF_BAND_CALL, False)),
}


class MethodRank(msgspec.Struct, frozen=True, kw_only=True):
    """One method and its priority, 1 first; `biometric` wants the device's own authenticator."""

    method: Method
    priority: int
    biometric: bool = False


def read_auth_methods(text: str, file: str = "auth_methods.json") -> tuple[MethodRank, ...]:
    """The methods by priority; equal priorities stay in the order of writing.

    Members that say nothing about method, priority or enabled are left alone. Raises PolicyError
    (`auth_pack_refused`): `malformed_json`, `no_auth_methods`, `unknown_method`, `method_named_twice`,
    `bad_priority`, each with file, line and column.

    >>> [one.method.value for one in read_auth_methods('{"auth_methods": ["sms", "email"]}')]
    ['sms', 'email']
    """
    stripped = text.strip().rstrip(",")
    if stripped.startswith('"'):
        text = "{" + stripped + "}"
    root = read_marked(text, file)
    complaints = Complaints(file)
    listed = root.get(MEMBER) if isinstance(root.value, dict) else root
    if listed is None and root.value:
        listed = root
    if listed is None or not isinstance(listed.value, list | dict) or not listed.value:
        complaints.add(
            "no_auth_methods",
            root if listed is None else listed,
            "auth_methods names no method",
            "auth_methods 未列出任何验证方式",
        )
        complaints.raise_if_any()
    assert listed is not None
    found = [one for one in _entries(listed) if _enabled(one[1])]
    ranks: list[MethodRank] = []
    for number, (word, said) in enumerate(found, 1):
        _read_one(number, word, said, ranks, complaints)
    complaints.raise_if_any()
    return tuple(sorted(ranks, key=lambda one: one.priority))


def _entries(listed: Marked) -> list[tuple[Marked, Marked]]:
    """Each method's word with all that is said about it."""
    if isinstance(listed.value, list):
        return [(_word_of(one), one) for one in listed.value]
    entries = []
    for key, said in listed.value.items():
        rank = _RANKS.get(key.casefold())
        if rank is None:
            entries.append((Marked(key, said.line, said.column), said))
        else:
            ranked = {"priority": Marked(rank, said.line, said.column)}
            entries.append((_word_of(said), Marked(ranked, said.line, said.column)))
    return entries


def _word_of(said: Marked) -> Marked:
    for name in _NAMES:
        if (found := said.get(name)) is not None:
            return found
    return said


def _enabled(said: Marked) -> bool:
    """A method is there unless it is switched off."""
    if said.value is False:
        return False
    switches = [said.get(name) for name in ("enabled", "active", "is_enabled")]
    return all(switch is None or switch.value is not False for switch in switches)


def _read_one(
    number: int, word: Marked, said: Marked, ranks: list[MethodRank], complaints: Complaints
) -> None:
    known = _WORDS.get(word.value.casefold()) if isinstance(word.value, str) else None
    if known is None:
        methods = ", ".join(method.value for method in Method)
        complaints.add(
            "unknown_method",
            word,
            f"{_spoken(word.value)} is no method; there are biometric, {methods}",
            f"{_spoken(word.value)} 不是验证方式；可用：biometric、{methods.replace(', ', '、')}",
        )
        return
    method, biometric = known
    if any(one.method is method for one in ranks):
        complaints.add(
            "method_named_twice", word, f"{method.value} stands here twice", f"{method.value} 重复出现"
        )
        return
    given = said.get("priority") or said.get("order") or said.get("rank")
    if given is None and isinstance(said.value, int) and not isinstance(said.value, bool):
        given = said
    priority = number if given is None else given.value
    if isinstance(priority, str) and priority.isascii() and priority.isdigit():
        priority = int(priority)
    if isinstance(priority, str) and priority.casefold() in _RANKS:
        priority = _RANKS[priority.casefold()]
    if not isinstance(priority, int) or isinstance(priority, bool) or priority < 0:
        complaints.add(
            "bad_priority",
            said if given is None else given,
            "a priority is a whole number, the smallest comes first",
            "priority 应为整数，数值最小者优先",
        )
        return
    ranks.append(MethodRank(method=method, priority=priority, biometric=biometric))


def _spoken(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(type(value).__name__)
