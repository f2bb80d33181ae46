"""Goal: a paper is signed so that others see who sealed it and when, and that nobody changed it since.

Method: papers made here, judged by pyHanko's validator, and by `pdfsig` where poppler is installed.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys, pem, x509
from cryptography import x509 as c509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import SimpleSigner
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from countermand.adapters.papers.press import pictures_of
from countermand.adapters.papers.printed import SealedPapers
from countermand.adapters.papers.seals import OWN_AUTHORITY, OWN_SEAL, given_seal, own_seal
from countermand.evidence.paper_words import signed_foot
from countermand.flows.receipt_paper import WORDS_MAX, paper_of
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import SetupError, Unavailable
from countermand.kernel.text import Text
from countermand.vocabulary.documents import (
    Cell,
    Document,
    Field,
    Fields,
    Heading,
    Lines,
    Prose,
    Section,
    Step,
    Steps,
    Table,
    Tone,
    exact,
    plain,
)
from countermand.vocabulary.papers import ReceiptPaper

NOW = 1_795_233_600_000_000
CODE = f"bank.example/countermand/main/2026|1234567|{'ab12' * 16}"
NAME = Text(en="Sample Consumer Finance", zh="示例消费金融")


def paper(
    *, stamped: bool, language: str = "zh", said: str = "刚才的转账不是我", **more: Any
) -> ReceiptPaper:
    """A page of a case with one promise."""
    given: dict[str, Any] = {
        "stopped": Text(en="Money going out is stopped.", zh="转出、提现、借款已停用。"),
        "next_mover": Text(en="our desk", zh="我方客服"),
        "language": language,
        "institution": NAME,
        "code": CODE,
        "witnesses": (),
        "awaited": True,
        "timezone": "Asia/Shanghai",
        "stamped": stamped,
        "made_at": NOW,
    }
    promised = [(Text(en="A person speaks to you", zh="工作人员联系您"), NOW + 1_800_000_000)]
    return paper_of("482910357716", NOW, said, promised, **{**given, **more})


def test_nobody_is_promised_a_witness_who_was_never_appointed() -> None:
    """Those who signed are named; who is appointed is waited for; without either the paper says so."""
    feet = [
        paper(stamped=False, witnesses=witnesses, awaited=awaited).foot[0].en
        for witnesses, awaited in (((), False), ((), True), (("w.example/1",), True))
    ]
    assert ["appointed" in feet[0], "in a minute" in feet[1], "w.example/1" in feet[2]] == [True] * 3


@dataclass
class Authority:
    """Stamps with a certificate of its own; away when it is told to be."""

    certificate: Any = None
    key: Any = None
    away: bool = False

    def __post_init__(self) -> None:
        made = rsa.generate_private_key(65537, 2048)
        name = c509.Name([c509.NameAttribute(NameOID.COMMON_NAME, "A stamping authority")])
        begin = moment_of(NOW) - timedelta(days=1)
        built = c509.CertificateBuilder(name, name, made.public_key(), 7, begin, begin + timedelta(days=9))
        built = built.add_extension(c509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        der = built.sign(made, SHA256()).public_bytes(Encoding.DER)
        self.certificate = x509.Certificate.load(der)
        secret = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self.key = keys.PrivateKeyInfo.load(secret)

    async def stamp(self, digest: bytes) -> bytes:
        """A token over the digest."""
        if self.away:
            raise Unavailable("tsa_away", "It does not answer.", "未应答。")
        made = DummyTimeStamper(
            tsa_cert=self.certificate,
            tsa_key=self.key,
            fixed_dt=moment_of(NOW),
            override_md="sha256",
        )
        token = await made.async_timestamp(digest, "sha256")
        return bytes(token.dump())


@pytest.fixture
def seal(tmp_path: Path) -> SimpleSigner:
    """A seal of one's own, with its authority beside it."""
    return own_seal(tmp_path, NAME.en, NOW)


def root_in(folder: Path) -> x509.Certificate:
    """The certificate of the trial authority."""
    return x509.Certificate.load(pem.unarmor((folder / OWN_AUTHORITY).read_bytes())[2])


async def judged(data: bytes, folder: Path) -> Any:
    """What the validator says of the page's only signature, at the moment it was made."""
    (embedded,) = PdfFileReader(BytesIO(data)).embedded_signatures
    context = ValidationContext(trust_roots=[root_in(folder)], moment=moment_of(NOW), allow_fetching=False)
    return await async_validate_pdf_signature(embedded, context)


async def test_a_paper_is_sealed_and_its_time_stamped(seal: SimpleSigner, tmp_path: Path) -> None:
    """PAdES B-T: intact, trusted under the institution's authority, whole document, with a token inside."""
    asked: list[bool] = []

    def make(stamped: bool) -> ReceiptPaper:
        asked.append(stamped)
        return paper(stamped=stamped)

    data = await SealedPapers(seal, Authority()).printed(make)
    found = await judged(data, tmp_path)
    assert (found.intact, found.valid, found.trusted) == (True, True, True)
    assert found.coverage.name == "ENTIRE_FILE"
    assert found.timestamp_validity is not None
    assert found.timestamp_validity.intact
    assert asked == [True]
    assert b"ETSI.CAdES.detached" in data
    changed = data.replace(b"/Producer", b"/Producex", 1)
    assert changed != data
    assert not (await judged(changed, tmp_path)).intact


