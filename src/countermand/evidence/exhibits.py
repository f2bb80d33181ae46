"""One piece of evidence: what it is, whether it is what it says, and where it came from."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from countermand.kernel.errors import BadRequest
from countermand.vocabulary.staff import FieldClass

EXHIBIT_BYTES_MAX = 4 * 1024**3


class ExhibitKind(StrEnum):
    """What it shows. id_copy: an identity document; it is marked with its purpose wherever it is shown."""

    SCREENSHOT = "screenshot"
    SMS = "sms"
    CALL_RECORD = "call_record"
    LOG = "log"
    PDF = "pdf"
    DEVICE_DATA = "device_data"
    ID_COPY = "id_copy"
    POLICE_RECEIPT = "police_receipt"
    OTHER = "other"


class About(StrEnum):
    """Whose data it holds above all: its data key, and with it its end, is theirs."""

    HOLDER = "holder"
    THIRD_PARTY = "third_party"


class Standing(StrEnum):
    """quarantined: kept, but given to nobody: it carries a virus. shredded: unreadable for good."""

    KEPT = "kept"
    QUARANTINED = "quarantined"
    SHREDDED = "shredded"


class Scan(StrEnum):
    """What the virus scanner said; unscanned where none is set, or the item is longer than it takes."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an exhibit came from, as far as known: kept sealed, for it tells about people.

    `device` names what captured it, `address` where it was sent from; `context` says more of the capture
    (application, version, what the device itself vouched for), each value a text of up to 500 characters.
    """

    actor: str
    channel: str
    device: str | None = None
    address: str | None = None
    context: dict[str, str] = {}


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """One item as it is kept. Instants are microseconds UTC; `size` is that of the plaintext in bytes.

    `plain_digest` is the SHA-256 of the plaintext (None once shredded), `object` the SHA-256 of the
    ciphertext, under which the object store has it. `name` has its personal numbers masked, `origin` is
    sealed. `lies`: what it was declared to be and what its bytes show do not fit each other.
    """

    id: str
    case: str
    data_key: str
    kind: ExhibitKind
    about: About
    name: str
    declared: str
    sniffed: str
    lies: bool
    size: int
    plain_digest: bytes | None
    object: bytes
    object_size: int
    scan: Scan
    standing: Standing
    origin: bytes
    captured_at: int
    captured_by: str
    derived_from: str | None = None
    attachment: str | None = None


_FIELDS = {
    ExhibitKind.ID_COPY: FieldClass.CONTACT,
    ExhibitKind.CALL_RECORD: FieldClass.CONTACT,
    ExhibitKind.SMS: FieldClass.CONTACT,
    ExhibitKind.DEVICE_DATA: FieldClass.CONTACT,
    ExhibitKind.POLICE_RECEIPT: FieldClass.CONTACT,
}


def field_of(kind: ExhibitKind, about: About) -> FieldClass:
    """What class of data a look at the raw item opens.

    >>> field_of(ExhibitKind.SCREENSHOT, About.HOLDER).value
    'financial'
    >>> field_of(ExhibitKind.SCREENSHOT, About.THIRD_PARTY).value
    'third_party'
    """
    return FieldClass.THIRD_PARTY if about is About.THIRD_PARTY else _FIELDS.get(kind, FieldClass.FINANCIAL)


# Never opened at anybody's desk: programs, and pages that run some.
DANGEROUS = frozenset(
    {
        "application/vnd.microsoft.portable-executable",
        "application/x-executable",
        "application/x-msdownload",
        "application/x-dosexec",
        "application/vnd.android.package-archive",
        "application/java-archive",
        "application/x-sh",
    }
)
UNKNOWN = "application/octet-stream"
_SAME = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/heif": "image/heic",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "video/quicktime": "video/mp4",
    "audio/mp4": "video/mp4",
    "audio/x-m4a": "video/mp4",
}
# Texts show nothing in their first bytes that tells which they are.
_TEXTS = ("text/", "application/json", "application/xml", "application/x-ndjson")


def type_lies(declared: str, sniffed: str) -> bool:
    """Whether the bytes contradict what was declared; who declares nothing lies about nothing.

    >>> type_lies("image/jpg", "image/jpeg"), type_lies("text/csv", "text/plain")
    (False, False)
    >>> type_lies("image/png", "text/html")
    True
    """
    said, shown = _plain(declared), _plain(sniffed)
    if said in (shown, UNKNOWN):
        return False
    if said.startswith(_TEXTS) and shown.startswith(_TEXTS):
        return shown == "text/html"
    if shown == UNKNOWN:
        # Where the bytes show nothing known, the declaration stands for kinds that have no mark of their own.
        return said.startswith(("image/", "text/")) or said == "application/pdf"
    return not (shown == "application/zip" and said.startswith("application/vnd.openxmlformats"))


def refuse_programs(sniffed: str) -> None:
    """Raises BadRequest (`exhibit_is_program`): what runs is no evidence that a portal takes."""
    if sniffed in DANGEROUS:
        raise BadRequest(
            "exhibit_is_program",
            f"The file is a program ({sniffed}), whatever its name says; send a picture or a PDF instead.",
            f"该文件实际为可执行程序（{sniffed}），不予接收；请改为上传截图、文本或 PDF。",
            sniffed=sniffed,
        )


def _plain(media_type: str) -> str:
    essence = media_type.partition(";")[0].strip().lower()
    return _SAME.get(essence, essence) or UNKNOWN
