"""Papers leave here: read for raw personal data first, then set and sealed; what shows any is not made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from countermand.evidence.bundles import BundleFile, Shown
from countermand.evidence.case_record import CaseRecord
from countermand.evidence.leak_scanner import Scan, Shape, scan
from countermand.flows.hand_out_receipt import Papers
from countermand.intake.redaction import find
from countermand.kernel.errors import SetupError
from countermand.vocabulary.documents import Document

PDF, JSON = "application/pdf", "application/json"

log = structlog.get_logger(__name__)


async def pressed(
    papers: Papers | None,
    record: CaseRecord,
    name: str,
    make: Callable[[bool], Document],
    data: dict[str, Any] | None = None,
    *,
    shown: Shown = Shown.EVERYONE,
) -> tuple[BundleFile, ...]:
    """A paper as PDF, signed where there is a seal to sign with, and its data as JSON beside it.

    Raises SetupError (`paper_would_leak`, `seal_unusable`, ...).
    """
    files = []
    check_covered(record, name, make(False).words())
    if papers is not None:
        files.append(BundleFile(f"papers/{name}.pdf", PDF, await papers.printed(make), shown))
    if data is not None:
        content = json_of(data)
        check_covered(record, name, [content.decode()])
        files.append(BundleFile(f"papers/{name}.json", JSON, content, shown))
    return tuple(files)


def json_of(data: dict[str, Any]) -> bytes:
    """Data as somebody may read it in an editor."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def check_covered(record: CaseRecord, name: str, texts: Iterable[str]) -> Scan:
    """What the scanner says of these texts. Raises SetupError (`paper_would_leak`) where it says anything."""
    text = "\n".join(texts)
    found = scan(text, set(record.raw_values()))
    if found.leaks:
        shapes = sorted({one.shape.value for one in found.leaks})
        log.error("paper_would_leak", paper=name, shapes=shapes, count=len(found.leaks))
        raise SetupError(
            "paper_would_leak",
            f"The paper {name} would show raw personal data ({', '.join(shapes)}); it was not made. "
            "This is a defect of ours; report it with the case number.",
            f"文件 {name} 会显示未脱敏的个人信息（{'、'.join(shapes)}），已停止制作。"
            "这是系统缺陷，请附案件编号反馈。",
            paper=name,
            shapes=shapes,
        )
    return found


def scan_told(scanned: Scan, text: str) -> dict[str, Any]:
    """What was looked for and found, for whoever wants to know; the reader of messages is asked too.

    It knows names and addresses by the words around them; a log has no such words, so it should find nothing.
    """
    return {
        "v": 1,
        "characters": scanned.characters,
        "known_values": scanned.values,
        "too_short_to_tell": scanned.short,
        "shapes": [shape.value for shape in Shape],
        "found": len(scanned.leaks),
        "second_reader_found": len(find(text)),
    }
