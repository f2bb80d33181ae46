"""The timeline on paper, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.paper_words import MASKED_FOOT, field, signed_foot
from countermand.evidence.timeline import Moment, TimeProof
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, wall_time, written_time
from countermand.vocabulary.documents import (
    Cell,
    Document,
    Field,
    Fields,
    Prose,
    Section,
    Step,
    Steps,
    exact,
    same,
)

TITLE = Text(en="Timeline", zh="时间线")
LEAD = Text(
    en="What happened, in order, by the institution's clock; what vouches for these times stands at the end.",
    zh="按机构时钟列示事件经过；时间由谁证明见文末。",
)
CLAIMED = Text(
    en="A time of ours is our claim. That something existed at the latest at a certain time is proved by "
    "others: by the signed tree of the public log, by witnesses who signed it, by time-stamp authorities.",
    zh="机构记录的时间属于机构陈述；“最迟在何时已经存在”由第三方证明："
    "公开日志的签名树、见证方的签名以及可信时间戳机构。",
)
NOT_SEALED = Text(
    en="The log has not signed these entries yet; make this paper again in a minute.",
    zh="存证日志尚未对上述记录签名；请稍后重新制作本文件。",
)


def timeline_paper(
    record: CaseRecord,
    moments: Sequence[Moment],
    proof: TimeProof | None,
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """A section for each day, and one for what proves the times."""
    days = [
        Section(same(day), (Steps(tuple(_step(one, timezone) for one in those)),))
        for day, those in groupby(moments, lambda one: f"{wall_time(one.at, timezone):%Y-%m-%d}")
    ]
    return Document(
        language=language,
        institution=institution,
        title=TITLE,
        lead=LEAD,
        number=field("Case number", "案件编号", record.number),
        summary=(
            field("Made at", "制作时间", written_time(record.made_at, timezone)),
            *(() if not moments else _span(moments, timezone)),
            field("Moments", "事件数", str(len(moments))),
        ),
        sections=(*days, proof_section(proof, timezone)),
        foot=(MASKED_FOOT, signed_foot(stamped=stamped)),
        made_at=record.made_at,
    )


def proof_section(proof: TimeProof | None, timezone: str) -> Section:
    """What vouches for the times."""
    title = Text(en="What proves the times", zh="时间由谁证明")
    if proof is None:
        return Section(title, (Prose((CLAIMED, NOT_SEALED)),))
    nobody = Text(en="none has signed this tree yet", zh="尚无见证方签名")
    rows = (
        field("Log", "存证日志", exact(proof.origin)),
        field("Entries of this case", "本案记录", f"{proof.entries} / {proof.lines}"),
        field("Tree size", "树大小", str(proof.size)),
        field("Root hash", "根哈希", exact(proof.root)),
        field("Signed at", "签名时间", exact_time(proof.signed_at, timezone)),
        field("Witnesses", "见证方", same(", ".join(proof.witnesses)) if proof.witnesses else nobody),
    )
    return Section(title, (Prose((CLAIMED,)), Fields(rows)))


def _span(moments: Sequence[Moment], timezone: str) -> tuple[Field, ...]:
    first, last = moments[0].at, moments[-1].at
    return (
        field("From", "起", exact_time(first, timezone)),
        field("To", "止", exact_time(last, timezone)),
    )


def _step(one: Moment, timezone: str) -> Step:
    entry = one.entry
    shown = f"{wall_time(one.at, timezone):%H:%M:%S}"
    by = one.by
    if entry is not None:
        said = Text(en=f"log {entry}", zh=f"日志 {entry}")
        by = said if by is None else Text(en=f"{by.en} · {said.en}", zh=f"{by.zh} · {said.zh}")
    return Step(at=shown, what=Cell(one.what, one.tone), more=one.more, by=by)
