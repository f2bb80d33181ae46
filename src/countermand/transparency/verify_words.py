"""What each check says to a person, in both languages: its meaning, its standard, and how others make it."""

from __future__ import annotations

import re

from countermand.transparency.bundle_words import BUNDLE_CHECKS, BUNDLE_REASONS, SHOWN, WITHHELD
from countermand.transparency.check_words import LEAF, NOTE, SAME, CheckWords, Words
from countermand.transparency.verify import Check, Findings, Mark, Verdict

_PLACE = re.compile(r"\{([a-z]+)\}")

CHECKS: dict[str, CheckWords] = {
    "container": CheckWords(
        Words(
            "The file can be read in one way only, and holds nothing strange.",
            "文件完整，读法唯一，没有夹带。",
        ),
        Words(
            "The file cannot be read, or holds what does not belong there.",
            "文件无法读取，或夹带了不该有的内容。",
        ),
        "PKWARE APPNOTE 6.3, C2SP tlog-proof",
        "unzip -t receipt.zip && unzip -l receipt.zip",
    ),
    "entry": CheckWords(
        Words("The entry is in its one canonical form: {type}, {ts}.", "记录为唯一规范形式：{type}，{ts}。"),
        Words(
            "The entry is not in its canonical form: somebody rewrote it.", "记录不是规范形式：有人改写过。"
        ),
        "RFC 8785 (JCS)",
        "jq -jcS . entry.json | cmp - entry.json",
    ),
    "inclusion": CheckWords(
        Words(
            "The entry is number {index} of the {size} in the log {origin}.",
            "该记录是日志 {origin} 共 {size} 条中的第 {index} 号。",
        ),
        Words(
            "The entry is not in the log: it, its place or the path was changed.",
            "日志中没有这条记录：记录、位置或路径被改动过。",
        ),
        "RFC 9162 section 2.1.3.2 (RFC 6962 hashes)",
        LEAF + "  # then Go: tlog.CheckRecord(path, size, root, index, leaf)",
    ),
    "signature": CheckWords(
        Words("The log {origin} signed this with a key you trust.", "日志 {origin} 已用您信任的密钥签名。"),
        Words("No signature of a log that you trust stands under this.", "没有您信任的日志的有效签名。"),
        NOTE,
        "openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in checkpoint.txt -sigfile line.sig"
        "  # Go: note.Open(checkpoint, note.VerifierList(key))",
    ),
    "signature_classic_absent": CheckWords(
        Words(
            "The log signed with its post-quantum key alone.",
            "日志仅用抗量子密钥签名，无 Ed25519 签名。",
        ),
        SAME,
        NOTE,
        "",
    ),
    "post_quantum": CheckWords(
        Words("The log's post-quantum signature holds too.", "日志的抗量子签名同样有效。"),
        SAME,
        "FIPS 204 (ML-DSA-44), C2SP tlog-cosignature",
        "python: dilithium_py.ml_dsa.ML_DSA_44.verify(public, message, signature)",
    ),
    "post_quantum_absent": CheckWords(
        Words("No post-quantum signature that you asked for is here.", "没有您要求的抗量子签名。"),
        SAME,
        "FIPS 204 (ML-DSA-44), C2SP tlog-cosignature",
        "",
    ),
    "post_quantum_unchecked": CheckWords(
        Words(
            "A post-quantum signature is here too; this page cannot check it, countermand-verify can.",
            "另有抗量子签名；本页无法核验，可用 countermand-verify 核验。",
        ),
        SAME,
        "FIPS 204 (ML-DSA-44), C2SP tlog-cosignature",
        "",
    ),
    "post_quantum_alone": CheckWords(
        SAME,
        Words(
            "Only a post-quantum signature is here: this page cannot check it, countermand-verify can.",
            "此处仅有抗量子签名：本页无法核验，请用 countermand-verify 核验。",
        ),
        "FIPS 204 (ML-DSA-44), C2SP tlog-cosignature",
        "countermand verify receipt.zip --policy policy.txt",
    ),
    "quorum": CheckWords(
        Words(
            "Enough witnesses signed, as your policy asks: {witnesses}.",
            "见证方已达您的策略要求：{witnesses}。",
        ),
        Words(
            "Not enough witnesses have signed yet ({witnesses}). Fetch the receipt again in a minute.",
            "见证方尚未达到要求（{witnesses}）。请一分钟后重新领取回执。",
        ),
        "C2SP tlog-cosignature, tlog-policy",
        "Go: note.Open with the witness keys; the signed text is 'cosignature/v1', 'time N', the checkpoint",
    ),
    "opening": CheckWords(
        Words("This is the value that was committed to.", "这就是当时承诺的内容。"),
        Words("This is not what was committed to: it was changed.", "这不是当时承诺的内容：已被改动。"),
        "RFC 2104 (HMAC-SHA256), RFC 8785",
        "openssl dgst -sha256 -mac HMAC -macopt hexkey:{salt} value  # must print {commitment}",
    ),
    "opening_elsewhere": CheckWords(
        Words(
            "The file itself is not in the receipt: whoever has it can show that it is the one (--file).",
            "该文件不在回执中：持有文件的人可用 --file 证明就是它。",
        ),
        SAME,
        "RFC 2104 (HMAC-SHA256)",
        "openssl dgst -sha256 -mac HMAC -macopt hexkey:{salt} FILE  # must print {commitment}",
    ),
    "chain": CheckWords(
        Words("Entry {seq} of the case follows the one before it.", "该案第 {seq} 条紧接前一条。"),
        Words("The entries of the case do not fit together.", "该案各条记录前后不符。"),
        "RFC 6962 leaf hash in `prev`",
        LEAF + "  # must be the next entry's prev",
    ),
    "one_case": CheckWords(
        Words("All entries are of one case.", "全部记录属于同一案件。"),
        Words("Entries of different cases were put together.", "不同案件的记录被拼在一起。"),
        "the entry's `case`",
        "jq -r .case entry.json entries/*.json | sort -u",
    ),
    "code": CheckWords(
        Words("The QR code is of an entry in this receipt.", "二维码与回执中的记录一致。"),
        Words("The QR code is of no entry in this receipt.", "二维码与回执中的任何记录都不符。"),
        "ORIGIN|INDEX|LEAF",
        LEAF,
    ),
    "time": CheckWords(
        Words(
            "The entry says {ts}; the first to sign it says {at} (UTC).",
            "记录自述时间 {ts}；最早签名者所述时间 {at}（世界协调时）。",
        ),
        SAME,
        "C2SP tlog-cosignature",
        "the first 8 bytes of a cosignature are its POSIX time",
    ),
    "time_unsaid": CheckWords(
        Words("The time {ts} is the institution's own word so far.", "时间 {ts} 目前仅为机构自述。"),
        SAME,
        "C2SP tlog-cosignature",
        "",
    ),
    "time_later_than_witnessed": CheckWords(
        Words(
            "The entry says {ts}, but it was signed at {at} already: a clock was wrong.",
            "记录自述 {ts}，但在 {at} 已被签名：有一方时钟有误。",
        ),
        SAME,
        "C2SP tlog-cosignature",
        "",
    ),
    "checkpoint_old": CheckWords(
        Words(
            "This was signed {days} days ago ({at}). It stays true; what was added since is not in it.",
            "签名于 {days} 天前（{at}）。内容依然有效，但不含此后新增的记录。",
        ),
        SAME,
        "C2SP tlog-checkpoint",
        "",
    ),
    "policy_inside_same": CheckWords(
        Words(
            "The policy you gave is the one in the receipt: be sure you got it from somebody else.",
            "您提供的策略与回执中附带的相同：请确认您是从别处取得的。",
        ),
        SAME,
        "C2SP tlog-policy",
        "",
    ),
    "policy_inside_differs": CheckWords(
        Words(
            "The policy in the receipt is not yours; yours was used.",
            "回执附带的策略与您的不同；核验只用您的策略。",
        ),
        SAME,
        "C2SP tlog-policy",
        "",
    ),
}

