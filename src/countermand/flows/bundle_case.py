"""A case is bound for whoever judges it: every entry, proof, exhibit and document in one sealed file."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec

from countermand.cases.desk_ports import Disclosure
from countermand.cases.numbers import read_number, spoken
from countermand.evidence.bundles import BundleFile, Shown, withheld
from countermand.evidence.custody import Touch
from countermand.evidence.zones import Sight, Zone, require_sight
from countermand.flows.ask_second import ask_second
from countermand.flows.bundle_entries import CaseEntries, entries_for_bundle
from countermand.flows.bundle_history import add_history
from countermand.flows.bundle_parts import PARTS, BundleHouse
from countermand.flows.bundle_ports import Container, Made
from countermand.flows.bundle_readme import bundle_readme
from countermand.flows.capture_exhibit import touch
from countermand.flows.case_desk import CaseWork, at_case
from countermand.flows.case_events import subject_of
from countermand.flows.case_papers import PAPER_PARTS
from countermand.flows.disclose import Asked, agreed_to, unmask_refused
from countermand.flows.hand_out_receipt import NotSealed
from countermand.flows.show_exhibits import plain_of
from countermand.flows.witnessed_proofs import own_policy
from countermand.intake.redaction import mask
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest, Conflict
from countermand.kernel.text import Text
from countermand.transparency.bundles import (
    Chain,
    DocumentLine,
    ExhibitLine,
    LogEnd,
    Statement,
    openings_said,
)
from countermand.transparency.entries import Entry
from countermand.vocabulary.acts import Why
from countermand.vocabulary.bundle_names import OPENINGS, POLICY, README, STATEMENT, object_name, proof_name
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.facts import CASE_BUNDLED, Fact
from countermand.vocabulary.staff import FieldClass, Purpose, Staff, Verb, Verdict

PURPOSE, FIELD = Purpose.LEGAL_REQUEST, FieldClass.THIRD_PARTY
BEHIND = Text(
    en="The log does not have all of this case yet; ask again in a few seconds.",
    zh="日志尚未收录该案的全部记录；请几秒后重试。",
)


class Bundling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a case is bound. `age`: a court's public key; then everything goes in, for its holder alone.

    `reason` says what for; to a court it must be there. `language` is the one that papers speak first.
    """

    language: Literal["zh", "en"] = "zh"
    age: str | None = None
    reason: Why | None = None


class Bound(NamedTuple):
    """A bundle that is on record and may leave; whoever takes it closes `made`. `media` is its type."""

    file_name: str
    made: Made
    sha256: str


async def bundle_case(
    house: BundleHouse, number: str, wanted: Bundling, by: Staff, trace: str | None = None
) -> Bound | NotSealed | dict[str, Any]:
    """Bind a case. To a court (`age`) only once a second person agreed to this very key in the last day.

    Everything is gathered, sealed and put on record before the first byte is given; `NotSealed` for the
    seconds until the log has all of it. Raises NotFound (`unknown_case`), Forbidden (`role_lacks_verb`,
    `zone_closed`, `conflict_of_interest`), BadRequest (`age_key_unusable`, `bundle_reason_missing`), Conflict
    (`evidence_altered`), SetupError, Unavailable.
    """
    shown = Shown.EVERYONE if wanted.age is None else Shown.COURT
    recipient = None if wanted.age is None else house.bindery.check_recipient(wanted.age)
    waits = await _allowed(house, number, wanted, recipient, by, trace)
    if waits is not None:
        return waits
    entries = await entries_for_bundle(house, number, shown)
    if entries is None:
        return NotSealed(spoken(read_number(number) or number), BEHIND)
    documents = await _documents(house, entries, wanted.language, shown)
    file = house.bindery.begin()
    try:
        container = await house.bindery.container(file)
        await _fill(house, container, entries, documents, shown)
        digest = await container.seal()
        await _record(house, number, entries, wanted, recipient, digest, by, trace)
        if recipient is not None:
            file = await house.bindery.encrypted(file, recipient)
    except BaseException:
        file.close()
        raise
    ending = "asice" if recipient is None else "asice.age"
    return Bound(f"case-{entries.case.number}.{ending}", file, digest.hex())


async def _allowed(
    house: BundleHouse, number: str, wanted: Bundling, recipient: str | None, by: Staff, trace: str | None
) -> dict[str, Any] | None:
    """None where they may; what waits for a second person otherwise."""
    async with house.room.works.open() as unit:
        work = await at_case(house.room.desk, unit, number, by, trace=trace)
        work.require(Verb.EXPORT)
        require_sight(by.roles, Zone.PERSONAL, Sight.MASKED)
        if recipient is None:
            return None
        if wanted.reason is None:
            raise BadRequest(
                "bundle_reason_missing",
                "Say what a bundle with everything in it is for: a second person reads it, the customer may.",
                "含全部原件的证据包须说明用途：复核人会看到，客户也可查阅。",
            )
        if work.verdict(Verb.UNMASK, PURPOSE, FIELD) is Verdict.DENY:
            raise unmask_refused(work, FIELD, PURPOSE)
        require_sight(by.roles, Zone.PERSONAL, Sight.RAW_BY_TWO, PURPOSE)
        asked = _asked(recipient, wanted)
        if await agreed_to(work, asked) is None:
            return await ask_second(work, Verb.UNMASK, asked)
    return None


