"""What the checks of a bundle say to a person, in both languages: as `verify_words` for receipts."""

from __future__ import annotations

from countermand.transparency.check_words import LEAF, NOTE, SAME, CheckWords, Words

_ASIC = "ETSI EN 319 162-1 (ASiC-E)"
_CADES = "ETSI EN 319 122-1 (CAdES), RFC 5652 (CMS)"
_STAMP = "RFC 3161, RFC 5816"
_HMAC = "RFC 2104 (HMAC-SHA256)"
_SEAL_COMMAND = (
    "openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s"
    " -content META-INF/ASiCManifest001.xml -CAfile seal-ca.pem -purpose any -out /dev/null"
)
_STAMP_COMMAND = (
    "openssl ts -verify -token_in -in META-INF/timestamp001.tst"
    " -data META-INF/ASiCManifest002.xml -CAfile tsa-ca.pem"
)
_SEAL_FAILED = Words(
    "The seal is not one that you trust, or not over this manifest.",
    "印章签名不属于您信任的机构，或签的不是这份清单。",
)
_STAMP_FAILED = Words(
    "The time stamp is not of an authority that you trust, or stamps something else.",
    "时间戳不属于您信任的机构，或所盖的不是该内容。",
)

BUNDLE_CHECKS: dict[str, CheckWords] = {
    "bundle_container": CheckWords(
        Words(
            "The container can be read in one way only: {count} files, nothing beside them.",
            "容器只有一种读法：共 {count} 个文件，没有夹带。",
        ),
        SAME,
        f"{_ASIC}, PKWARE APPNOTE 6.3",
        "unzip -t case.asice && unzip -lv case.asice",
    ),
    "manifest": CheckWords(
        Words(
            "All {count} files are those that were sealed, byte for byte.",
            "全部 {count} 个文件与封存时逐字节一致。",
        ),
        Words(
            "A file is not the one that was sealed, or is missing, or was added.",
            "有文件与封存时不符、缺失，或被添加。",
        ),
        f"{_ASIC} annex A.4",
        "openssl dgst -sha256 -binary FILE | base64  # must be its DigestValue in ASiCManifest001.xml",
    ),
    "seal": CheckWords(
        Words("Sealed by {who}; the certificate held at {at}.", "由 {who} 盖章；证书在 {at} 有效。"),
        _SEAL_FAILED,
        f"{_CADES}, RFC 5280",
        _SEAL_COMMAND,
    ),
    "seal_unasked": CheckWords(
        SAME,
        Words(
            "The seal fits, and calls itself {who}: but anybody can make such a seal. Give the certificate "
            "that you trust (--seal-ca), from anywhere but the bundle.",
            "印章签名相符，自称 {who}；但任何人都能制作这样的印章。"
            "请用 --seal-ca 提供您信任的证书（不得取自本包）。",
        ),
        _CADES,
        _SEAL_COMMAND,
    ),
    "seal_over": CheckWords(
        SAME,
        Words(
            "The seal is right, but its certificate is not valid at {at}, and no trusted time stamp shows "
            "that it was when it was made: give the authority's certificate (--tsa-ca).",
            "印章签名正确，但证书在 {at} 不在有效期内，且没有可信时间戳证明签名时有效；"
            "请用 --tsa-ca 提供时间戳机构证书。",
        ),
        "RFC 5280, ETSI EN 319 102-1",
        _SEAL_COMMAND,
    ),
    "stamp": CheckWords(
        Words(
            "{authority} says that all of it existed at {at} (UTC).",
            "{authority} 证明全部内容在 {at} 已存在。",
        ),
        _STAMP_FAILED,
        _STAMP,
        _STAMP_COMMAND,
    ),
    "stamp_manifest": CheckWords(
        SAME,
        Words("The time stamp is not over this seal.", "时间戳所盖的不是这枚印章签名。"),
        f"{_ASIC} annex A.4",
        "openssl dgst -sha256 -binary META-INF/signature001.p7s | base64",
    ),
    "stamp_unasked": CheckWords(
        Words(
            "A time stamp says {at} (UTC), by one that calls itself {authority}; you named none (--tsa-ca).",
            "时间戳称 {at}，自称由 {authority} 签发；您未指定信任的机构（--tsa-ca）。",
        ),
        SAME,
        _STAMP,
        _STAMP_COMMAND,
    ),
    "stamp_unread": CheckWords(
        SAME,
        Words(
            "A time stamp is in a form that is not read here; openssl may.",
            "时间戳的格式此处无法读取，可改用 openssl。",
        ),
        _STAMP,
        _STAMP_COMMAND,
    ),
    "stamp_absent": CheckWords(
        Words(
            "No time stamp is over the seal: its time is the institution's word.",
            "印章未加盖时间戳：时间仅为机构自述。",
        ),
        SAME,
        _STAMP,
        "",
    ),
    "statement": CheckWords(
        Words(
            "{institution} says of case {case}, for {shown}, at {made}:",
            "{institution} 就案件 {case} 作出陈述（范围：{shown}，时间：{made}）：",
        ),
        Words("The statement or the openings are not in their form.", "陈述或公开内容的格式不符。"),
        "RFC 8785 (JCS)",
        "jq -jcS . bundle.json | cmp - bundle.json",
    ),
    "case_number": CheckWords(
        Words(
            "No entry here opens the number of the case; {case} is the statement's word.",
            "包内没有记录公开案件编号；{case} 仅为陈述所称。",
        ),
        Words("The case has another number in the log than {case}.", "日志中的案件编号不是 {case}。"),
        _HMAC,
        "jq -r .openings openings.json",
    ),
    "documents": CheckWords(
        Words(
            "Documents here: {count}, as the statement lists them; the seal vouches for them, not the log.",
            "包内有 {count} 份文件，与陈述所列一致；由印章（而非日志）担保。",
        ),
        Words("The documents are not those that the statement lists.", "文件与陈述所列不符。"),
        _ASIC,
        "jq -r '.documents[].path' bundle.json",
    ),
    "all_entry": CheckWords(
        Words(
            "All {count} entries are in their one canonical form.", "全部 {count} 条记录均为唯一规范形式。"
        ),
        SAME,
        "RFC 8785 (JCS)",
        "for f in entries/*; do jq -jcS . $f | cmp - $f; done",
    ),
    "all_inclusion": CheckWords(
        Words("All {count} entries are in the log {origin}.", "全部 {count} 条记录都在日志 {origin} 中。"),
        SAME,
        "RFC 9162 section 2.1.3.2 (RFC 6962 hashes)",
        LEAF + "  # then Go: tlog.CheckRecord(path, size, root, index, leaf)",
    ),
    "all_signature": CheckWords(
        Words(
            "The log {origin} signed under all {count}, with a key you trust.",
            "日志 {origin} 已用您信任的密钥为全部 {count} 条签名。",
        ),
        SAME,
        NOTE,
        "openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in checkpoint.txt -sigfile line.sig"
        "  # Go: note.Open(checkpoint, note.VerifierList(key))",
    ),
    "all_post_quantum": CheckWords(
        Words(
            "Its post-quantum signature holds under all {count} too.", "抗量子签名对全部 {count} 条同样有效。"
        ),
        SAME,
        "FIPS 204 (ML-DSA-44), C2SP tlog-cosignature",
        "python: dilithium_py.ml_dsa.ML_DSA_44.verify(public, message, signature)",
    ),
    "all_quorum": CheckWords(
        Words(
            "Enough witnesses signed under all {count}: {witnesses}.",
            "全部 {count} 条的见证方均达要求：{witnesses}。",
        ),
        SAME,
        "C2SP tlog-cosignature, tlog-policy",
        "Go: note.Open with the witness keys; the signed text is 'cosignature/v1', 'time N', the checkpoint",
    ),
    "all_time": CheckWords(
        Words(
            "Whoever signed first under all {count} says {at} (UTC).",
            "全部 {count} 条中最早签名者所述时间为 {at}。",
        ),
        SAME,
        "C2SP tlog-cosignature",
        "the first 8 bytes of a cosignature are its POSIX time",
    ),
    "all_opening": CheckWords(
        Words(
            "All {count} values shown are those that were committed to.",
            "公开的 {count} 项内容均与承诺一致。",
        ),
        SAME,
        f"{_HMAC}, RFC 8785",
        "openssl dgst -sha256 -mac HMAC -macopt hexkey:SALT value  # must print the entry's commitment",
    ),
    "chain_whole": CheckWords(
        Words(
            "All {count} entries of the case are here, each naming the one before it: no step is hidden.",
            "该案 {count} 条记录齐全，且逐条相接：中间没有隐去的步骤。",
        ),
        SAME,
        "RFC 6962 leaf hash in `prev`",
        LEAF + "  # must be the next entry's prev",
    ),
    "chain_gap": CheckWords(
        SAME,
        Words(
            "Entry {seq} of the {count} of this case is not here: ask why it was left out.",
            "该案 {count} 条记录中缺第 {seq} 条：请追问为何缺失。",
        ),
        "RFC 6962 leaf hash in `prev`",
        "ls entries",
    ),
    "one_log": CheckWords(
        Words(
            "Everything leads to one checkpoint of each log ({count}), at size {size}.",
            "全部内容通向日志的 {count} 个检查点（规模 {size}）。",
        ),
        Words("Entries lead to different checkpoints of the log.", "记录通向日志的不同检查点。"),
        "C2SP tlog-checkpoint",
        "tail -n +4 proofs/*.tlog-proof",
    ),
    "history": CheckWords(
        Words(
            "Since each earlier checkpoint here ({count}) the log was only added to: nothing was rewritten.",
            "自 {count} 个较早检查点以来，日志只增不改。",
        ),
        Words("An earlier checkpoint is not of this log's history.", "较早的检查点与该日志的历史不符。"),
        "RFC 9162 section 2.1.4 (consistency)",
        "Go: tlog.CheckTree(proof, size, root, old, oldRoot)",
    ),
    "log_stamp": CheckWords(
        Words(
            "{authority} says that this checkpoint, with {count} entries of these, existed at {at} (UTC).",
            "{authority} 证明该检查点及包内 {count} 条记录在 {at} 已存在。",
        ),
        _STAMP_FAILED,
        _STAMP,
        "openssl ts -verify -token_in -in CHECKPOINT.tst -data CHECKPOINT.txt -CAfile tsa-ca.pem",
    ),
    "anchor": CheckWords(
        SAME,
        Words("The anchor is not of this checkpoint.", "锚定记录不属于该检查点。"),
        "EVM call data: CMT1, SHA-256 of the checkpoint",
        "openssl dgst -sha256 CHECKPOINT.txt",
    ),
    "anchor_elsewhere": CheckWords(
        Words(
            "This checkpoint's hash was written into {chain}, transaction {reference}: look it up there.",
            "该检查点的摘要已写入 {chain}，交易 {reference}：请在链上查证。",
        ),
        SAME,
        "EVM call data: CMT1, SHA-256 of the checkpoint",
        "cast tx REFERENCE input  # must be 0x434d5431 and the SHA-256 of the checkpoint",
    ),
    "exhibits_named": CheckWords(
        Words(
            "All {count} exhibits that the log says were captured are named here.",
            "日志所载的 {count} 件证物全部列出。",
        ),
        Words(
            "Exhibits are missing from the list, or stand in it without the log knowing them.",
            "证物清单与日志不符。",
        ),
        "the entries' `exhibit`",
        "jq -r 'select(.type==\"evidence.captured\").facts.exhibit' entries/*.json",
    ),
    "exhibit": CheckWords(
        Words(
            "The exhibit is byte for byte the one that was captured ({type}).",
            "证物与采集时逐字节一致（{type}）。",
        ),
        Words("The exhibit is not the one that was captured.", "证物与采集时不符。"),
        f"FIPS 180-4, {_HMAC}",
        "openssl dgst -sha256 -mac HMAC -macopt hexkey:{salt} objects/{sha256}  # must print {commitment}",
    ),
    "exhibit_withheld": CheckWords(
        Words("The exhibit itself is not here: {reason}.", "证物本身不在包内：{reason}。"),
        SAME,
        "the statement's `withheld`",
        "",
    ),
    "exhibit_lies": CheckWords(
        Words(
            "It was handed in as {declared}, but its bytes show {sniffed}; the record has always said so.",
            "提交时称为 {declared}，但字节显示为 {sniffed}；记录自采集时即已注明。",
        ),
        SAME,
        "file signatures",
        "file --mime-type objects/FILE",
    ),
    "exhibit_type": CheckWords(
        SAME,
        Words(
            "It is said to be {declared} without a doubt, but its bytes contradict that.",
            "记录称其为 {declared} 且无疑问，但字节内容与之矛盾。",
        ),
        "file signatures",
        "file --mime-type objects/FILE",
    ),
}

BUNDLE_REASONS: dict[str, Words] = {
    "not_a_bundle": Words("no container of this kind", "不是此类容器"),
    "cms_unreadable": Words("not in the form that its standard asks for", "不符合标准格式"),
    "cms_wrong": Words("not made with the key of its certificate", "与证书密钥不符"),
    "cms_elsewhere": Words("made over something else", "所签的是别的内容"),
    "certificate_stranger": Words(
        "its certificate leads to none that you named", "证书不能追溯到您指定的证书"
    ),
    "certificate_over": Words("its certificate was not valid then", "证书当时不在有效期内"),
    "exhibit_retold": Words("it is described in another way than the log has it", "描述与日志不符"),
}
SHOWN: dict[str, Words] = {
    "everyone": Words("everyone", "普通（不含原话与证物）"),
    "court": Words("a court, with everything in it", "司法机关（含原话与证物）"),
}
WITHHELD: dict[str, Words] = {
    "not_for_everyone": Words(
        "it goes only into a bundle that is encrypted for a court", "仅放入为司法机关加密的证据包"
    ),
    "quarantined": Words("it carries a virus, and is given to nobody", "检出病毒，不予提供"),
    "shredded": Words("it was erased for good, as the law wants", "已依法永久销毁"),
}
