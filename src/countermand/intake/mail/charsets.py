"""Text from bytes whose declared charset may be missing, wrong or only half true."""

from __future__ import annotations

import codecs
import re

# Chinese programs write these names for more characters than they hold; the larger set reads both.
_LARGER = {
    **dict.fromkeys(
        (
            "gb2312",
            "gb-2312",
            "gb_2312-80",
            "gb2312-80",
            "gbk",
            "x-gbk",
            "cp936",
            "ms936",
            "gb_2312",
            "euc-cn",
        ),
        "gb18030",
    ),
    **dict.fromkeys(("big5", "big-5", "x-big5", "cp950", "big5-eten"), "big5hkscs"),
    "hz-gb-2312": "hz",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
}
# What many programs declare when they have not looked: true only if every byte is plain.
_CARELESS = frozenset({"us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})
_GUESSES = ("utf-8", "gb18030", "big5hkscs")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The commonest characters of Chinese prose, and of complaints, simplified and traditional.
_COMMON = frozenset(
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于"
    "心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿"
    "回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感見這個們來時為說國後會過對學麼還樣種開"
    "總從無現頭經長兒愛給間兩親進話與帐账户号元卡钱转款贷还本操作授权非紧急反馈请冻结您好谢收到邮件案件编号銀帳"
    "戶號錢轉貸還權緊饋請凍結謝郵件單，。：！？、"
)
_UNLIKELY = re.compile(r"[\ue000-\uf8ff\x80-\x9f\uff61-\uff9f\ufffd\u0370-\u03ff]")
_BETTER_BY = 0.2
_HIGH = re.compile(rb"[\x80-\xff]")
_SHIFTS = re.compile(rb"\x1b\$[)*+].|\x1bN..|[\x0e\x0f]", re.DOTALL)


def decoded(raw: bytes, declared: str | None = None) -> tuple[str, bool]:
    """The text, without NULs and lone surrogates, and whether it was read as declared. Never raises.

    >>> decoded("紧急".encode("gbk"), "gb2312"), decoded("紧急".encode(), "us-ascii")
    (('紧急', True), ('紧急', False))
    """
    name = _known(declared)
    if name is None and (declared or "").lower().startswith("iso-2022-cn"):
        return _clean(_iso_2022_cn(raw)), True
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return _clean(raw.decode(codec, "replace").lstrip("\ufeff")), True
    if name is not None and not _HIGH.search(raw):
        text = raw.decode(name, "replace")
        return _clean(text), True
    trusted = None if name is None or (declared or "").lower() in _CARELESS else name
    return _guessed(raw, trusted)


def _known(declared: str | None) -> str | None:
    plain = (declared or "").strip().strip("\"'").lower()
    try:
        return codecs.lookup(_LARGER.get(plain, plain)).name if plain.isprintable() and plain else None
    except (LookupError, ValueError):
        return None


def _guessed(raw: bytes, trusted: str | None) -> tuple[str, bool]:
    """The declared charset unless another one reads clearly better; what reads as UTF-8 is UTF-8."""
    readings: dict[str, str] = {}
    for name in (trusted, *_GUESSES):
        if name is not None and name not in readings and (text := _strictly(raw, name)) is not None:
            readings[name] = text
    if "utf-8" in readings and _HIGH.search(raw):
        return _clean(readings["utf-8"]), trusted == "utf-8"
    if trusted in readings:
        best = max(readings, key=lambda name: likeness(readings[name]))
        better = likeness(readings[best]) - likeness(readings[trusted]) > _BETTER_BY
        chosen = best if better else trusted
        return _clean(readings[chosen]), chosen == trusted
    if trusted is not None:
        # Cut in the middle, or a few bytes spoiled: read what can be, in the charset that loses least.
        names = (trusted, *_GUESSES)
        texts = {name: raw.decode(name, "replace") for name in names}
        best = min(names, key=lambda name: texts[name].count("\ufffd") - 4 * (name == trusted))
        return _clean(texts[best]), best == trusted
    if readings:
        return _clean(max(readings.values(), key=likeness)), False
    texts = {name: raw.decode(name, "replace") for name in _GUESSES}
    return _clean(min(texts.values(), key=lambda text: text.count("\ufffd"))), False


def _strictly(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except (UnicodeDecodeError, ValueError):
        return None


def likeness(text: str) -> float:
    """How much it looks like Chinese that somebody wrote: 0 to 1.

    >>> likeness("我的账户") > likeness("鎴戠殑璐︽埛")
    True
    """
    letters = [letter for letter in text[:2000] if letter > "\x7f"]
    if not letters:
        return 0.5
    common = sum(letter in _COMMON for letter in letters)
    return max(0.0, (common - 3 * len(_UNLIKELY.findall(text[:2000]))) / len(letters))


def _iso_2022_cn(raw: bytes) -> str:
    """RFC 1922: GB 2312 between SO and SI; the planes of CNS 11643 have no table here and are marked."""
    parts: list[str] = []
    shifted, set_ = False, b"A"
    behind = 0
    for sign in _SHIFTS.finditer(raw):
        parts.append(_shifted(raw[behind : sign.start()], set_ if shifted else b""))
        behind = sign.end()
        if sign[0] == b"\x0e":
            shifted = True
        elif sign[0] == b"\x0f":
            shifted = False
        elif sign[0][1:3] == b"$)":
            set_ = sign[0][3:4]
        elif sign[0][1:2] == b"N":
            parts.append("\ufffd")
    parts.append(_shifted(raw[behind:], set_ if shifted else b""))
    return "".join(parts)


def _shifted(raw: bytes, set_: bytes) -> str:
    if not set_:
        return raw.decode("ascii", "replace")
    if set_ != b"A":
        return "\ufffd" * (len(raw) // 2)
    high = bytes(byte | 0x80 if byte > 0x20 else byte for byte in raw)
    return high.decode("gb2312", "replace")


def _clean(text: str) -> str:
    return "".join(
        letter for letter in text if letter not in "\0\ufeff" and not "\ud800" <= letter <= "\udfff"
    )
