"""What the ordinary routes take and give; the OpenAPI document is derived from these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from countermand.kernel.text import Text
from countermand.vocabulary.operations import Identifier

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
FileText = Annotated[str, msgspec.Meta(max_length=1024 * 1024)]


class FreezeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the account is frozen: it stands in the journal and is shown to whoever asks."""

    reason: Sentence


class ListEntryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value to put on a list: who says so, why, and until when."""

    value: Identifier
    source: Sentence
    reason: Sentence
    expires_at: Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]


class ListEntries(msgspec.Struct, frozen=True):
    """The entries of one list."""

    name: Name
    entries: list[dict[str, Any]]


class PolicyFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy folder: file name to text."""

    files: Annotated[dict[FileName, FileText], msgspec.Meta(min_length=1, max_length=64)]


class FindingRow(msgspec.Struct, frozen=True):
    """One thing that keeps a policy from being published; lines and columns count from 1."""

    code: str
    file: str
    line: int
    column: int
    text: Text


class PolicyFindings(msgspec.Struct, frozen=True):
    """All findings; a policy without any may be published."""

    publishable: bool
    findings: list[FindingRow]


class PolicySummary(msgspec.Struct, frozen=True):
    """One policy by name; `live` says whether it decides now."""

    name: str
    version: str
    title: Text
    live: bool


class Policies(msgspec.Struct, frozen=True):
    """The policies of this server."""

    policies: list[PolicySummary]


class RuleRow(msgspec.Struct, frozen=True):
    """One rule: its outcome, its score, what it says, and the facts it shows."""

    id: str
    then: str
    score: int
    reason: Text
    shows: list[str]


class LivePolicy(msgspec.Struct, frozen=True):
    """The policy that decides now; `digest` is the SHA-256 of its files."""

    name: str
    version: str
    title: Text
    digest: str
    rules: list[RuleRow]


class RecordedOperation(msgspec.Struct, frozen=True):
    """An operation as it was sent, what was known, and what was answered."""

    operation: str
    body: dict[str, Any]
    facts: dict[str, Any]
    answer: dict[str, Any]
    policy: str
    received_at: str
    seq: int
    trace: str | None


class Health(msgspec.Struct, frozen=True):
    """The process is alive."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """What must hold before this server decides; `ready` when all do."""

    ready: bool
    checks: dict[str, bool]
