"""Personal values told by their shape: e-mail, plates, IBAN, letters before digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from countermand.intake.found import Certainty, Found, Kind
from countermand.intake.number_words import follows_order
from countermand.intake.personal_numbers import is_hong_kong_id, is_iban, is_taiwan_id

AROUND_MAX = 24
# The first part begins where no such character stands before it, so each run is read once.
_EMAIL = re.compile(
    r"(?<![a-z0-9._%+*-])[a-z0-9._%+-]+@(?:[a-z0-9-]{1,63}\.){1,6}(?:xn--[a-z0-9-]{2,40}|[a-z]{2,24})(?![a-z])"
)
_PROVIDER = (
    r"(?:qq|vip ?\. ?qq|163|126|139|189|gmail|outlook|hotmail|yahoo|foxmail|sina|icloud|live|aliyun|yeah)"
)
_AT_PROVIDER = re.compile(
    rf" ?(?:@|#|[(\[]at[)\]]| at |艾特|圈a) ?{_PROVIDER}"
    r" ?(?:\.|。|点| dot |[(\[]dot[)\]]) ?(?:com|net|cn|hk|tw)(?![a-z])"
)
_LOCAL_PART = re.compile(r"[a-z0-9][a-z0-9._+-]{1,63}$")

_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][a-hj-z][ ·.•-]{0,2}"
    r"(?:[a-hjk][a-hj-np-z0-9]\d{4}|\d{5}[a-hjk]|[a-hj-np-z0-9]{5}|[a-hj-np-z0-9]{4}[挂学警港澳领])(?![a-z0-9])"
)
_LETTERED = re.compile(r"(?<![a-z0-9*])([a-z]{1,2})[ -]?(\d{6,10})(?: ?\(([0-9a])\)|(a))?(?![a-z0-9*])")
_MACAO = re.compile(r"(?<![\d*/(-])[1578](?:\d{6} ?\(\d\)|/\d{6}/\d)(?![\d/(])")
_SOCIAL_SECURITY = re.compile(r"(?<![\d*-])(?!000|666|9)\d{3}([ -])(?!00)\d\d\1(?!0000)\d{4}(?![\d-])")
_SOCIAL_SECURITY_WORD = re.compile(r"ssn|social security")

_PASSPORT_WORD = re.compile(r"护照|证件|passport|huzhao")
_PERMIT_WORD = re.compile(r"通行证|回乡证|台胞证|来往内地|往来|permit|huixiangzheng")
_HONG_KONG_WORD = re.compile(r"香港|身份证|证件|hkid|hong kong|identity|id card")
_PASSPORT = re.compile(r"[egpsdkhm]\d{8}|[ek][a-z]\d{7}")
_PERMIT = re.compile(r"[hm]\d{8}(?:\d\d)?|c[a-z]?\d{7,8}|[twl]\d{8}")

_IBAN_START = re.compile(r"(?<![a-z0-9*])[a-z]{2}\d\d(?= ?[a-z0-9]{4})")
_IBAN_SIZES = {
    entry[:2]: int(entry[2:])
    for entry in (
        "ad24 ae23 al28 at20 az28 ba20 be16 bg22 bh22 br29 by28 ch21 cr22 cy28 cz24 de22 dk18 do28 ee20 eg29 "
        "es24 fi18 fo18 fr27 gb22 ge22 gi23 gl18 gr27 gt28 hr21 hu28 ie22 il23 iq23 is26 it27 jo30 kw30 kz20 "
        "lb28 lc32 li21 lt20 lu20 lv21 mc27 md24 me22 mk19 mr27 mt31 mu30 nl18 no15 pk24 pl28 ps29 pt25 qa29 "
        "ro24 rs22 sa24 sc31 se24 si19 sk24 sm27 st25 sv28 tl23 tn24 tr26 ua29 va22 vg24 xk20"
    ).split()
}


def shaped(view: str) -> Iterator[Found]:
    """The values of a folded text that their own shape tells; some need a word nearby to be believed."""
    if "@" in view:
        for match in _EMAIL.finditer(view):
            yield Found(Kind.EMAIL, match.start(), match.end(), Certainty.CERTAIN)
    for match in _AT_PROVIDER.finditer(view):
        local = _LOCAL_PART.search(view, max(0, match.start() - 64), match.start())
        if local is not None:
            yield Found(Kind.EMAIL, local.start(), match.end(), Certainty.LIKELY)
    for match in _PLATE.finditer(view):
        if sum(map(str.isdigit, match[0])) >= 2:
            yield Found(Kind.PLATE, match.start(), match.end(), Certainty.CERTAIN)
    for match in _LETTERED.finditer(view):
        yield from _lettered(view, match)
    for match in _MACAO.finditer(view):
        yield Found(Kind.MACAO_ID, match.start(), match.end(), Certainty.LIKELY)
    for match in _SOCIAL_SECURITY.finditer(view):
        named = match[1] == "-" or _near(_SOCIAL_SECURITY_WORD, view, match.start(), match.end())
        if named and not follows_order(view, match.start()):
            yield Found(Kind.SOCIAL_SECURITY, match.start(), match.end(), Certainty.LIKELY)
    yield from _bank_accounts(view)


def _lettered(view: str, match: re.Match[str]) -> Iterator[Found]:
    letters, digits = match[1], match[2]
    start, end = match.span()
    check = match[3] or match[4]
    if len(digits) == 7 and check is None:
        digits, check = digits[:6], digits[6]
    if len(digits) == 6 and check is not None:
        valid = is_hong_kong_id(letters, digits, check)
        if (valid and match[3]) or _near(_HONG_KONG_WORD, view, start, end):
            yield Found(Kind.HONG_KONG_ID, start, end, Certainty.CERTAIN if valid else Certainty.LIKELY)
            return
    if match[3] is not None:
        return
    written = letters + match[2]
    if (
        len(written) == 10
        and len(letters) == 1
        and written[1] in "1289"
        and is_taiwan_id(letters, written[1:])
    ):
        if not follows_order(view, start):
            yield Found(Kind.TAIWAN_ID, start, end, Certainty.CERTAIN)
        return
    if _PERMIT.fullmatch(written) and _near(_PERMIT_WORD, view, start, end):
        yield Found(Kind.TRAVEL_PERMIT, start, end, Certainty.CERTAIN)
    elif _PASSPORT.fullmatch(written) and _near(_PASSPORT_WORD, view, start, end):
        yield Found(Kind.PASSPORT, start, end, Certainty.CERTAIN)


def _near(words: re.Pattern[str], view: str, start: int, end: int) -> bool:
    """Whether one of the words stands nearby, nothing hidden between them."""
    first = max(0, start - AROUND_MAX, view.rfind("***", max(0, start - AROUND_MAX), start) + 3)
    return (
        words.search(view, first, start) is not None or words.search(view, end, _until(view, end)) is not None
    )


def _until(view: str, end: int) -> int:
    hidden = view.find("***", end, end + AROUND_MAX // 2)
    return hidden if hidden >= 0 else end + AROUND_MAX // 2


def _bank_accounts(view: str) -> Iterator[Found]:
    for match in _IBAN_START.finditer(view):
        size = _IBAN_SIZES.get(match[0][:2])
        if size is None:
            continue
        place, value = match.start(), ""
        while place < len(view) and len(value) < size:
            character = view[place]
            if character.isascii() and character.isalnum():
                value += character
            elif character not in " -":
                break
            place += 1
        if len(value) == size and not view[place : place + 1].isalnum() and is_iban(value):
            yield Found(Kind.IBAN, match.start(), place, Certainty.CERTAIN)
