"""An official account of WeChat: who signed a message, and what is encrypted on the way, both ways."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import BadRequest, Unauthenticated

BLOCK_BYTES: Final = 32
RANDOM_BYTES: Final = 16
KEY_CHARACTERS: Final = 43
AGE_SECONDS_MAX = 300
_IV_BYTES = 16


class WechatAccount(NamedTuple):
    """One official account. `keys` are its AES keys, newest first; messages under the previous one open too.

    Without keys its messages come plain. `plain_too`: it has keys, and plain messages are taken as well.
    """

    name: str
    app_id: str
    token: str
    keys: tuple[bytes, ...] = ()
    plain_too: bool = False


class Envelope(NamedTuple):
    """What the platform says about a message in the address it calls."""

    signature: str
    timestamp: str
    nonce: str
    encrypted: bool = False
    message_signature: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Envelope:
        """From the parameters of the address."""
        return cls(
            signature=query.get("signature", ""),
            timestamp=query.get("timestamp", ""),
            nonce=query.get("nonce", ""),
            encrypted=query.get("encrypt_type", "raw") == "aes",
            message_signature=query.get("msg_signature", ""),
        )


def key_of(encoding_key: str) -> bytes:
    """The AES-256 key of an EncodingAESKey: 43 characters that lack the `=` of Base64. Raises ValueError.

    >>> len(key_of("a" * 43))
    32
    """
    if len(encoding_key) != KEY_CHARACTERS or not encoding_key.isalnum() or not encoding_key.isascii():
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(encoding_key + "=")


def signature_of(token: str, timestamp: str, nonce: str, cipher: str | None = None) -> str:
    """SHA-1 of the parts in order of their characters, in hex, as the platform signs.

    >>> signature_of("token", "1", "2")
    '6d7149e287208afb17c14861c125053fd80c0f86'
    """
    parts = [token, timestamp, nonce] if cipher is None else [token, timestamp, nonce, cipher]
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def check_envelope(account: WechatAccount, envelope: Envelope, now: int, cipher: str | None = None) -> None:
    """Refuse what the platform did not sign for this account, or signed long ago; `now` in microseconds.

    Raises Unauthenticated (`wechat_unsigned`, `wechat_too_old`).
    """
    timestamp, nonce = envelope.timestamp, envelope.nonce
    good = _same(envelope.signature, signature_of(account.token, timestamp, nonce))
    if cipher is not None:
        good &= _same(envelope.message_signature, signature_of(account.token, timestamp, nonce, cipher))
    if not good or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise Unauthenticated(
            "wechat_unsigned",
            "This message is not signed with the token of the account.",
            "该消息未以公众号的令牌正确签名。",
        )
    if abs(now - int(timestamp) * MICROS_PER_SECOND) > AGE_SECONDS_MAX * MICROS_PER_SECOND:
        raise Unauthenticated(
            "wechat_too_old",
            f"This message was signed more than {AGE_SECONDS_MAX // 60} minutes from now.",
            f"该消息的签名时间与当前相差超过{AGE_SECONDS_MAX // 60}分钟。",
        )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def seal(account: WechatAccount, plain: bytes, chance: bytes) -> str:
    """A message under the newest key, in Base64: 16 bytes of chance, its length, it, and the app id."""
    assert len(chance) == RANDOM_BYTES, "16 bytes of chance"
    key = account.keys[0]
    whole = chance + len(plain).to_bytes(4) + plain + account.app_id.encode()
    missing = BLOCK_BYTES - len(whole) % BLOCK_BYTES
    cipher = Cipher(AES(key), CBC(key[:_IV_BYTES])).encryptor()
    return base64.b64encode(cipher.update(whole + bytes([missing]) * missing) + cipher.finalize()).decode()


def unseal(account: WechatAccount, cipher: str) -> bytes:
    """The message, under whichever key of the account it opens.

    Only for what `check_envelope` has let pass: nobody else learns how it failed. Raises BadRequest
    (`wechat_unreadable`), Unauthenticated (`wechat_not_ours`: it is for another account).
    """
    try:
        sealed = base64.b64decode(cipher, validate=True)
    except (binascii.Error, ValueError):
        raise unreadable() from None
    if not sealed or len(sealed) % _IV_BYTES:
        raise unreadable()
    strange = False
    for key in account.keys:
        opener = Cipher(AES(key), CBC(key[:_IV_BYTES])).decryptor()
        whole = opener.update(sealed) + opener.finalize()
        missing = whole[-1]
        if not 1 <= missing <= BLOCK_BYTES or whole[-missing:] != bytes([missing]) * missing:
            continue
        whole = whole[RANDOM_BYTES:-missing]
        length = int.from_bytes(whole[:4])
        plain, app_id = whole[4 : 4 + length], whole[4 + length :]
        if len(plain) == length and app_id == account.app_id.encode():
            return plain
        strange = True
    if strange:
        raise Unauthenticated(
            "wechat_not_ours",
            "This message is for another official account.",
            "该消息属于其他公众号。",
        )
    raise unreadable()


def unreadable() -> BadRequest:
    """The refusal of what is no message of the platform."""
    return BadRequest(
        "wechat_unreadable",
        "This is no message of the WeChat platform, or under a key that is not known here.",
        "这不是可识别的微信消息，或其密钥与本处设置不符。",
    )
