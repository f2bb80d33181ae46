"""The forensic certificate of a case's electronic data: items and hashes, method, and what the law asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.evidence_index import CHECKED_WORDS, Checked, Item, items_data
from countermand.evidence.exhibits import Exhibit, Scan
from countermand.evidence.paper_words import field, signed_foot
from countermand.evidence.proof_law import Article, Mark, ProofLaw, is_met
from countermand.evidence.timeline import TimeProof
from countermand.evidence.timeline_paper import proof_section
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, written_time
from countermand.vocabulary.documents import (
    Cell,
    Document,
    Field,
    Fields,
    Prose,
    Section,
    Table,
    Tone,
    exact,
    plain,
    same,
)

MARK_WORDS = {
    Mark.RETRIEVABLE: Text(en="every item can be called up", zh="材料可随时调取"),
    Mark.HASH_AT_INTAKE: Text(en="hashed when it came in", zh="接收时即计算哈希"),
    Mark.HASH_NOW: Text(en="hashed again for this certificate, equal", zh="出证时重新计算哈希，一致"),
    Mark.CUSTODY_CHAIN: Text(en="every touch is on record", zh="保管链逐环留痕"),
    Mark.SEALED_STORAGE: Text(en="kept encrypted (AES-256-GCM)", zh="加密保存（AES-256-GCM）"),
    Mark.IN_LOG: Text(en="in the signed log (RFC 6962)", zh="已入签名存证日志（RFC 6962）"),
    Mark.WITNESSED: Text(en="outside witnesses signed the log", zh="外部见证方已签名"),
    Mark.TIME_STAMPED: Text(en="time stamp of an independent authority", zh="独立时间戳"),
    Mark.SENDER_TOLD: Text(en="the sender proved who they are", zh="提交人身份已核验"),
    Mark.SIGNED: Text(en="signed, so that any change shows", zh="电子签名，改动可被发现"),
    Mark.SEAL_FROM_OUTSIDE: Text(
        en="sealed under a certificate that the institution was issued", zh="使用外部签发给本机构的签章证书"
    ),
    Mark.OPEN_STANDARDS: Text(en="open standards throughout", zh="全程采用公开标准"),
}


def marks_of(
    record: CaseRecord,
    checked: Mapping[str, Checked],
    proof: TimeProof | None,
    *,
    stamped: bool,
    own_seal: bool,
) -> frozenset[Mark]:
    """What can be shown of this very case."""
    kept = [one for one in checked.values() if one is not Checked.GONE]
    proven = record.case.standing == "proven"
    touched = {touch.exhibit for touch in record.custody}
    found = {
        Mark.RETRIEVABLE: bool(kept) and Checked.CLOSED not in kept,
        Mark.HASH_AT_INTAKE: bool(checked),
        Mark.HASH_NOW: bool(kept) and all(one is Checked.EQUAL for one in kept),
        Mark.CUSTODY_CHAIN: all(one.id in touched for one in record.exhibits),
        Mark.SEALED_STORAGE: True,
        Mark.IN_LOG: proof is not None and proof.entries == proof.lines,
        Mark.WITNESSED: proof is not None and bool(proof.witnesses),
        Mark.TIME_STAMPED: stamped,
        Mark.SENDER_TOLD: proven,
        Mark.SIGNED: True,
        Mark.SEAL_FROM_OUTSIDE: not own_seal,
        Mark.OPEN_STANDARDS: True,
    }
    return frozenset(mark for mark, there in found.items() if there)


def certificate_data(
    record: CaseRecord,
    items: tuple[Item, ...],
    checked: Mapping[str, Checked],
    law: ProofLaw,
    marks: Collection[Mark],
) -> dict[str, Any]:
    """For programs; what depends on the stamp of the paper is left to the paper."""
    return {
        "v": 1,
        "paper": "forensic-certificate",
        "case": record.number,
        "made_at": rfc3339(record.made_at),
        "hash": "SHA-256 (FIPS 180-4)",
        "items": items_data(items, checked),
        "law": [
            {
                "law": law.law_of(one).title.zh,
                "article": one.article.zh,
                "in_force": law.law_of(one).in_force.isoformat(),
                "source": law.law_of(one).source,
                "checked": law.law_of(one).checked.isoformat(),
                "marks": {mark.value: mark in marks for mark in one.met_by},
            }
            for one in law.articles
        ],
    }


def certificate(
    record: CaseRecord,
    items: tuple[Item, ...],
    checked: Mapping[str, Checked],
    law: ProofLaw,
    proof: TimeProof | None,
    marks: Collection[Mark],
    version: str,
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """The certificate; what cannot be shown is said to be so, beside what the law asks."""
    equal = sum(one is Checked.EQUAL for one in checked.values())
    met = sum(is_met(one, marks) for one in law.articles)
    all_equal = equal == len(items)
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Forensic certificate of electronic data", zh="电子数据取证证书"),
        lead=Text(
            en="Which electronic data is kept of this case, by which method, and that it is unchanged "
            "since it came in.",
            zh="证明本案电子数据的内容、取证与保管方法，以及自接收以来未被更改。",
        ),
        number=field("Case number", "案件编号", record.number),
        summary=(
            field("Issued at", "出证时间", written_time(record.made_at, timezone)),
            field("Items", "数据项", str(len(items))),
            field(
                "Hashed again and equal",
                "重新核验一致",
                f"{equal} / {len(items)}",
                Tone.GOOD if all_equal else Tone.DOUBT,
            ),
            field("Points of law that can be shown", "可对应的法律要点", f"{met} / {len(law.articles)}"),
        ),
        sections=(
            Section(Text(en="Items", zh="数据项"), (_items(items, checked, timezone),)),
            Section(Text(en="Hashes (SHA-256)", zh="哈希值（SHA-256）"), (Fields(_hashes(items)),)),
            Section(Text(en="Method", zh="取证与保管方法"), (Fields(_method(record, marks, version)),)),
            proof_section(proof, timezone),
            Section(Text(en="What the law asks", zh="法律要点对照"), (_law(law, marks), _sources(law))),
            Section(Text(en="What this does not prove", zh="不能证明的事项"), (Prose(_LIMITS),)),
        ),
        foot=(signed_foot(stamped=stamped), law.stamp),
        made_at=record.made_at,
        signed_lines=(
            Text(en="Examiner", zh="取证人员（签名）"),
            Text(en="Reviewer", zh="复核人员（签名）"),
        ),
    )


_LIMITS = (
    Text(
        en="A hash shows that data is unchanged since it was taken; it does not show that what it says "
        "is true, nor "
        "what was done to it before it came in.",
        zh="哈希一致说明数据自固定之时起未被更改，不说明其内容本身真实，也不涉及提交之前的生成过程。",
    ),
    Text(
        en="The institution is a party with an interest. Where no outside witness and no time-stamp "
        "authority has "
        "signed, nobody but the institution vouches for the times above.",
        zh="本机构与争议存在利害关系。未取得外部见证方签名或独立时间戳的，上述时间仅有本机构作证。",
    ),
)


def _items(items: tuple[Item, ...], checked: Mapping[str, Checked], timezone: str) -> Table:
    return Table(
        columns=(
            Text(en="No.", zh="序号"),
            Text(en="Item", zh="名称"),
            Text(en="Form", zh="形式"),
            Text(en="From", zh="来源"),
            Text(en="Taken at", zh="固定时间"),
            Text(en="Hash again", zh="核验"),
        ),
        widths=(2, 9, 5, 5, 6, 5),
        rows=tuple(_item(one, checked, timezone) for one in items),
    )


def _item(one: Item, checked: Mapping[str, Checked], timezone: str) -> tuple[Cell, ...]:
    words, tone = CHECKED_WORDS[checked.get(one.name, Checked.GONE)]
    return (
        plain(str(one.number)),
        plain(one.what),
        plain(one.form),
        plain(one.source),
        plain(exact_time(one.at, timezone)[:19], Tone.QUIET),
        plain(words, tone),
    )


def _hashes(items: tuple[Item, ...]) -> tuple[Field, ...]:
    gone = plain(Text(en="erased by law", zh="依法销毁"), Tone.QUIET)
    return tuple(
        Field(same(str(one.number)), gone if one.sha256 is None else exact(one.sha256)) for one in items
    )


def _method(record: CaseRecord, marks: Collection[Mark], version: str) -> tuple[Field, ...]:
    """How all data is kept, and what of it can be said of this very case."""
    return (
        field("Taking in", "接收固定", _joined(_TAKEN_IN, *_scanned(record.exhibits))),
        field(
            "Keeping",
            "保管",
            Text(
                en="Encrypted with AES-256-GCM under a key of this person and case, wrapped by a key "
                "service; every "
                "touch is a numbered link of a chain and a fact of the journal.",
                zh="以本人本案专用密钥 AES-256-GCM 加密，密钥由密钥服务封装；"
                "每次接触均为编号连续的保管链一环，并记入流水。",
            ),
        ),
        field("Log", "存证", _joined(*_logged(marks))),
        field(
            "Checking again",
            "出证核验",
            Text(
                en="For this certificate each item that could be opened was decrypted and hashed again; the "
                "result stands beside it, and the check itself in its chain of custody.",
                zh="出证时对可调取的各项逐一解密并重新计算哈希，结果列于各项之后，核验本身亦记入保管链。",
            ),
        ),
        field(
            "Signing",
            "签署",
            Text(
                en="This certificate is signed as PAdES (ETSI EN 319 142), with a time stamp (RFC 3161) "
                "where an "
                "authority is appointed.",
                zh="本证书以 PAdES（ETSI EN 319 142）签署；已指定时间戳机构的，附 RFC 3161 时间戳。",
            ),
        ),
        field("Program", "取证程序", f"countermand {version}"),
    )


_TAKEN_IN = Text(
    en="Bytes are hashed with SHA-256 (FIPS 180-4) in the same pass in which they come in, before anybody "
    "reads them; their true type is told by their own bytes, and programs are refused.",
    zh="字节流在接收的同一过程中计算 SHA-256（FIPS 180-4），先于任何人阅读；"
    "按字节识别真实类型，可执行程序拒收。",
)


def _scanned(exhibits: Collection[Exhibit]) -> Iterator[Text]:
    """What a virus scanner said of the exhibits of this case, and of how many none did."""
    found = Counter(one.scan for one in exhibits)
    clean, infected, not_scanned = found[Scan.CLEAN], found[Scan.INFECTED], found[Scan.UNSCANNED]
    if clean + infected:
        yield Text(
            en=f"A virus scanner looked at {clean + infected} of {len(exhibits)} exhibits.",
            zh=f"证据 {len(exhibits)} 件中，已做病毒扫描 {clean + infected} 件。",
        )
    if infected:
        yield Text(
            en=f"It found a virus in {infected}, which nobody is given.",
            zh=f"其中 {infected} 件检出病毒，已隔离，不予提供。",
        )
    if not_scanned:
        yield Text(
            en=f"Not scanned for viruses: {not_scanned} of {len(exhibits)} exhibits.",
            zh=f"证据 {len(exhibits)} 件中，未做病毒扫描 {not_scanned} 件。",
        )


def _logged(marks: Collection[Mark]) -> Iterator[Text]:
    """Whether all of this case is in the signed log, and whether anybody else has signed that."""
    if Mark.IN_LOG in marks:
        yield Text(
            en="Every fact of this case is a leaf of a Merkle tree (RFC 6962), whose checkpoint is signed "
            "with Ed25519 (C2SP tlog-checkpoint).",
            zh="本案每条事实均为 Merkle 树（RFC 6962）的一个叶子，"
            "检查点以 Ed25519 签名（C2SP tlog-checkpoint）。",
        )
    else:
        yield Text(
            en="Not every fact of this case stood in the signed log (a Merkle tree, RFC 6962) when this "
            "certificate was made.",
            zh="出证时，本案事实尚未全部列入已签名的存证日志（Merkle 树，RFC 6962）。",
        )
    if Mark.WITNESSED in marks:
        yield Text(
            en="Outside witnesses have signed the log's checkpoint too, so that nothing in it can be taken "
            "out or changed unseen.",
            zh="外部见证方亦已对日志检查点签名，所列内容删改必被发现。",
        )
    else:
        yield Text(
            en="No outside witness has signed the log: that nothing was taken out or changed rests on the "
            "institution's own signature.",
            zh="尚无外部见证方对日志签名：未被删改一节，仅以本机构自身签名为据。",
        )


def _joined(*texts: Text) -> Text:
    return Text(en=" ".join(one.en for one in texts), zh="".join(one.zh for one in texts))


def _law(law: ProofLaw, marks: Collection[Mark]) -> Table:
    return Table(
        columns=(
            Text(en="Article", zh="条款"),
            Text(en="What it asks", zh="要求"),
            Text(en="Shown here by", zh="本案对应"),
            Text(en="Result", zh="结论"),
        ),
        widths=(5, 10, 9, 4),
        rows=tuple(_article(law, one, marks) for one in law.articles),
    )


def _article(law: ProofLaw, one: Article, marks: Collection[Mark]) -> tuple[Cell, ...]:
    title = law.law_of(one).title
    there = [MARK_WORDS[mark] for mark in one.met_by if mark in marks]
    lacking = [MARK_WORDS[mark] for mark in one.met_by if mark not in marks]
    en, zh = "; ".join(word.en for word in there), "；".join(word.zh for word in there)
    if lacking:
        en += f"{'; ' if en else ''}not shown: " + "; ".join(word.en for word in lacking)
        zh += f"{'；' if zh else ''}未具备：" + "；".join(word.zh for word in lacking)
    met = not lacking
    result = Text(en="shown", zh="具备") if met else Text(en="not shown", zh="未具备")
    return (
        plain(Text(en=f"{title.en}, {one.article.en}", zh=f"{title.zh}{one.article.zh}")),
        plain(one.asks),
        plain(Text(en=en, zh=zh)),
        plain(result, Tone.GOOD if met else Tone.DOUBT),
    )


def _sources(law: ProofLaw) -> Fields:
    return Fields(
        tuple(
            Field(
                one.title,
                plain(
                    Text(
                        en=f"{one.version.en}; in force {one.in_force}; {one.source}, looked up "
                        f"{one.checked}",
                        zh=f"{one.version.zh}；{one.in_force} 起施行；{one.source}，查阅日期 {one.checked}",
                    )
                ),
            )
            for one in law.laws
        )
    )
