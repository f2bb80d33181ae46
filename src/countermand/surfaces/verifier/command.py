"""The verifier's command line. It needs nothing but the log's rules: it is also the door of the zipapp."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.x509 import Certificate

from countermand.transparency.certificates import roots_of
from countermand.transparency.check_words import Words
from countermand.transparency.notes import NoteError
from countermand.transparency.proofs import HEADER
from countermand.transparency.receipts import ENTRY, PROOF_BYTES_MAX, RECEIPT_BYTES_MAX
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Findings, Question, verify_proof, verify_receipt
from countermand.transparency.verify_bundle import verify_bundle
from countermand.transparency.verify_words import REASONS, lines_of, told_of
from countermand.vocabulary.bundle_names import MIMETYPE

MISUSED = 2
POLICY_BYTES_MAX = 1 << 18
FILE_BYTES_MAX = 1 << 28
AGE = b"age-encryption.org/"
# A bundle's first file is called so; the name stands behind the header of 30 bytes.
_TYPE_AT = 30
ABOUT = Words(
    "Check a receipt or a bundle without asking anybody: exit 0 valid, 1 forged, 2 incomplete.",
    "不联系任何人即可核验回执或证据包：退出码 0 有效，1 不可信，2 不完整。",
)
RECEIPT_HELP = Words(
    "A receipt (.zip), a bundle (.asice), or a proof (.tlog-proof) with --entry.",
    "回执（.zip）、证据包（.asice），或证明（.tlog-proof，须配 --entry）。",
)
POLICY_HELP = Words(
    "Whom you trust (C2SP tlog-policy), from anywhere but the receipt.",
    "您信任谁（C2SP tlog-policy 文件）；不得取自回执本身。",
)
ENTRY_HELP = Words("The entry that a .tlog-proof is of.", ".tlog-proof 所证明的记录文件。")
OWN_HELP = Words("A file of yours that the receipt commits to.", "您手中、回执已作承诺的文件。")
SEAL_HELP = Words(
    "Of a bundle: the certificates (PEM) that its seal may lead to.",
    "核验证据包时：印章签名应追溯到的证书（PEM）。",
)
TSA_HELP = Words(
    "Of a bundle: the certificates (PEM) of time-stamping authorities.",
    "核验证据包时：时间戳服务机构的证书（PEM）。",
)
ENCRYPTED = Words(
    "This bundle is encrypted. Open it with its key first: age -d -i KEY-FILE -o case.asice FILE",
    "该证据包已加密，请先用私钥打开：age -d -i 私钥文件 -o case.asice 文件",
)
CODE_HELP = Words("What the QR code on the paper says.", "纸质回执上二维码的内容。")
ENTRY_MISSING = Words(
    "A .tlog-proof is checked with its entry: --entry entry.json",
    "核验 .tlog-proof 须提供 --entry entry.json",
)


class Misused(Exception):  # as the other refusals
    """The question itself is not one; `words` says why."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def findings_of(
    file: Path,
    policy: Path,
    now: int | None,
    entry: Path | None = None,
    own: Sequence[Path] = (),
    code: str | None = None,
    seals: Path | None = None,
    authorities: Path | None = None,
) -> Findings:
    """Check a receipt or a bundle in files; `now` in POSIX seconds.

    Raises Misused: no file, no policy, no certificate, no entry, or it is encrypted.
    """
    text = _bytes_of(policy, POLICY_BYTES_MAX)
    try:
        trusted = TrustPolicy.parse(text.decode())
    except (NoteError, UnicodeDecodeError) as error:
        raise Misused(_and(REASONS["policy_malformed"], str(error))) from error
    owned = tuple(_bytes_of(one, FILE_BYTES_MAX) for one in own)
    question = Question(trusted, now, owned, code, text, _roots(seals), _roots(authorities))
    data = _bytes_of(file, RECEIPT_BYTES_MAX + 1)
    if data.startswith(AGE):
        raise Misused(ENCRYPTED)
    if data[_TYPE_AT : _TYPE_AT + len(MIMETYPE)] == MIMETYPE.encode():
        with file.open("rb") as opened:
            return verify_bundle(opened, question)
    if not data.startswith(HEADER.encode()):
        return verify_receipt(data, question)
    if entry is None:
        raise Misused(ENTRY_MISSING)
    return verify_proof(data[:PROOF_BYTES_MAX], _bytes_of(entry, RECEIPT_BYTES_MAX), question)


def _roots(path: Path | None) -> tuple[Certificate, ...]:
    if path is None:
        return ()
    try:
        return roots_of(_bytes_of(path, POLICY_BYTES_MAX))
    except ValueError as error:
        said = Words(f"No certificates in {path}", f"{path} 中没有证书")
        raise Misused(_and(said, str(error))) from error


def _bytes_of(path: Path, bytes_max: int) -> bytes:
    """What a file holds; of one that is longer as much as tells that it is."""
    try:
        with path.open("rb") as file:
            return file.read(bytes_max)
    except OSError as error:
        detail = f"{path}: {error.strerror}"
        raise Misused(Words(f"Cannot be read: {detail}", f"无法读取：{detail}")) from error


def _and(words: Words, detail: str) -> Words:
    return Words(f"{words.en}: {detail}", f"{words.zh}：{detail}")


def said(findings: Findings, language: str, *, as_json: bool) -> str:
    """The findings as they are printed."""
    if as_json:
        return json.dumps(told_of(findings), ensure_ascii=False)
    return "\n".join(lines_of(findings, language))


def main(arguments: Sequence[str], environment: Mapping[str, str], now: int) -> int:
    """Run, print and give the exit status."""
    language = "zh" if _locale(environment).startswith("zh") else "en"
    if "--lang" in arguments[:-1]:
        language = arguments[list(arguments).index("--lang") + 1]
    parser = argparse.ArgumentParser("countermand-verify", description=ABOUT.of(language))
    parser.add_argument("receipt", type=Path, help=RECEIPT_HELP.of(language))
    parser.add_argument("--policy", type=Path, required=True, help=POLICY_HELP.of(language))
    parser.add_argument("--entry", type=Path, help=f"{ENTRY_HELP.of(language)} ({ENTRY})")
    parser.add_argument("--file", type=Path, action="append", default=[], help=OWN_HELP.of(language))
    parser.add_argument("--code", help=CODE_HELP.of(language))
    parser.add_argument("--seal-ca", type=Path, help=SEAL_HELP.of(language))
    parser.add_argument("--tsa-ca", type=Path, help=TSA_HELP.of(language))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lang", choices=("en", "zh"))
    asked = parser.parse_args(arguments)
    try:
        findings = findings_of(
            asked.receipt, asked.policy, now, asked.entry, asked.file, asked.code, asked.seal_ca, asked.tsa_ca
        )
    except Misused as misuse:
        sys.stderr.write(f"{misuse.words.of(language)}\n")
        return MISUSED
    sys.stdout.write(f"{said(findings, language, as_json=asked.json)}\n")
    return int(findings.verdict)


def _locale(environment: Mapping[str, str]) -> str:
    return next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
