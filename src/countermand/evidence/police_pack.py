"""The pack for the police and the court, in Chinese: facts, index of evidence, hashes, how to check them.

Its facts are those on record, said neutrally: what was asked for, what the person says of it, what was
stopped. Who did it, and whose fault it was, is for others to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from countermand.evidence.authorisation import Grade, grade_of
from countermand.evidence.case_record import CaseRecord, OperationRecord
from countermand.evidence.covering import Cover
from countermand.evidence.evidence_index import CHECKED_WORDS, Checked, Item
from countermand.evidence.leak_scanner import covered
from countermand.evidence.paper_words import (
    HOLDS,
    OUTCOMES,
    amount_of,
    channel_of,
    counted,
    field,
    signed_foot,
)
from countermand.evidence.proof_law import ProofLaw
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, written_time
from countermand.vocabulary.cases import Direction
from countermand.vocabulary.documents import (
    Cell,
    Document,
    Field,
    Fields,
    Heading,
    Lines,
    Prose,
    Section,
    Table,
    Tone,
    exact,
    plain,
)
from countermand.vocabulary.operation_words import titled

OPERATIONS_MAX = 60
WORDS_MAX = 600


def police_pack(
    record: CaseRecord,
    cover: Cover,
    items: Sequence[Item],
    checked: Mapping[str, Checked],
    law: ProofLaw,
    files: Mapping[str, str],
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """`files` are the SHA-256 (hex) of the files that go with it, by their names."""
    effective = [one for one in record.operations if grade_of(one) is not Grade.NO_EFFECT]
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Pack for the police and the court", zh="报案（诉讼）材料"),
        lead=Text(
            en="Statement of facts, index of evidence, hashes, and how to check them.",
            zh="供向公安机关报案、向人民法院起诉或向监管部门投诉使用：事实陈述、证据目录、哈希清单与核验指引。",
        ),
        number=field("Case number", "案件编号", record.number),
        summary=(
            field("Made at", "制作时间", written_time(record.made_at, timezone)),
            field("First reported", "首次报告", written_time(record.case.first_at, timezone)),
            field("Operations in question", "涉及操作", _counted(record.operations)),
            field("Of these took effect", "其中已生效", _counted(effective)),
            field("Items of evidence", "证据项数", str(len(items))),
            *_reported(record),
        ),
        sections=(
            Section(Text(en="Statement of facts", zh="事实陈述"), _facts(record, cover, timezone)),
            Section(Text(en="Index of evidence", zh="证据目录"), (_index(items, checked, timezone),)),
            Section(Text(en="Hashes of the items", zh="证据哈希清单"), (_hashes(items),)),
            Section(Text(en="Files of this pack", zh="本材料所附文件"), _files(files)),
            Section(Text(en="How to check it", zh="核验指引"), _guide(files)),
            Section(Text(en="Law", zh="相关法律依据"), (_law(law),)),
            Section(Text(en="What can be asked for", zh="可依法调取的信息"), (Prose(_ON_REQUEST),)),
        ),
        foot=(
            Text(
                en="Names, accounts, addresses and devices stand under covers; the institution gives the "
                "originals "
                "to authorities on a lawful request that names the item.",
                zh="姓名、账户、网络地址与设备均已脱敏；办案机关依法定程序、凭编号可向本机构调取原始信息。",
            ),
            signed_foot(stamped=stamped),
            law.stamp,
        ),
        made_at=record.made_at,
        signed_lines=(
            Text(en="Reported by (signature, date)", zh="报案人（签名、日期）"),
            Text(en="Handled by (signature, seal)", zh="经办人（签名、盖章）"),
        ),
    )


_ON_REQUEST = (
    Text(
        en="On a lawful request, with the numbers above: the whole record of each operation, the "
        "unmasked log, the "
        "receiver's account, devices and network addresses, and each item as it came in, sealed to your key.",
        zh="凭法定文书并注明上列编号，可调取：每笔操作的完整记录、未脱敏日志、收款账户、设备与网络地址，"
        "以及各证据原件（可用办案机关公钥加密交付）。",
    ),
    Text(
        en="An instruction of the police stops an account for 48 hours at once where name, account, "
        "amount and time match.",
        zh="公安机关紧急止付指令所载姓名、账户、金额、时间与系统相符的，立即止付 48 小时。",
    ),
)


def _counted(operations: Sequence[OperationRecord]) -> Text:
    sums: dict[str, int] = {}
    for one in operations:
        if one.operation.amount is not None:
            currency = one.operation.amount.currency
            sums[currency] = sums.get(currency, 0) + one.operation.amount.minor
    return counted(len(operations), sums)


def _reported(record: CaseRecord) -> tuple[Field, ...]:
    reference = record.case.police_report
    return () if reference is None else (field("Police receipt", "报案回执编号", reference),)


def _facts(record: CaseRecord, cover: Cover, timezone: str) -> tuple[Prose | Heading | Table, ...]:
    said = _said(record)
    first = Text(
        en=f"On {written_time(record.case.first_at, timezone).en} the holder of "
        f"{cover.account(record.case.account).en} "
        "told the institution of the following.",
        zh=f"{written_time(record.case.first_at, timezone).zh}，"
        f"{cover.account(record.case.account).zh}持有人向本机构报告如下情况。",
    )
    blocks: list[Prose | Heading | Table] = [Prose((first,))]
    if said:
        words = Text(en="In their words (masked)", zh="本人陈述（已脱敏）")
        blocks += [Heading(words), Prose(said, quoted=True)]
    if record.operations:
        asked = Text(en="Operations in question", zh="涉及操作")
        blocks += [Heading(asked), _operations(record, cover, timezone)]
    blocks += [Heading(Text(en="What was stopped", zh="已采取的措施")), Prose(_stopped(record, timezone))]
    return tuple(blocks)


def _said(record: CaseRecord) -> tuple[Text, ...]:
    known = set(record.raw_values())
    came = [one for one in record.messages if one.direction is Direction.IN][:3]
    words = [covered(one.masked, known) for one in came]
    cut = [one if len(one) <= WORDS_MAX else f"{one[:WORDS_MAX]}……" for one in words]
    return tuple(Text(en=one, zh=one) for one in cut)


def _operations(record: CaseRecord, cover: Cover, timezone: str) -> Table:
    return Table(
        columns=(
            Text(en="No.", zh="序号"),
            Text(en="When", zh="时间"),
            Text(en="What, how", zh="操作与渠道"),
            Text(en="Amount", zh="金额"),
            Text(en="Receiver", zh="收款方"),
            Text(en="Device, network", zh="设备与网络"),
            Text(en="What came of it", zh="结果"),
        ),
        widths=(2, 6, 5, 5, 5, 6, 5),
        rows=tuple(
            _operation(place, one, cover, timezone)
            for place, one in enumerate(record.operations[:OPERATIONS_MAX], 1)
        ),
    )


def _operation(place: int, one: OperationRecord, cover: Cover, timezone: str) -> tuple[Cell, ...]:
    asked = one.operation
    device = cover.device(None if asked.device is None else asked.device.id)
    network, name = cover.address(asked.ip), titled(asked.kind)
    if asked.channel is not None:
        channel = channel_of(asked.channel)
        name = Text(en=f"{name.en}, {channel.en}", zh=f"{name.zh}，{channel.zh}")
    result = OUTCOMES[one.decision.outcome] if one.hold is None else HOLDS[one.hold.state]
    stopped = grade_of(one) is Grade.NO_EFFECT
    return (
        plain(str(place)),
        plain(exact_time(one.occurred_at, timezone)[:19]),
        plain(name),
        plain(amount_of(asked)),
        plain(cover.receiver(None if asked.counterparty is None else asked.counterparty.id)),
        plain(Text(en=f"{device.en}, {network.en}", zh=f"{device.zh}，{network.zh}")),
        plain(result, Tone.GOOD if stopped else Tone.PLAIN),
    )


def _stopped(record: CaseRecord, timezone: str) -> tuple[Text, ...]:
    if not record.stops:
        return (Text(en="Nothing was stopped on record.", zh="记录中未见止付措施。"),)
    said = []
    for stop in record.stops:
        at = exact_time(stop.incident.placed_at, timezone)
        orders, effects = len(stop.orders), sum(one.port == "banking" for one in stop.effects)
        said.append(
            Text(
                en=f"At {at} the institution placed {orders} orders on the account and sent {effects} "
                f"instructions "
                "to core banking.",
                zh=f"{at}，本机构对账户下达止付管控 {orders} 项，并向核心系统发出指令 {effects} 条。",
            )
        )
    back = sum(grade_of(one) is Grade.NO_EFFECT for one in record.operations)
    said.append(
        Text(en=f"{back} of the operations in question took no effect.", zh=f"涉及操作中 {back} 笔未生效。")
    )
    return tuple(said)


def _index(items: Sequence[Item], checked: Mapping[str, Checked], timezone: str) -> Table:
    return Table(
        columns=(
            Text(en="No.", zh="序号"),
            Text(en="Item", zh="证据名称"),
            Text(en="Form", zh="形式"),
            Text(en="From", zh="来源"),
            Text(en="To show", zh="证明内容"),
            Text(en="Taken at", zh="固定时间"),
            Text(en="Checked", zh="核验"),
        ),
        widths=(2, 7, 4, 4, 6, 6, 3),
        rows=tuple(
            (
                plain(str(one.number)),
                plain(one.what),
                plain(one.form),
                plain(one.source),
                plain(one.shows),
                plain(exact_time(one.at, timezone)[:19], Tone.QUIET),
                plain(*CHECKED_WORDS[checked.get(one.name, Checked.GONE)]),
            )
            for one in items
        ),
    )


def _hashes(items: Sequence[Item]) -> Table:
    """With the name under which an authority can ask for the item."""
    gone = plain(Text(en="erased by law", zh="依法销毁"), Tone.QUIET)
    return Table(
        columns=(Text(en="No.", zh="序号"), Text(en="Name", zh="编号"), Text(en="SHA-256", zh="SHA-256")),
        widths=(2, 9, 18),
        rows=tuple(
            (plain(str(one.number)), exact(one.name), gone if one.sha256 is None else exact(one.sha256))
            for one in items
        ),
    )


def _files(files: Mapping[str, str]) -> tuple[Fields | Prose, ...]:
    if not files:
        text = Text(
            en="This paper stands in a bundle; META-INF of the bundle has the hashes of all its files.",
            zh="本文件收录于证据包，全部文件的哈希见证据包清单。",
        )
        return (Prose((text,)),)
    return (Fields(tuple(Field(Text(en=name, zh=name), exact(value)) for name, value in files.items())),)


def _guide(files: Mapping[str, str]) -> tuple[Heading | Prose | Lines, ...]:
    """Steps that need no program of ours; then those that do more."""
    sums = "police-pack-sha256sums" if files else "META-INF/ASiCManifest001.xml"
    return (
        Heading(Text(en="1. The files are those that were handed out", zh="（一）核对文件未被改动")),
        Prose(
            (
                Text(
                    en=f"Hash each file and compare with {sums}: one character more or less, and it is "
                    f"another file.",
                    zh=f"逐个计算哈希，与 {sums} 比对；文件改动任何一处，哈希即不同。Windows 与 Linux "
                    f"均自带命令：",
                ),
            )
        ),
        Lines(("certutil -hashfile timeline.pdf SHA256", "sha256sum -c police-pack-sha256sums")),
        Heading(Text(en="2. The PDF files are the institution's", zh="（二）核对签名与时间")),
        Prose(
            (
                Text(
                    en="Open them in any reader that shows signatures, or ask pdfsig; “Total document "
                    "signed” must stand there.",
                    zh="用支持电子签名的阅读器打开，或使用 pdfsig；应显示签名有效且覆盖全文，"
                    "附时间戳的显示签署时间。",
                ),
            )
        ),
        Lines(("pdfsig police-pack.pdf",)),
        Heading(Text(en="3. The record is that of the public log", zh="（三）核对存证日志")),
        Prose(
            (
                Text(
                    en="Ask the person for their receipt (.zip), get keys from a witness or a regulator, "
                    "and check it "
                    "without network; exit code 0 is valid, 1 forged, 2 incomplete.",
                    zh="由报案人提供受理回执（.zip），公钥向见证方或监管部门索取，离线核验；"
                    "退出码 0 为有效、1 为伪造、2 为不完整。也可用网页核验（/verify）。",
                ),
            )
        ),
        Lines(("countermand verify receipt.zip --policy policy.txt",)),
    )


def _law(law: ProofLaw) -> Table:
    rows = []
    for one in law.articles:
        stands = law.law_of(one)
        name = Text(en=f"{stands.title.en}, {one.article.en}", zh=f"{stands.title.zh}{one.article.zh}")
        rows.append((plain(name), plain(one.asks)))
    return Table(
        columns=(Text(en="Article", zh="条款"), Text(en="What it says", zh="内容")),
        widths=(5, 9),
        rows=tuple(rows),
    )
