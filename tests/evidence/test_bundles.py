"""Goal: a document's path can be nothing but a document's, and no exhibit goes to whom it is not for."""

import pytest

from countermand.evidence.bundles import BundleFile, Shown, Withheld, withheld
from countermand.evidence.exhibits import About, Exhibit, ExhibitKind, Scan, Standing
from countermand.vocabulary.bundle_names import is_document


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../up.pdf", "papers/../up.pdf", "papers//a.pdf", "papers/", "Papers/A.pdf",
        "a b.pdf", "c:/a.pdf", "papers\\a.pdf", "META-INF/signature001.p7s", "entries/1.json", "objects/00",
        "proofs/x", "checkpoints/first", "a/b/c/d/e.pdf", "a" * 201, ".hidden", "a..b",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(path):
    """Nothing outside, nothing in the container's own folders, nothing that two systems read in two ways."""
    assert not is_document(path)
    with pytest.raises(ValueError, match="no path of a document"):
        BundleFile(path, "application/pdf", b"")


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("custody.json", "application/json"),
        ("papers/authorisation-record.pdf", "application/pdf"),
        ("papers/timeline.html", "text/html"),
        ("logs/masked-log.jsonl", "application/jsonl"),
        ("papers/police-pack-sha256sums", "text/plain"),
    ],
)
def test_a_document_has_its_path(path, media):
    """The paths that documents have are taken, and what is not said to be the court's is everyone's."""
    assert BundleFile(path, media, b"").shown is Shown.EVERYONE
    with pytest.raises(ValueError, match="by its name"):
        BundleFile(path, "image/png", b"")


@pytest.mark.parametrize(
    ("standing", "shown", "why"),
    [
        (Standing.KEPT, Shown.EVERYONE, Withheld.NOT_FOR_EVERYONE),
        (Standing.KEPT, Shown.COURT, None),
        (Standing.QUARANTINED, Shown.COURT, Withheld.QUARANTINED),
        (Standing.SHREDDED, Shown.COURT, Withheld.SHREDDED),
        (Standing.SHREDDED, Shown.EVERYONE, Withheld.SHREDDED),
    ],
)
def test_an_exhibit_stays_out_for_a_reason(standing, shown, why):
    """Only to a court, and never what carries a virus or was erased."""
    one = Exhibit(
        id="exh-1", case="case-1", data_key="dk-1", kind=ExhibitKind.PDF, about=About.HOLDER, name="a.pdf",
        declared="application/pdf", sniffed="application/pdf", lies=False, size=1, plain_digest=bytes(32),
        object=bytes(32), object_size=1, scan=Scan.CLEAN, standing=standing, origin=b"", captured_at=0,
        captured_by="li",
    )  # fmt: skip
    assert withheld(one, shown) is why
