"""Goal: what everybody is told is plain and in every version, and each change is shown.

Method: the shipped notices, and broken ones.
"""

from __future__ import annotations

import pytest

from countermand.intake.public_notices import NoticeText, changes_between, read_public_notices
from countermand.kernel.errors import SetupError

NOTICE = """
id: {id}
version: {version}
kind: security
published: 2026-11-01
zh: {{title: 提醒, body: ["{zh}"]}}
en: {{title: Beware, body: ["{en}"]}}
"""


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a-b.1.yaml": "id: ["}, "a-b.1"),
        ({"other.1.yaml": NOTICE.format(id="a-bc", version=1, zh="好。", en="Good.")}, "id.version"),
        ({"a-bc.2.yaml": NOTICE.format(id="a-bc", version=2, zh="好。", en="Good.")}, "missing"),
        ({"a-bc.1.yaml": NOTICE.format(id="a-bc", version=1, zh="特此通知。", en="Good.")}, "hides"),
        ({"a-bc.1.yaml": NOTICE.format(id="a-bc", version=1, zh="好。", en="We hereby tell you.")}, "hides"),
    ],
)
def test_a_notice_that_people_stumble_over_stops_the_start(files: dict[str, str], why: str) -> None:
    """Unreadable, misnamed, a version left out, or words that hide something."""
    with pytest.raises(SetupError, match=why):
        read_public_notices(files)


def test_a_comparison_holds_both_texts() -> None:
    """Without what was added it is the old text, without what was removed the new one."""
    old = NoticeText("t", ("One. Two.", "Three.", "Four."))
    new = NoticeText("t", ("One. 2.", "Four.", "Five."))
    changes = [one for paragraph in changes_between(old, new) for one in paragraph]
    assert " ".join(one.text for one in changes if one.kind != "added") == "One. Two. Three. Four."
    assert " ".join(one.text for one in changes if one.kind != "removed") == "One. 2. Four. Five."
    assert changes_between(old, old) == tuple(
        tuple(one for one in paragraph if one.kind == "same") for paragraph in changes_between(old, old)
    )
