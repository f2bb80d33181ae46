"""What the ordinary routes take and give; the OpenAPI document is derived from these."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from countermand.kernel.text import Text
from countermand.vocabulary.operations import PRINTABLE, Amount

Instant = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"}, max_length=64)]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
FileText = Annotated[str, msgspec.Meta(max_length=1024 * 1024)]


def _printable(length_max: int) -> Any:
    return Annotated[str, msgspec.Meta(min_length=1, max_length=length_max, pattern=PRINTABLE)]


class LabelResults(msgspec.Struct, frozen=True):
    """One answer (as for a single label) or `{"error": ...}` per label, in order."""

    results: list[dict[str, Any]]


class LabelLine(msgspec.Struct, frozen=True):
    """One label as it came: who said what, known since when, recorded when and by whose key.

    `seq` is its place in the one order of labels and operations: decisions with a higher number knew it.
    """

    label: str
    fraud: bool
    source: str
    known_at: Instant
    recorded_at: Instant
    recorded_by: str
    seq: int
    corrects: str | None
    trace: str | None


class LabelHistory(msgspec.Struct, frozen=True):
    """Up to 1,000 labels of an operation, the oldest first; the last of all counts. More: `after` its id."""

    operation: str
    labels: Annotated[list[LabelLine], msgspec.Meta(max_length=1000)]


class FreezeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the account is frozen: it is shown to whoever asks why nothing moves."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


class AccountStanding(msgspec.Struct, frozen=True):
    """Whether an account is frozen, and by which order; `order` null: there was nothing to lift.

    `incident` keeps it frozen after its own freeze was lifted, and is lifted at its own address.
    """

    account: str
    frozen: bool
    order: str | None
    reason: str | None = None
    placed_at: Instant | None = None
    incident: str | None = None


class FreezeShown(msgspec.Struct, frozen=True):
    """A standing order that stops whatever moves money, opens a debt or changes control."""

    order: str
    reason: str
    placed_at: Instant


class OrderShown(msgspec.Struct, frozen=True, kw_only=True):
    """One standing order; `values` name what it is about. In an incident: whether it still binds."""

    order: str
    measure: str
    account: str | None
    person: str | None
    values: list[str]
    amount_limit: Amount | msgspec.UnsetType | None = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    placed_at: Instant
    ends_at: Instant | None
    incident: str | msgspec.UnsetType | None = msgspec.UNSET
    lifted_at: Instant | msgspec.UnsetType | None = msgspec.UNSET
    lifted_by: str | msgspec.UnsetType | None = msgspec.UNSET
    binds: bool | msgspec.UnsetType = msgspec.UNSET


class AccountShown(msgspec.Struct, frozen=True):
    """What is known about an account; null is unknown. `guard` grows with every change."""

    account: str
    guard: int
    type: str | None
    timezone: str | None
    opened_at: Instant | None
    home_ips: list[str] | None
    home_places: list[str] | None
    devices: list[str] | None
    traits: list[str] | None
    kyc_level: int | None
    frozen: FreezeShown | None
    orders: list[OrderShown]


class ListEntryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value to put on a list: who says so, why, and until when (RFC 3339 with an offset)."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    expires_at: Instant


class ListEntryShown(msgspec.Struct, frozen=True):
    """One entry; `active` says whether rules see it now, `replaced` whether it took another's place."""

    list: str
    value: str
    source: str
    reason: str
    expires_at: Instant
    added_at: Instant
    added_by: str
    active: bool
    replaced: bool | msgspec.UnsetType = msgspec.UNSET


class ListEntryRemoved(msgspec.Struct, frozen=True):
    """The value no longer stands on the list."""

    list: str
    value: str
    removed: bool


class ListPage(msgspec.Struct, frozen=True):
    """Up to 1,000 entries by value; ask again with `after` set to the last value for more."""

    name: str
    entries: Annotated[list[ListEntryShown], msgspec.Meta(max_length=1000)]


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


class PolicyVersion(msgspec.Struct, frozen=True):
    """One recorded policy; `live` says whether it decides now, `state` where it stands on its way."""

    id: int
    name: str
    version: str
    recorded_at: Instant
    live: bool
    state: str


class PolicyVersions(msgspec.Struct, frozen=True):
    """Every policy that was ever recorded, newest first."""

    policies: list[PolicyVersion]


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
    """An operation as it was sent, what was known when it was decided, and what was answered."""

    operation: str
    decision: str
    policy: str
    received_at: Instant
    seq: int
    trace: str | None
    body: dict[str, Any]
    facts: dict[str, Any]
    answer: dict[str, Any]


class Health(msgspec.Struct, frozen=True):
    """The process is alive."""

    status: str


class Ready(msgspec.Struct, frozen=True):
    """What must hold before this server decides; `ready` when all do."""

    ready: bool
    checks: dict[str, bool]
