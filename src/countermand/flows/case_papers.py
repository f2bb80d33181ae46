"""The papers about a case: each is made from one record, for the desk, for the holder, or for a bundle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePosixPath as Path
from types import MappingProxyType
from typing import Any

from countermand import __version__
from countermand.evidence.after_notice import after_notice
from countermand.evidence.after_notice_paper import losses_after_notice
from countermand.evidence.authorisation import authorisation_data
from countermand.evidence.authorisation_paper import authorisation_record
from countermand.evidence.bundles import BundleFile
from countermand.evidence.case_record import CaseRecord
from countermand.evidence.certificate import certificate, certificate_data, marks_of
from countermand.evidence.covering import Cover
from countermand.evidence.evidence_index import items_of
from countermand.evidence.masked_log import as_json_lines, as_table, lines_of
from countermand.evidence.masked_log_paper import masked_log_paper
from countermand.evidence.police_pack import police_pack
from countermand.evidence.proof_law import Mark
from countermand.evidence.responsibility_paper import responsibility_map
from countermand.evidence.responsibility_rules import map_of
from countermand.evidence.self_assessment import assessed
from countermand.evidence.self_assessment_paper import self_assessment
from countermand.evidence.timeline import moments_of, timeline_data
from countermand.evidence.timeline_page import timeline_page
from countermand.evidence.timeline_paper import timeline_paper
from countermand.flows.bundle_parts import BundleHouse, Part
from countermand.flows.case_record import gathered
from countermand.flows.check_items import check_items
from countermand.flows.clock_house import ClockHouse
from countermand.flows.press_papers import JSON, check_covered, json_of, pressed, scan_told
from countermand.flows.time_proofs import time_proof
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Case
from countermand.vocabulary.documents import Document
from countermand.work import Unit


class Paper(StrEnum):
    """Which paper."""

    AUTHORISATION_RECORD = "authorisation-record"
    RESPONSIBILITY_MAP = "responsibility-map"
    MASKED_LOG = "masked-log"
    TIMELINE = "timeline"
    FORENSIC_CERTIFICATE = "forensic-certificate"
    POLICE_PACK = "police-pack"
    SELF_ASSESSMENT = "self-assessment"
    LOSSES_AFTER_NOTICE = "losses-after-notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a paper is made from; `holder`: for the person it is about; `alone`: in no bundle."""

    house: BundleHouse
    record: CaseRecord
    cover: Cover
    language: str
    holder: bool = False
    alone: bool = True

    @property
    def institution(self) -> Text:
        """Whose paper it is."""
        return self.house.institution

    @property
    def timezone(self) -> str:
        """Whose clock it goes by."""
        return self.house.room.desk.timezone

    def terms(self, stamped: bool) -> dict[str, Any]:
        """What every paper is told of its making."""
        return {
            "institution": self.institution,
            "language": self.language,
            "timezone": self.timezone,
            "stamped": stamped,
        }

    async def pressed(
        self, paper: Paper, make: Callable[[bool], Document], data: dict[str, Any] | None
    ) -> tuple[BundleFile, ...]:
        """The files of a paper. Raises as `press_papers.pressed`."""
        return await pressed(self.house.proofs.papers, self.record, paper.value, make, data)


Making = Callable[[Order], Awaitable[tuple[BundleFile, ...]]]


async def _authorisation(order: Order) -> tuple[BundleFile, ...]:
    def make(stamped: bool) -> Document:
        return authorisation_record(order.record, order.cover, **order.terms(stamped))

    data = authorisation_data(order.record, order.cover)
    return await order.pressed(Paper.AUTHORISATION_RECORD, make, data)


async def _responsibility(order: Order) -> tuple[BundleFile, ...]:
    """The map as it stands, and as it stood at each decision."""
    found, names = map_of(order.record), clock_names(order.house.room.desk.clocks.house)

    def make(stamped: bool) -> Document:
        return responsibility_map(found, order.record, names, **order.terms(stamped))

    files = await order.pressed(Paper.RESPONSIBILITY_MAP, make, found.told())
    async with order.house.room.works.open() as unit:
        attached = [
            (part, seq, content)
            for part in order.record.parts
            for seq, content in await unit.paper_record.attached(part)
        ]
    decided = []
    for place, (_, seq, content) in enumerate(attached, 1):
        check_covered(order.record, f"responsibility-map {seq}", [content.decode()])
        decided.append(BundleFile(f"papers/responsibility-map-decision-{place}.json", JSON, content))
    return (*files, *decided)


async def _masked_log(order: Order) -> tuple[BundleFile, ...]:
    """The lines for programs and for spreadsheets, what the scanner said of them, and the paper over all."""
    record, name = order.record, Paper.MASKED_LOG.value
    lines = lines_of(record, order.cover, holder=order.holder)
    rows, table = as_json_lines(lines), as_table(lines, order.language)
    scanned = check_covered(record, name, [rows.decode(), table.decode()])
    files = [
        BundleFile(f"logs/{name}.jsonl", "application/jsonl", rows),
        BundleFile(f"logs/{name}.csv", "text/csv", table),
        BundleFile(f"logs/{name}-scan.json", JSON, json_of(scan_told(scanned, rows.decode()))),
    ]
    hashes = {file.path: sha256(file.content).hexdigest() for file in files}

    def make(stamped: bool) -> Document:
        return masked_log_paper(record, lines, scanned, hashes, holder=order.holder, **order.terms(stamped))

    return (*await order.pressed(Paper.MASKED_LOG, make, None), *files)