REASONS: dict[str, Words] = {
    "archive_unreadable": Words("damaged, cut short, or no receipt at all", "文件损坏、被截断，或不是回执"),
    "archive_too_large": Words("larger unpacked than any receipt is", "解压后超过回执应有的大小"),
    "archive_lacks": Words("a part is missing", "缺少组成部分"),
    "archive_name_wrong": Words("a part has another's name", "组成部分的名称不符"),
    "name_twice": Words("one name stands there twice", "同一名称出现两次"),
    "name_leads_outside": Words("a name leads out of the file", "名称指向文件之外"),
    "member_unknown": Words(
        "something is in it that does not belong there, such as a key", "夹带了不该有的内容（例如密钥）"
    ),
    "openings_malformed": Words("what is shown is not in its form", "所示内容格式不符"),
    "opening_of_nothing": Words("the entry commits to nothing of this name", "记录没有对此项作出承诺"),
    "proof_malformed": Words("the proof is not in its form", "证明格式不符"),
    "note_malformed": Words("the signed note is not in its form", "签名文本格式不符"),
    "checkpoint_malformed": Words("the checkpoint is not in its form", "检查点格式不符"),
    "log_unknown": Words("your policy does not know this log", "您的策略不认识该日志"),
    "signature_wrong": Words("a signature is not of this text", "签名与文本不符"),
    "nobody_known": Words("no key of the log that you trust signed it", "没有您信任的日志密钥签名"),
    "policy_malformed": Words("the policy is not in its form", "策略格式不符"),
    "key_malformed": Words("a key in the policy is not in its form", "策略中的密钥格式不符"),
}

