"""Goal: whoever opens locked documents opens them whole with the right password, and refuses by code else."""

from __future__ import annotations

from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from countermand.adapters.unlockers.pdf import PdfUnlocker
from countermand.extensions import DocumentUnlocker
from countermand.kernel.errors import CountermandError

WORDS = b"BT (paid 3280.00) Tj ET"


def document(password: str | None) -> bytes:
    """A page with words on it, locked where a password is given."""
    writer = PdfFileWriter()
    words = writer.add_object(generic.StreamObject(stream_data=WORDS))
    writer.insert_page(PageObject(contents=words, media_box=(0, 0, 200, 200)))
    if password is not None:
        writer.encrypt(owner_pass="the owner's", user_pass=password)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture
def unlocker() -> DocumentUnlocker:
    """The one there is."""
    return PdfUnlocker()


async def test_the_right_password_opens_it_whole(unlocker: DocumentUnlocker) -> None:
    """What comes out asks for nothing and says what stood in it."""
    plain = await unlocker.unlocked(document("密码 42"), "密码 42")
    reader = PdfFileReader(BytesIO(plain))
    assert not reader.encrypted
    assert reader.root["/Pages"]["/Kids"][0]["/Contents"].data == WORDS


@pytest.mark.parametrize(
    ("content", "password", "code"),
    [
        (document("right"), "wrong", "wrong_document_password"),
        (document("right"), "", "wrong_document_password"),
        (document(None), "any", "document_not_locked"),
        (b"", "any", "document_unreadable"),
        (b"%PDF-1.7\n" + bytes(4096), "any", "document_unreadable"),
        (document("right")[:-200], "right", "document_unreadable"),
    ],
)
async def test_what_does_not_open_says_why(
    unlocker: DocumentUnlocker, content: bytes, password: str, code: str
) -> None:
    """Another password, no lock, no document, a cut one."""
    with pytest.raises(CountermandError) as refused:
        await unlocker.unlocked(content, password)
    assert refused.value.code == code
