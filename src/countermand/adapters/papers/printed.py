"""Papers set and sealed: PAdES B-T (ETSI EN 319 142-1) where the time is stamped, else B-B, and said so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol

import structlog
from asn1crypto import cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper

from countermand.adapters.papers.press import set_paper
from countermand.kernel.errors import CountermandError
from countermand.vocabulary.papers import Paper

FIELD = "Countermand"
_DIGEST = "sha256"
# A signature with a token takes about 9 KB in the page.
_SIGNATURE_BYTES_MAX = 32_000

log = structlog.get_logger(__name__)


class Stamps(Protocol):
    """Somebody outside who says at what time a digest existed (RFC 3161)."""

    async def stamp(self, digest: bytes) -> bytes:
        """A token over a SHA-256 digest, in DER, fully checked. Raises CountermandError."""
        ...


class SealedPapers:
    """Implements `flows.hand_out_receipt.Papers`."""

    def __init__(self, seal: SimpleSigner, stamps: Stamps | None = None) -> None:
        self._seal, self._stamps = seal, stamps

    async def printed(self, make: Callable[[bool], Paper]) -> bytes:
        """The page, signed. Where the time cannot be stamped, the page says that it is not."""
        if self._stamps is not None:
            try:
                return await self._signed(make(True), _Stamper(self._stamps))
            except CountermandError as away:
                log.warning("paper_not_stamped", code=away.code)
        return await self._signed(make(False), None)

    async def _signed(self, paper: Paper, stamper: TimeStamper | None) -> bytes:
        page = await asyncio.to_thread(set_paper, paper)
        terms = PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm=_DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            name=paper.institution.en,
        )
        signer = PdfSigner(terms, self._seal, timestamper=stamper)
        writer = IncrementalPdfFileWriter(BytesIO(page))
        signed: Any = await signer.async_sign_pdf(writer, bytes_reserved=_SIGNATURE_BYTES_MAX)
        return bytes(signed.getbuffer())


class _Stamper(TimeStamper):
    """The authority, as the signing library asks for it."""

    def __init__(self, stamps: Stamps) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library has no types here
        self._stamps = stamps

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        assert md_algorithm == _DIGEST, "tokens are made over SHA-256 alone"
        return cms.ContentInfo.load(await self._stamps.stamp(message_digest))
