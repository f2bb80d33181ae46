"""A paper about a case is handed out: to the desk by role, to the holder by receipt, always on record."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import PurePosixPath
from typing import NamedTuple

from countermand.evidence.bundles import BundleFile
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.case_desk import HOLDER, at_case
from countermand.flows.case_events import subject_of
from countermand.flows.case_papers import FOR_HOLDER, Paper, make_paper
from countermand.flows.grant_access import note_look
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import Forbidden, SetupError
from countermand.vocabulary.cases import Case
from countermand.vocabulary.facts import PAPER_HANDED, Fact
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.staff import Relation, Staff, Verb

# Whoever reads the masked messages reads masked papers; what is made for courts is for whoever may export.
_EXPORTED = frozenset({Paper.FORENSIC_CERTIFICATE})


class HandedPaper(NamedTuple):
    """The files of a paper, and the name of the archive that they leave in."""

    files: tuple[BundleFile, ...]
    file_name: str

    def packed(self, made_at: int) -> bytes:
        """All of them side by side in one archive (zip); `made_at` in microseconds UTC dates its members."""
        packed = BytesIO()
        when = moment_of(made_at).timetuple()[:6]
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in self.files:
                archive.writestr(
                    zipfile.ZipInfo(PurePosixPath(file.path).name, when), file.content, zipfile.ZIP_DEFLATED
                )
        return packed.getvalue()


async def hand_out_paper(
    house: BundleHouse, number: str, paper: Paper, language: str, by: Staff, trace: str | None = None
) -> HandedPaper:
    """A paper for somebody at the desk.

    Raises NotFound (`unknown_case`), Forbidden (`role_lacks_verb`, `conflict_of_interest`), SetupError
    (`paper_would_leak`, `no_seal`), Unavailable.
    """
    async with house.room.works.open() as unit:
        work = await at_case(house.room.desk, unit, number, by, trace=trace)
        work.require(Verb.EXPORT if paper in _EXPORTED else Verb.READ_MESSAGES)
        if work.relation is Relation.GRANTED:
            await note_look(work)
            await work.end()
        case = work.case
    files = await make_paper(house, case, paper, language)
    return await _handed(house, case, paper, files, by.name, trace)


async def hand_out_to_holder(
    house: BundleHouse, case: Case, paper: Paper, language: str, trace: str | None = None
) -> HandedPaper:
    """A paper for the person it is about; the public door has checked their receipt.

    Raises Forbidden (`paper_for_desk`, `holder_not_proven`), SetupError as above, Unavailable.
    """
    if case.standing != Standing.PROVEN.value:
        # Anybody may report about any account; only its holder reads what happened on it.
        raise Forbidden(
            "holder_not_proven",
            "This paper shows what happened on the account. Prove once that it is yours, then fetch it.",
            "该文件含账户操作记录，须先完成一次本人身份核验后再领取。",
            case=case.number,
        )
    if paper not in FOR_HOLDER:
        raise Forbidden(
            "paper_for_desk",
            f"The paper {paper.value} is made for the desk, the police or a court; ask the desk for it.",
            f"文件 {paper.value} 仅供客服台、公安机关或法院使用；如有需要请联系客服。",
            paper=paper.value,
        )
    files = await make_paper(house, case, paper, language, holder=True)
    return await _handed(house, case, paper, files, HOLDER.name, trace)


async def _handed(
    house: BundleHouse, case: Case, paper: Paper, files: Sequence[BundleFile], by: str, trace: str | None
) -> HandedPaper:
    """What leaves is on record by its hashes before it does."""
    if not files:
        raise SetupError(
            "no_seal",
            "No paper can be made here: nothing is set to print and seal it.",
            "此处无法制作文件：未设置印章与排版。",
        )
    body = {
        "case": case.id,
        "paper": paper.value,
        "by": by,
        "files": {file.path: sha256(file.content).hexdigest() for file in files},
    }
    async with house.room.works.open() as unit:
        subject = await subject_of(unit, case)
        await unit.note([Fact(house.room.clock.now(), PAPER_HANDED, body, subject, trace)])
    return HandedPaper(tuple(files), f"{paper.value}-{case.number}.zip")
