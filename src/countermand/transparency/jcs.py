"""RFC 8785 (JCS), restricted so that there is nothing to argue about: one value, one string of bytes.

Keys are ASCII, texts are Unicode NFC without lone surrogates, numbers are integers of at most 53 bits; no
fractions. On this subset sorted keys and no blanks are all of RFC 8785.
"""

from __future__ import annotations

import json
from typing import Any
from unicodedata import is_normalized

INTEGER_MAX = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The bytes of a value. Raises ValueError for what has no place in the restricted form.

    >>> canonical({"b": 1, "a": ["银", None, True]}).decode()
    '{"a":["银",null,true],"b":1}'
    """
    _check(value)
    return encoded(value)


def encoded(value: Any) -> bytes:
    """As `canonical`, of a value that is known to be in the restricted form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parsed(data: bytes) -> Any:
    """The value of canonical bytes. Raises ValueError where they are any other spelling of it, or none."""
    value = json.loads(data, object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse)
    if canonical(value) != data:
        raise ValueError("these bytes are not canonical")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _refuse(number: str) -> Any:
    raise ValueError(f"{number} is not an integer")


def _check(value: Any) -> None:
    if value is None or value is True or value is False:
        return
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise ValueError(f"{value} has more than 53 bits: write it as a string")
    elif kind is dict:
        for name, inner in value.items():
            if type(name) is not str or not name.isascii():
                raise ValueError(f"{name!r} is not a name in ASCII")
            _check(inner)
    elif kind is list:
        for inner in value:
            _check(inner)
    else:
        raise ValueError(f"a {kind.__name__} has no canonical form")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    if not is_normalized("NFC", text):
        raise ValueError("the text is not in Unicode NFC")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text holds half a character") from error
