"""What stands in a bundle, an ASiC-E container (ETSI EN 319 162-1), by name; nothing else has a place there.

Made of the standard library alone: the stand-alone verifier is built from it too.
"""

from __future__ import annotations

import re

BUNDLE_MEDIA = "application/vnd.etsi.asic-e+zip"
MIMETYPE, STATEMENT, OPENINGS = "mimetype", "bundle.json", "openings.json"
POLICY, README = "policy.txt", "README.txt"
SEALED_MANIFEST, SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
STAMPED_MANIFEST, STAMP = "META-INF/ASiCManifest002.xml", "META-INF/timestamp001.tst"
SIGNATURE_MEDIA = "application/pkcs7-signature"
STAMP_MEDIA = "application/vnd.etsi.timestamp-token"

NAME_CHARACTERS_MAX = 200
ENTRY_BYTES_MAX, PROOF_BYTES_MAX, NOTE_BYTES_MAX = 65_535, 500_000, 500_000
DOCUMENT_BYTES_MAX = 64 << 20
OBJECT_BYTES_MAX = 4 << 30
MEMBERS_MAX = 50_000
_FIXED_BYTES_MAX = {
    MIMETYPE: len(BUNDLE_MEDIA),
    STATEMENT: 8 << 20,
    OPENINGS: 64 << 20,
    POLICY: 1 << 18,
    README: 1 << 18,
    SEALED_MANIFEST: 32 << 20,
    SIGNATURE: 1 << 20,
    STAMPED_MANIFEST: 1 << 16,
    STAMP: 1 << 20,
}
_PLACE = r"[1-9][0-9]{0,5}-[1-9][0-9]{0,18}"
_KINDS = (
    (re.compile(rf"entries/{_PLACE}\.json"), "application/json", ENTRY_BYTES_MAX),
    (re.compile(rf"proofs/{_PLACE}\.tlog-proof"), "text/plain", PROOF_BYTES_MAX),
    (re.compile(rf"checkpoints/{_PLACE}\.txt"), "text/plain", NOTE_BYTES_MAX),
    (re.compile(rf"checkpoints/{_PLACE}\.consistency"), "text/plain", 1 << 13),
    (re.compile(rf"checkpoints/{_PLACE}\.tst"), STAMP_MEDIA, 1 << 20),
    (re.compile(rf"checkpoints/{_PLACE}\.anchor\.json"), "application/json", 1 << 20),
    (re.compile(r"objects/[0-9a-f]{64}"), "application/octet-stream", OBJECT_BYTES_MAX),
)
_MEDIA = {
    MIMETYPE: "text/plain",
    STATEMENT: "application/json",
    OPENINGS: "application/json",
    POLICY: "text/plain",
    README: "text/plain",
    SEALED_MANIFEST: "text/xml",
    SIGNATURE: SIGNATURE_MEDIA,
    STAMPED_MANIFEST: "text/xml",
    STAMP: STAMP_MEDIA,
}
# Documents are read by people. What ends otherwise, such as a key, is none.
DOCUMENT_MEDIA = {
    "pdf": "application/pdf",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "html": "text/html",
    "csv": "text/csv",
    "txt": "text/plain",
    "png": "image/png",
}
SUMS = "-sha256sums"  # what `sha256sum -c` reads has no ending of its own
_OWN_FOLDERS = frozenset({"meta-inf", "entries", "proofs", "objects", "checkpoints"})
_PART = r"[a-z0-9](?:[a-z0-9_-]|\.(?!\.))*"
_DOCUMENT = re.compile(rf"(?:{_PART}/){{0,3}}{_PART}(?:\.(?:{'|'.join(DOCUMENT_MEDIA)})|{SUMS})")


def is_document(path: str) -> bool:
    """Whether a document may have this path.

    >>> is_document("papers/timeline.html"), is_document("../timeline.html"), is_document("keys/log.pem")
    (True, False, False)
    """
    fits = len(path) <= NAME_CHARACTERS_MAX and _DOCUMENT.fullmatch(path) is not None
    return fits and path not in _MEDIA and path.partition("/")[0] not in _OWN_FOLDERS


def bytes_max(name: str) -> int | None:
    """How long a member of this name may be; None where nothing of this name has a place.

    >>> bytes_max("entries/1-7.json"), bytes_max("log.vkey"), bytes_max("entries/../a.json")
    (65535, None, None)
    """
    if name in _FIXED_BYTES_MAX:
        return _FIXED_BYTES_MAX[name]
    for pattern, _, limit in _KINDS:
        if pattern.fullmatch(name):
            return limit
    return DOCUMENT_BYTES_MAX if is_document(name) else None


def media_of(name: str) -> str:
    """The media type of a member. Raises ValueError where nothing of this name has a place."""
    if name in _MEDIA:
        return _MEDIA[name]
    for pattern, media, _ in _KINDS:
        if pattern.fullmatch(name):
            return media
    if not is_document(name):
        raise ValueError(f"nothing named {name!r} stands in a bundle")
    return "text/plain" if name.endswith(SUMS) else DOCUMENT_MEDIA[name.rpartition(".")[2]]


def entry_name(chain: int, seq: int) -> str:
    """The `seq`-th entry of a chain, both from 1."""
    return f"entries/{chain}-{seq}.json"


def proof_name(entry: str) -> str:
    """The name of the proof of an entry.

    >>> proof_name("entries/1-7.json")
    'proofs/1-7.tlog-proof'
    """
    return f"proofs/{entry.removeprefix('entries/').removesuffix('.json')}.tlog-proof"


def checkpoint_name(log: int, size: int) -> str:
    """A log's note at a size; what belongs to it has the same name with another ending."""
    return f"checkpoints/{log}-{size}.txt"


def object_name(digest: bytes) -> str:
    """Where an exhibit's bytes stand: under their SHA-256."""
    return f"objects/{digest.hex()}"
