"""PDF documents that ask for a password (ISO 32000-2, 7.6), opened by pyHanko in a process of its own."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from anyio import CapacityLimiter, fail_after, to_process

from countermand.extensions import document_not_locked, document_unreadable, wrong_document_password

SECONDS_MAX = 20.0
_ONE_AT_A_TIME = CapacityLimiter(1)


class PdfUnlocker:
    """Implements `extensions.DocumentUnlocker`. A document that takes too long ends with its process."""

    async def unlocked(self, document: bytes, password: str) -> bytes:
        """The document without its lock.

        Raises BadRequest (`document_not_locked`, `document_unreadable`), Forbidden
        (`wrong_document_password`).
        """
        try:
            with fail_after(SECONDS_MAX):
                found = await to_process.run_sync(
                    opened, document, password, cancellable=True, limiter=_ONE_AT_A_TIME
                )
        except TimeoutError:
            raise document_unreadable() from None
        if isinstance(found, str):
            refused = _REFUSALS[found]
            raise refused()
        return found


_REFUSALS = {
    "not_locked": document_not_locked,
    "unreadable": document_unreadable,
    "wrong": wrong_document_password,
}


def opened(document: bytes, password: str) -> bytes | str:
    """The document without its lock, or why not; it runs in another process, so it raises nothing."""
    from pyhanko.pdf_utils.crypt import AuthStatus
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    try:
        reader = PdfFileReader(BytesIO(document))
        if not reader.encrypted:
            return "not_locked"
        if reader.decrypt(password).status is AuthStatus.FAILED:
            return "wrong"
        plain = BytesIO()
        writer: Any = copy_into_new_writer(reader)
        writer.write(plain)
        return plain.getvalue()
    except Exception:  # noqa: BLE001  # whatever a hostile document does to its reader, it is unreadable
        return "unreadable"
