"""Goal: everybody can see whether things work, and what changed in what they were told; in plain words.

Method: the shipped notices in Chromium, over a served house.
"""

from __future__ import annotations

from typing import Any

from pages.looking import violations


def test_notices_and_status_are_whole(visit: Any, language: str) -> None:
    """From the foot of any page: a notice, its versions, what changed between two; and that all works."""
    visit.goto("/check")
    visit.locator(".foot a[href='/notices']").click()
    assert violations(visit) == []
    visit.locator("a[href='/notices/privacy-terms']").click()
    assert violations(visit) == []
    visit.locator("a[href*='since=1']").click()
    added = {"en": "only the person who calls", "zh": "只有负责回电的人员"}[language]
    assert added in " ".join(visit.locator("ins").all_inner_texts())
    assert violations(visit) == []
    visit.goto("/status")
    assert visit.locator(".part").count() == 5
    assert visit.locator(".part .badge.stop").count() == 0
    assert violations(visit) == []
    for path in ("/notices/none", "/notices/privacy-terms?version=9", "/notices/privacy-terms?since=%3Cb%3E"):
        visit.goto(path)
        assert visit.locator(".problem a[href='/process']").count() == 1, path
