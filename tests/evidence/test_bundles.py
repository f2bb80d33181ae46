"""Goal: a document's path can be nothing but a document's."""

import pytest

from countermand.evidence.bundles import BundleFile, Shown, is_document


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


@pytest.mark.parametrize("path", ["custody.json", "papers/authorisation-record.pdf", "papers/timeline.html"])
def test_a_document_has_its_path(path):
    """The paths that documents have are taken, and what is not said to be the court's is everyone's."""
    assert BundleFile(path, "application/pdf", b"").shown is Shown.EVERYONE