async def _timeline(order: Order) -> tuple[BundleFile, ...]:
    """PDF, a page for any browser, and data."""
    record, name = order.record, Paper.TIMELINE.value
    moments = moments_of(record, order.cover, clock_names(order.house.room.desk.clocks.house))
    proof = await time_proof(order.house.proofs, record)

    def make(stamped: bool) -> Document:
        return timeline_paper(record, moments, proof, **order.terms(stamped))

    page = timeline_page(
        record,
        moments,
        proof,
        institution=order.institution,
        language=order.language,
        timezone=order.timezone,
    )
    check_covered(record, name, [page])
    html = BundleFile(f"papers/{name}.html", "text/html", page.encode())
    return (*await order.pressed(Paper.TIMELINE, make, timeline_data(record, moments, proof)), html)


async def _certificate(order: Order) -> tuple[BundleFile, ...]:
    """Every item is hashed again before the certificate says anything about it."""
    record, room = order.record, order.house.room
    items, checked = items_of(record), await check_items(room, record)
    proof = await time_proof(order.house.proofs, record)

    def marks(stamped: bool) -> frozenset[Mark]:
        return marks_of(record, checked, proof, stamped=stamped, own_seal=room.own_seal)

    def make(stamped: bool) -> Document:
        return certificate(
            record, items, checked, room.proof_law, proof, marks(stamped), __version__, **order.terms(stamped)
        )

    data = certificate_data(record, items, checked, room.proof_law, marks(False))
    return await order.pressed(Paper.FORENSIC_CERTIFICATE, make, data)


async def _police_pack(order: Order) -> tuple[BundleFile, ...]:
    """In Chinese whatever was asked for. Alone, it brings the papers it speaks of, and all hashes."""
    order = replace(order, language="zh")
    record, room, name = order.record, order.house.room, Paper.POLICE_PACK.value
    items, checked = items_of(record), await check_items(room, record)
    beside: list[BundleFile] = []
    if order.alone:
        for paper in (Paper.AUTHORISATION_RECORD, Paper.TIMELINE, Paper.MASKED_LOG):
            beside += await MAKINGS[paper](order)
    hashes = {Path(file.path).name: sha256(file.content).hexdigest() for file in beside}

    def make(stamped: bool) -> Document:
        return police_pack(
            record, order.cover, items, checked, room.proof_law, hashes, **order.terms(stamped)
        )

    pack = await order.pressed(Paper.POLICE_PACK, make, None)
    if not order.alone:
        return pack
    listed = [*beside, *pack]
    sums = "".join(f"{sha256(one.content).hexdigest()}  {Path(one.path).name}\n" for one in listed)
    return (*listed, BundleFile(f"papers/{name}-sha256sums", "text/plain", sums.encode()))


async def _self_assessment(order: Order) -> tuple[BundleFile, ...]:
    record, names = order.record, clock_names(order.house.room.desk.clocks.house)
    controls = map_of(record)
    found = assessed(record, controls)

    def make(stamped: bool) -> Document:
        return self_assessment(found, controls, record, names, **order.terms(stamped))

    return await order.pressed(Paper.SELF_ASSESSMENT, make, found.told())


async def _losses_after_notice(order: Order) -> tuple[BundleFile, ...]:
    record = order.record
    found = after_notice(record)

    def make(stamped: bool) -> Document:
        return losses_after_notice(found, record, **order.terms(stamped))

    return await order.pressed(Paper.LOSSES_AFTER_NOTICE, make, found.told())


# Which papers there are, and which of them their holder is given too.
MAKINGS: Mapping[Paper, Making] = MappingProxyType(
    {
        Paper.AUTHORISATION_RECORD: _authorisation,
        Paper.RESPONSIBILITY_MAP: _responsibility,
        Paper.MASKED_LOG: _masked_log,
        Paper.TIMELINE: _timeline,
        Paper.FORENSIC_CERTIFICATE: _certificate,
        Paper.POLICE_PACK: _police_pack,
        Paper.SELF_ASSESSMENT: _self_assessment,
        Paper.LOSSES_AFTER_NOTICE: _losses_after_notice,
    }
)
FOR_HOLDER = frozenset(
    {
        Paper.AUTHORISATION_RECORD,
        Paper.MASKED_LOG,
        Paper.TIMELINE,
        Paper.POLICE_PACK,
        Paper.LOSSES_AFTER_NOTICE,
    }
)


async def make_paper(
    house: BundleHouse, case: Case, paper: Paper, language: str, *, holder: bool = False, alone: bool = True
) -> tuple[BundleFile, ...]:
    """The files of one paper about a case. Raises Unavailable, SetupError (`paper_would_leak`, ...)."""
    async with house.room.works.open() as unit:
        record = await gathered(house.room.desk, unit, case, facts=True)
    order = Order(
        house=house, record=record, cover=Cover(record), language=language, holder=holder, alone=alone
    )
    return await MAKINGS[paper](order)


def part_of(paper: Paper) -> Part:
    """The paper as a part of the bundle of a case."""

    async def part(house: BundleHouse, case: str, language: str) -> tuple[BundleFile, ...]:
        async with house.room.works.open() as unit:
            found = await case_named(unit, case)
        return await make_paper(house, found, paper, language, alone=False)

    return part


async def case_named(unit: Unit, name: str) -> Case:
    """A case by its name inside, which is known to be there."""
    numbers = await unit.desk.numbers_of([name])
    case = await unit.cases.by_number(numbers[name])
    assert case is not None, "what has a number is there"
    return case


PAPER_PARTS: Mapping[str, Part] = MappingProxyType({one.value: part_of(one) for one in Paper})


def clock_names(clocks: ClockHouse) -> dict[str, Text]:
    """What clocks are called, by their policies."""
    return {policy.id: policy.name for pack in clocks.rules.packs for policy in pack.clocks}
