"""The cover of a masked log: what is in it, how it was masked, how it was searched, and its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.leak_scanner import Scan, Shape
from countermand.evidence.masked_log import SOURCE_WORDS, LogLine, Source
from countermand.evidence.paper_words import MASKED_FOOT, field, signed_foot
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, written_time
from countermand.vocabulary.documents import (
    Document,
    Field,
    Fields,
    Prose,
    Section,
    Table,
    Tone,
    exact,
    plain,
)

# On paper; the files beside it have all of them.
LINES_ON_PAPER_MAX = 400


def masked_log_paper(
    record: CaseRecord,
    lines: Sequence[LogLine],
    scanned: Scan,
    hashes: Mapping[str, str],
    *,
    holder: bool,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """`hashes` are the SHA-256 (hex) of the files of lines, by their names."""
    sources = [source for source in Source if any(line.source is source for line in lines)]
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Masked system log", zh="系统日志（脱敏版）"),
        lead=_FOR_HOLDER if holder else _FOR_DESK,
        number=field("Case number", "案件编号", record.number),
        summary=(
            field("Made at", "制作时间", written_time(record.made_at, timezone)),
            field("Lines", "记录条数", str(len(lines))),
            field("In the public log", "已入存证日志", str(sum(line.entry is not None for line in lines))),
            field("Raw personal data found", "未脱敏个人信息", str(len(scanned.leaks)), Tone.GOOD),
        ),
        sections=(
            Section(
                Text(en="What is in it", zh="内容"),
                (
                    Fields(
                        tuple(
                            Field(
                                SOURCE_WORDS[source],
                                plain(str(sum(line.source is source for line in lines))),
                            )
                            for source in sources
                        )
                    ),
                ),
            ),
            _how_searched(scanned),
            Section(
                Text(en="Files and their hashes", zh="文件与哈希（SHA-256）"),
                (
                    Fields(
                        tuple(Field(Text(en=name, zh=name), exact(digest)) for name, digest in hashes.items())
                    ),
                ),
            ),
            _shown(lines, timezone),
        ),
        foot=(MASKED_FOOT, signed_foot(stamped=stamped)),
        made_at=record.made_at,
    )


_FOR_DESK = Text(
    en="What our systems recorded about this case, line by line, for staff and examiners.",
    zh="与本案有关的系统记录逐条列示，供工作人员与取证机构使用。",
)
_FOR_HOLDER = Text(
    en="What our systems recorded about your case, line by line. How rules decide and staff's own notes are "
    "left out; nothing that was done on your account is.",
    zh="与您案件有关的系统记录逐条列示。风控规则细节与内部工作记录不在其中；账户上发生的操作均已列出。",
)
_SHAPES = {
    Shape.ID_NUMBER: Text(en="identity numbers", zh="身份证号"),
    Shape.MOBILE: Text(en="mobile numbers", zh="手机号"),
    Shape.CARD: Text(en="card numbers", zh="银行卡号"),
    Shape.EMAIL: Text(en="e-mail addresses", zh="电子邮箱"),
    Shape.NETWORK_ADDRESS: Text(en="whole network addresses", zh="完整网络地址"),
    Shape.HARDWARE_ADDRESS: Text(en="hardware addresses", zh="硬件地址"),
}


def _how_searched(scanned: Scan) -> Section:
    shapes = Text(
        en=", ".join(one.en for one in _SHAPES.values()), zh="、".join(one.zh for one in _SHAPES.values())
    )
    said = Text(
        en=f"A scanner that knows nothing of how lines were masked read all {scanned.characters:,} "
        f"characters for {shapes.en}, and for each of the {scanned.values} values that our record has of the "
        "people in this case. It found none; had it found any, this file would not have been made.",
        zh=f"扫描程序与脱敏程序相互独立，已检查全部 {scanned.characters:,} 个字符：查找{shapes.zh}，"
        f"并逐一比对系统内留存的本案相关人员的 {scanned.values} 项原始信息，均未发现。"
        "如有发现，本文件不会生成。",
    )
    return Section(Text(en="How it was searched", zh="脱敏核验"), (Prose((said,)),))


def _shown(lines: Sequence[LogLine], timezone: str) -> Section:
    shown = lines[:LINES_ON_PAPER_MAX]
    table = Table(
        columns=(
            Text(en="When", zh="时间"),
            Text(en="System", zh="来源"),
            Text(en="What", zh="记录"),
            Text(en="More", zh="详情"),
        ),
        widths=(6, 4, 7, 12),
        rows=tuple(
            (
                plain(exact_time(line.at, timezone)[:19], Tone.QUIET),
                plain(SOURCE_WORDS[line.source], Tone.QUIET),
                plain(line.what),
                exact(" · ".join(f"{name}: {value}" for name, value in line.more.items())),
            )
            for line in shown
        ),
    )
    blocks: tuple[Table | Prose, ...] = (table,)
    if len(lines) > len(shown):
        left = len(lines) - len(shown)
        more = Text(
            en=f"{left} more lines stand in the files beside this paper.",
            zh=f"其余 {left} 条见随附数据文件。",
        )
        blocks = (table, Prose((more,)))
    return Section(Text(en="Lines", zh="逐条记录"), blocks)