def _asked(recipient: str, wanted: Bundling) -> Asked:
    """What a second person agrees to: everything of this case, for the holder of this key."""
    reason = "" if wanted.reason is None else mask(wanted.reason).text
    return Asked(message=f"bundle {recipient}", field=FIELD, purpose=PURPOSE, reason=reason)


async def _documents(
    house: BundleHouse, entries: CaseEntries, language: str, shown: Shown
) -> list[BundleFile]:
    """Every part's documents, those for a court only where it goes to one."""
    parts = [*PARTS.values(), *PAPER_PARTS.values()]
    made = [file for part in parts for file in await part(house, entries.case.id, language)]
    return [file for file in made if shown is Shown.COURT or file.shown is Shown.EVERYONE]


async def _fill(
    house: BundleHouse,
    container: Container,
    entries: CaseEntries,
    documents: Sequence[BundleFile],
    shown: Shown,
) -> None:
    """All that stands in a bundle, in the order in which a person reads it."""
    items = entries.items
    container.add(README, bundle_readme(spoken(entries.case.number)))
    container.add(STATEMENT, bytes(_statement(house, entries, documents, shown)))
    for file in documents:
        container.add(file.path, file.content)
    for name, item in items.items():
        container.add(name, item.entry)
        container.add(proof_name(name), str(item.proof).encode())
    container.add(OPENINGS, openings_said({name: item.openings for name, item in items.items()}))
    container.add(POLICY, await own_policy(house.proofs, items.values()))
    await add_history(house, container, list(items.values()))
    there: set[str] = set()
    for one in entries.exhibits:
        if withheld(one, shown) is None and one.plain_digest is not None:
            name = object_name(one.plain_digest)
            if name in there:
                continue  # the same bytes were handed in twice
            there.add(name)
            pieces = plain_of(house.room, entries.keys[one.data_key], one)
            if await container.stream(name, one.size, pieces) != one.plain_digest:
                raise Conflict(
                    "evidence_altered",
                    f"Exhibit {one.id} is not what was captured.",
                    f"证物 {one.id} 与采集时不符。",
                    exhibit=one.id,
                )


def _statement(
    house: BundleHouse, entries: CaseEntries, documents: Sequence[BundleFile], shown: Shown
) -> Statement:
    points = {item.proof.checkpoint for item in entries.items.values()}
    lines = []
    for one in entries.exhibits:
        why = withheld(one, shown)
        digest = None if why is not None or one.plain_digest is None else one.plain_digest.hex()
        lines.append(
            ExhibitLine(
                one.id, entries.captured[one.id], one.kind.value, one.declared, one.sniffed, one.lies,
                str(one.size), digest, None if why is None else why.value,
            )
        )  # fmt: skip
    return Statement(
        case=entries.case.number,
        institution=f"{house.institution.zh} / {house.institution.en}",
        shown=shown.value,
        made_at=rfc3339(house.room.clock.now()),
        chains=tuple(
            Chain(one.case, len(one.items), Entry.parse(one.items[-1].entry).leaf.hex())
            for one in entries.chains
        ),
        logs=tuple(LogEnd(one.origin, one.size, one.root.hex()) for one in sorted(points)),
        exhibits=tuple(lines),
        documents=tuple(DocumentLine(one.path, one.media, one.shown.value) for one in documents),
    )


async def _record(
    house: BundleHouse,
    number: str,
    entries: CaseEntries,
    wanted: Bundling,
    recipient: str | None,
    digest: bytes,
    by: Staff,
    trace: str | None,
) -> None:
    """Who took what out, for whom, who agreed: in chains of custody, disclosures and the journal."""
    async with house.room.works.open() as unit:
        work = await at_case(house.room.desk, unit, number, by, trace=trace)
        agreed_by = None
        if recipient is not None:
            agreed_by = await agreed_to(work, _asked(recipient, wanted))
            shown = [one for one in entries.exhibits if withheld(one, Shown.COURT) is None]
            for one in shown:
                await touch(work, one.id, Touch.EXPORTED, purpose=PURPOSE.value, agreed_by=agreed_by)
            await _disclose(work, entries, wanted, agreed_by)
        body = {
            "case": entries.case.id,
            "actor": by.name,
            "sha256": digest.hex(),
            "shown": Shown.EVERYONE.value if recipient is None else Shown.COURT.value,
            "entries": len(entries.items),
            "agreed_by": agreed_by,
            "recipient": None if recipient is None else sha256(recipient.encode()).hexdigest(),
        }
        known = {name: value for name, value in body.items() if value is not None}
        subject = await subject_of(unit, work.case)
        await unit.note([Fact(work.now, CASE_BUNDLED, known, subject, trace)])
        await work.end()


async def _disclose(work: CaseWork, entries: CaseEntries, wanted: Bundling, agreed_by: str | None) -> None:
    """Whoever's words are in it can read that they are, and why."""
    cases = {one.case for one in entries.chains}
    for case in sorted(cases):
        for message in await work.unit.cases.messages(case):
            if message.id not in entries.opened:
                continue
            one = Disclosure(
                id=work.new_id("disc"),
                case=case,
                message=message.id,
                field=FIELD.value,
                purpose=PURPOSE.value,
                reason="" if wanted.reason is None else mask(wanted.reason).text,
                viewer=work.by.name,
                approved_by=agreed_by,
                glass=None,
                at=work.now,
            )
            await work.unit.desk.disclose(one)
            work.happen(
                EventKind.DISCLOSED,
                message=message.id,
                disclosure=one.id,
                field=one.field,
                purpose=one.purpose,
            )