VERDICTS = {
    Verdict.VALID: Words("VALID: everything holds.", "有效：全部核验通过。"),
    Verdict.FORGED: Words("FORGED: do not rely on it.", "不可信：核验未通过，请勿采信。"),
    Verdict.INCOMPLETE: Words(
        "INCOMPLETE: nothing is wrong, but something is still missing.",
        "尚不完整：未发现问题，但仍缺少内容。",
    ),
}
MARKS = {Mark.PASSED: "✓", Mark.REMARK: "·", Mark.MISSING: "?", Mark.FAILED: "✗"}


def words_of(code: str) -> CheckWords:
    """The words of a check, of a receipt's or a bundle's."""
    return CHECKS[code] if code in CHECKS else BUNDLE_CHECKS[code]


def said_of(check: Check, language: str) -> str:
    """A check in words."""
    words = words_of(check.code)
    template = words.passed if check.mark in (Mark.PASSED, Mark.REMARK) else words.failed
    values = dict(check.values)
    for name, said in (("reason", WITHHELD), ("shown", SHOWN)):
        if values.get(name) in said:
            values[name] = said[values[name]].of(language)
    text = _PLACE.sub(lambda place: printable(str(values.get(place[1], "-"))), template.of(language))
    why = {**REASONS, **BUNDLE_REASONS}.get(str(values.get("why")))
    return text if why is None else f"{text} ({why.of(language)})"


def command_of(check: Check) -> str:
    """The same check by tools that others wrote; empty where a remark needs none."""
    said = words_of(check.code).command
    for name in ("salt", "commitment", "sha256"):
        said = said.replace(f"{{{name}}}", str(check.values.get(name, "")))
    return said


def printable(text: str) -> str:
    """What a stranger's file says, harmless on a terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text[:500])


def lines_of(findings: Findings, language: str) -> list[str]:
    """The findings for a person, one line a check and one of its standard and command."""
    lines = []
    for check in findings.checks:
        about = f"[{printable(check.about)}] " if check.about else ""
        lines.append(f"{MARKS[check.mark]} {about}{said_of(check, language)}")
        command = command_of(check)
        lines.append(f"    {words_of(check.code).standard}" + (f" · {command}" if command else ""))
    lines.append(VERDICTS[findings.verdict].of(language))
    return lines


def told_of(findings: Findings) -> dict[str, object]:
    """The findings for a program."""
    return {
        "verdict": findings.verdict.name.lower(),
        "exit": int(findings.verdict),
        "text": {"en": VERDICTS[findings.verdict].en, "zh": VERDICTS[findings.verdict].zh},
        "checks": [
            {
                "code": one.code,
                "mark": one.mark.name.lower(),
                "about": one.about,
                "text": {"en": said_of(one, "en"), "zh": said_of(one, "zh")},
                "standard": words_of(one.code).standard,
                "command": command_of(one),
                "values": dict(one.values),
            }
            for one in findings.checks
        ],
    }