@pytest.mark.parametrize("authority", ["absent", "away"])
async def test_without_a_stamp_the_paper_says_so(seal: SimpleSigner, tmp_path: Path, authority: str) -> None:
    """No authority, or one that does not answer: B-B, and the page says that its time is not stamped."""
    stamps = None if authority == "absent" else Authority(away=True)
    made: list[ReceiptPaper] = []

    def make(stamped: bool) -> ReceiptPaper:
        made.append(paper(stamped=stamped))
        return made[-1]

    found = await judged(await SealedPapers(seal, stamps).printed(make), tmp_path)
    assert (found.valid, found.timestamp_validity) == (True, None)
    assert any("B-B" in line.en and "B-B" in line.zh for line in made[-1].foot)


def test_the_page_is_looked_at_in_both_languages() -> None:
    """One page each, the reader's language first; a long story is cut, and nothing runs out of the paper."""
    for language in ("zh", "en"):
        page = paper(stamped=False, language=language, said="很长的话。" * 200)
        told = page.told()
        assert told["title"] == (["受理回执", "Receipt"] if language == "zh" else ["Receipt", "受理回执"])
        assert len(told["parts"][1]["text"][0]) < WORDS_MAX + 10
        assert pictures_of(page, 40.0)[0].startswith(b"\x89PNG")
    assert [part.label.en for part in paper(stamped=True, said="").parts] == [
        "We heard you at", "What is stopped", "Who acts next, and until when"
    ]  # fmt: skip


def test_a_seal_is_given_or_made_once(seal: SimpleSigner, tmp_path: Path) -> None:
    """The second use finds the first one's seal; a file that is none is refused in both languages."""
    again = own_seal(tmp_path, "another", NOW).signing_cert
    assert again.dump() == seal.signing_cert.dump()
    assert (tmp_path / OWN_SEAL).stat().st_mode & 0o077 == 0
    (tmp_path / "none.p12").write_bytes(b"no seal")
    for wrong in ("none.p12", "absent.pem"):
        with pytest.raises(SetupError) as refusal:
            given_seal(tmp_path / wrong, None)
        assert refusal.value.code == "seal_unusable"


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is not installed")
async def test_another_program_finds_the_signature_valid(seal: SimpleSigner, tmp_path: Path) -> None:
    """Poppler's pdfsig reads the signature and finds the digest right."""
    data = await SealedPapers(seal, Authority()).printed(lambda stamped: paper(stamped=stamped))
    (tmp_path / "receipt.pdf").write_bytes(data)
    asked = ["pdfsig", "-nocert", str(tmp_path / "receipt.pdf")]
    run = await asyncio.create_subprocess_exec(*asked, stdout=subprocess.PIPE)
    said, _ = await run.communicate()
    assert b"Signature is Valid" in said


def document(*, stamped: bool, language: str = "zh") -> Document:
    """Every kind of block once, and a table that runs over a page."""
    row = tuple(Cell(Text(en=f"{tone} word", zh=f"{tone}词"), tone) for tone in Tone)
    columns = tuple(Text(en=tone.value, zh=tone.value) for tone in Tone)
    blocks = (
        Heading(Text(en="Within", zh="其中")),
        Prose((Text(en="Said so.", zh="原话。"),), quoted=True),
        Fields((Field(Text(en="Hash", zh="哈希"), exact("ab12" * 16)),)),
        Table(columns, (1,) * len(columns), (row,) * 60),
        Steps((Step(at="12:01:00", what=plain("#set text(red)"), more=Text(en="more", zh="详情")),)),
        Lines(("sha256sum -c sums",)),
    )
    return Document(
        language=language,
        institution=NAME,
        title=Text(en="Timeline", zh="时间线"),
        lead=Text(en="In order.", zh="按序。"),
        number=Field(Text(en="Case number", zh="案件编号"), plain("4829 1035 7716")),
        summary=(),
        sections=(Section(Text(en="Day", zh="当日"), blocks),),
        foot=(signed_foot(stamped=stamped),),
        made_at=NOW,
        signed_lines=(Text(en="Examiner", zh="取证人员"),),
    )


async def test_a_document_is_sealed_and_stamped_as_a_receipt_is(seal: SimpleSigner, tmp_path: Path) -> None:
    """Intact, trusted, whole, with a token of the authority inside; two pages and more in both languages."""
    data = await SealedPapers(seal, Authority()).printed(lambda stamped: document(stamped=stamped))
    found = await judged(data, tmp_path)
    assert (found.intact, found.valid, found.trusted, found.coverage.name) == (
        True,
        True,
        True,
        "ENTIRE_FILE",
    )
    assert found.timestamp_validity is not None
    assert found.timestamp_validity.intact
    for language in ("zh", "en"):
        pages = pictures_of(document(stamped=False, language=language), 30.0)
        assert len(pages) > 1
        assert all(page.startswith(b"\x89PNG") for page in pages)
        words = list(document(stamped=False, language=language).words())
        assert "#set text(red)" in words  # what looks like markup is text, to the press and to the scanner
        assert ("原话。" if language == "zh" else "Said so.") in words
