"""Time-stamp tokens (RFC 3161, RFC 5816): requests are written, answers read, and everything in them checked.

Parsing and path validation are pyHanko's. The token that is kept is byte for byte what the authority sent.
Whoever imports this waits most of a second for it: the composition root does so only where it is wanted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, pem, tsp, x509
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from countermand.extensions import tsa_away, tsa_lies
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import CountermandError
from countermand.transparency.stamps import DIGEST_BYTES, StampedTime

CHAIN_FILE_BYTES_MAX = 1 << 20
_GRANTED = frozenset({"granted", "granted_with_mods"})
_TIME_STAMPING = "time_stamping"
# pyHanko tells its log of every token it doubts; here a doubt is a refusal with a code, told once.
logging.getLogger("pyhanko.sign").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


class Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp, with the token as optional as RFC 3161 has it: a refusal comes without."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a token is believed: certificates to end at, others on the way, and policies (OIDs; none: any)."""

    roots: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...] = ()
    policies: frozenset[str] = frozenset()


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file. Raises OSError, ValueError (also where there is none)."""
    content = path.read_bytes()
    if len(content) > CHAIN_FILE_BYTES_MAX:
        raise ValueError("the file is too long")
    found = [x509.Certificate.load(der, strict=True) for _, _, der in pem.unarmor(content, multiple=True)]
    for one in found:
        one.native  # noqa: B018 - everything in it is parsed here, not when somebody is waiting
    if not found:
        raise ValueError("no certificate in it")
    return tuple(found)


def request_of(digest: bytes, nonce: int, policy: str | None = None) -> bytes:
    """The request (TimeStampReq) for a token over a SHA-256 digest, with the certificates it needs."""
    assert len(digest) == DIGEST_BYTES, "a time stamp is of a SHA-256"
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
    values = {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    if policy is not None:
        values["req_policy"] = policy
    return bytes(tsp.TimeStampReq(values).dump())


def token_of(reply: bytes) -> bytes:
    """The token in an answer (TimeStampResp), as it stands there.

    Raises Unavailable (`tsa_away`: it declines), Conflict (`tsa_lies`: it is no such answer).
    """
    try:
        response = Response.load(reply, strict=True)
        status = str(response["status"]["status"].native)
        failure = response["status"]["fail_info"].native
        token = bytes(response["time_stamp_token"].dump())
    except Exception as error:
        raise tsa_lies("an answer that is no RFC 3161 response") from error
    if status not in _GRANTED:
        raise tsa_away(f"it declines: {status} {' '.join(sorted(failure or ()))}".rstrip())
    if not token:
        raise tsa_lies("granted, but without a token")
    assert token in reply, "what is kept is what was sent"
    return token


async def examine(token: bytes, digest: bytes, trust: Trust, nonce: int | None = None) -> StampedTime:
    """What a token says, once all of it holds: subject, nonce (if handed in), policy, signature, chain.

    The chain must have held at the stamped time: a token outlives the certificate it was made with.
    Raises Conflict (`tsa_lies`).
    """
    try:
        content = cms.ContentInfo.load(token, strict=True)
        signed = content["content"]
        info = signed["encap_content_info"]["content"].parsed
        if content["content_type"].native != "signed_data" or not isinstance(info, tsp.TSTInfo):
            raise tsa_lies("it is no time-stamp token")
        _subject(info, digest, nonce, trust)
        signer = await _signer(signed, info, digest, trust)
        accuracy = info["accuracy"]
        stamped = StampedTime(
            at=micros_of(info["gen_time"].native),
            accuracy=0 if isinstance(accuracy, core.Void) else _micros(accuracy),
            serial=str(info["serial_number"].native),
            policy=str(info["policy"].dotted),
            authority=str(signer.subject.human_friendly),
        )
    except CountermandError:
        raise
    except Exception as error:  # parsers so general have many words for "broken"; here all mean this
        raise tsa_lies(f"it cannot be read ({type(error).__name__})") from error
    return stamped


def _subject(info: tsp.TSTInfo, digest: bytes, nonce: int | None, trust: Trust) -> None:
    imprint = info["message_imprint"]
    if info["version"].native != "v1":
        raise tsa_lies("its version is not 1")
    if (
        imprint["hash_algorithm"]["algorithm"].native != "sha256"
        or imprint["hashed_message"].native != digest
    ):
        raise tsa_lies("it stamps something else")
    if nonce is not None and info["nonce"].native != nonce:
        raise tsa_lies("it answers another request (nonce)")
    if trust.policies and info["policy"].dotted not in trust.policies:
        raise tsa_lies(f"policy {info['policy'].dotted} is not one that was agreed")


async def _signer(signed: cms.SignedData, info: tsp.TSTInfo, digest: bytes, trust: Trust) -> x509.Certificate:
    if len(signed["signer_infos"]) != 1:
        raise tsa_lies("it is not signed by exactly one")
    attributes = {one["type"].native for one in signed["signer_infos"][0]["signed_attrs"]}
    if attributes.isdisjoint({"signing_certificate", "signing_certificate_v2"}):
        raise tsa_lies("its signature does not name its certificate")
    context = ValidationContext(
        trust_roots=list(trust.roots),
        other_certs=list(trust.others),
        moment=info["gen_time"].native,
        allow_fetching=False,
    )
    status = TimestampSignatureStatus(**await validate_tst_signed_data(signed, context, lambda _: digest))
    if not (status.valid and status.intact):
        raise tsa_lies("its signature is wrong")
    if not status.trusted:
        raise tsa_lies("its certificate leads to none that is trusted here")
    signer: x509.Certificate = status.signing_cert
    _purpose(signer)
    return signer


def _purpose(signer: x509.Certificate) -> None:
    """RFC 3161 section 2.3: for time stamping, for nothing else, and marked critical."""
    purposes = signer.extended_key_usage_value
    if purposes is None or list(purposes.native) != [_TIME_STAMPING]:
        raise tsa_lies("its certificate is not for time stamping alone")
    if "extended_key_usage" not in signer.critical_extensions:
        raise tsa_lies("its certificate does not insist on its purpose")


def _micros(accuracy: Any) -> int:
    """Seconds, milliseconds and microseconds, each of which may be absent."""
    parts: Sequence[tuple[str, int]] = (("seconds", 1_000_000), ("millis", 1_000), ("micros", 1))
    return sum((accuracy[name].native or 0) * micros for name, micros in parts)
