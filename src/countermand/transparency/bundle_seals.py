"""Who sealed a bundle and when: its manifest, the signature over it (CAdES), the time stamp over both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from countermand.transparency.asic import Manifest
from countermand.transparency.certificates import Led, led
from countermand.transparency.cms import CmsError, Signed, stamped, verified
from countermand.transparency.verify import Check, Mark, Question, said_time
from countermand.vocabulary.bundle_names import (
    MIMETYPE,
    SEALED_MANIFEST,
    SIGNATURE,
    SIGNATURE_MEDIA,
    STAMP,
    STAMP_MEDIA,
    STAMPED_MANIFEST,
    media_of,
)

_OUTSIDE = frozenset({MIMETYPE, SEALED_MANIFEST, SIGNATURE, STAMPED_MANIFEST, STAMP})


def manifest_checks(data: bytes, digests: Mapping[str, bytes]) -> Iterator[Check]:
    """Every file of the bundle stands in the manifest with its hash, and no other does."""
    sealed = {name: digest for name, digest in digests.items() if name not in _OUTSIDE}
    yield _manifest_check(data, SIGNATURE, SIGNATURE_MEDIA, sealed, "manifest", SEALED_MANIFEST)


def _manifest_check(
    data: bytes, signature: str, media: str, digests: Mapping[str, bytes], code: str, about: str
) -> Check:
    try:
        manifest = Manifest.parse(data)
    except ValueError as error:
        return Check(code, Mark.FAILED, about, {"detail": str(error)})
    if (manifest.signature, manifest.media) != (signature, media):
        return Check(code, Mark.FAILED, about, {"detail": "it names another signature"})
    for name in sorted(manifest.files.keys() | digests.keys()):
        listed, digest = manifest.files.get(name), digests.get(name)
        if listed is None or digest is None or (listed.media, listed.digest) != (media_of(name), digest):
            return Check(code, Mark.FAILED, name)
    return Check(code, Mark.PASSED, "", {"count": len(digests)})


def stamp_checks(files: Mapping[str, bytes], digests: Mapping[str, bytes], question: Question) -> list[Check]:
    """The time stamp over manifest and signature, where there is one; its time once it is trusted."""
    if STAMP not in files:
        return [Check("stamp_absent", Mark.REMARK)]
    over = {name: digests[name] for name in (SEALED_MANIFEST, SIGNATURE)}
    manifest = _manifest_check(
        files[STAMPED_MANIFEST], STAMP, STAMP_MEDIA, over, "stamp_manifest", STAMPED_MANIFEST
    )
    if manifest.mark is Mark.FAILED:
        return [manifest]
    return [token_check(files[STAMP], files[STAMPED_MANIFEST], question, "stamp", "")]


def token_check(token: bytes, content: bytes, question: Question, code: str, about: str) -> Check:
    """A time-stamp token over some content; unasked for where no authority was brought along."""
    try:
        stamp = stamped(token, content)
    except CmsError as error:
        unread = error.code == "cms_unreadable"
        mark = Mark.MISSING if unread else Mark.FAILED
        return Check(
            "stamp_unread" if unread else code, mark, about, {"why": error.code, "detail": str(error)}
        )
    said = {"at": said_time(stamp.at), "seconds": stamp.at, "authority": _name(stamp.signed)}
    if not question.authorities:
        return Check("stamp_unasked", Mark.REMARK, about, said)
    found = led(stamp.signed.certificate, stamp.signed.others, question.authorities, stamp.at, stamping=True)
    if found is Led.TRUSTED:
        return Check(code, Mark.PASSED, about, said)
    return Check(code, Mark.FAILED, about, {**said, "why": f"certificate_{found.value}"})


def seal_checks(files: Mapping[str, bytes], question: Question, stamp: list[Check]) -> Iterator[Check]:
    """The seal over the manifest, judged at the stamped time where that is trusted, else now."""
    try:
        signed = verified(files[SIGNATURE], files[SEALED_MANIFEST])
    except CmsError as error:
        yield Check("seal", Mark.FAILED, SIGNATURE, {"why": error.code, "detail": str(error)})
        return
    said = {"who": _name(signed)}
    if not question.seals:
        yield Check("seal_unasked", Mark.MISSING, "", said)
        return
    at = next(
        (one.values["seconds"] for one in stamp if (one.code, one.mark) == ("stamp", Mark.PASSED)),
        question.now,
    )
    if at is None:
        at = int(signed.certificate.not_valid_before_utc.timestamp())
    found = led(signed.certificate, signed.others, question.seals, at)
    said["at"] = said_time(at)
    if found is Led.TRUSTED:
        yield Check("seal", Mark.PASSED, "", said)
    elif found is Led.OVER:
        yield Check("seal_over", Mark.MISSING, "", said)
    else:
        yield Check("seal", Mark.FAILED, "", {**said, "why": f"certificate_{found.value}"})


def _name(signed: Signed) -> str:
    return signed.certificate.subject.rfc4514_string()
