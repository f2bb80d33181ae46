"""Goal: whoever has a receipt and a browser checks it, offline, and is told the same as by the command.

Peer: Chromium with its own Ed25519, SHA-256 and HMAC, from a file on disk; axe-core for accessibility.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from countermand.drills.forgeries.memory_log import SECONDS
from countermand.drills.forgeries.mutations import MUTATIONS
from countermand.drills.forgeries.receipts import World, over_two_shards
from countermand.surfaces.verify_page.building import verify_page, write_page
from countermand.surfaces.verify_page.words import PAGE
from countermand.transparency.verify import Question, Verdict, verify_receipt

WORLD = World(11)
RECEIPT = WORLD.receipts[0]
PACKED = RECEIPT.packed()
POLICY = str(WORLD.log.policy).encode()
ALL = POLICY.replace(b"group two 2", b"group two all")
JUDGE = """async ([receipt, policy, now]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const found = await countermandVerify(bytes(receipt), bytes(policy), [], "", now);
  return [found.verdict, found.checks.filter((one) => one.mark === "failed").map((one) => one.code)];
}"""


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page, opened from a file; whatever it asks a network for is a failure."""
    path = tmp_path_factory.mktemp("verify") / "verify.html"
    write_page(path)
    context = browser.new_context(offline=True, locale="en-GB", viewport={"width": 390, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: request.url.startswith("file:") or said.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert said == []
    context.close()


@pytest.fixture
def page(opened: Any) -> Any:
    """The same page as it is before anything was handed in, in English."""
    opened.reload()
    return opened


def hand_in(page: Any, receipt: bytes, policy: bytes = POLICY) -> str:
    """Both files are chosen; what the page answers."""
    page.set_input_files(
        "#receipt", {"name": "receipt.zip", "mimeType": "application/zip", "buffer": receipt}
    )
    page.set_input_files("#policy", {"name": "policy.txt", "mimeType": "text/plain", "buffer": policy})
    expect(page.locator("#answer")).not_to_be_empty()
    return str(page.inner_text("#answer"))


@pytest.mark.parametrize(
    ("receipt", "policy", "en", "zh"),
    [
        (PACKED, POLICY, "VALID", "有效"),
        (PACKED[:-40], POLICY, "FORGED", "不可信"),
        (PACKED, ALL, "INCOMPLETE", "尚不完整"),
    ],
    ids=["valid", "forged", "incomplete"],
)
def test_the_page_says_the_verdict_in_both_languages(page, receipt, policy, en, zh):
    """Valid, forged, incomplete; each check in words with its standard; nothing for axe to complain of."""
    assert hand_in(page, receipt, policy).startswith(en)
    assert page.evaluate("document.documentElement.lang") == "en"
    page.click("#language")
    assert page.inner_text("#answer").startswith(zh)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.locator("#checks li").count() > 0
    assert page.locator("#checks .standard").first.inner_text()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    shown = page.inner_text("#proved")
    assert ("不是我转的" in shown) == (en != "FORGED")
    if en != "FORGED":
        assert "抗量子" in page.inner_text("#checks")


def test_nothing_may_leave_the_page(page):
    """Its policy of content lets in its own script and style by hash, and no connection at all."""
    source = verify_page()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', source)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy[1]
    assert "http" not in re.sub(r"http-equiv", "", source)
    refused = page.evaluate("fetch('https://example.com').then(() => 'sent', () => 'refused')")
    assert refused == "refused"


def test_a_policy_that_is_none_is_said(page):
    """Words, not silence, where the second file is no policy."""
    page.set_input_files("#receipt", {"name": "r.zip", "mimeType": "application/zip", "buffer": PACKED})
    page.set_input_files("#policy", {"name": "p.txt", "mimeType": "text/plain", "buffer": b"log nothing\n"})
    expect(page.locator("#wrong")).not_to_be_empty()
    assert "policy" in page.inner_text("#wrong")


def test_the_page_and_the_command_agree_on_forgeries(page):
    """Whatever the command calls forged the page does not call valid, and the other way round."""
    # What only ML-DSA can tell is out of the page's reach, so this log signs with Ed25519 alone.
    classic = replace(WORLD.log.policy, logs=(WORLD.log.key,))
    text, question = str(classic), Question(classic, SECONDS)
    packed = [one.packed() for one in WORLD.receipts]
    seen = set()
    for number in range(70):
        way = list(MUTATIONS)[number % len(MUTATIONS)]
        forged = MUTATIONS[way](WORLD, WORLD.chance.choice(packed))
        expected = verify_receipt(forged, question).verdict
        verdict, failed = page.evaluate(JUDGE, [_encoded(forged), _encoded(text.encode()), SECONDS])
        assert verdict == expected.name.lower(), (number, way, failed)
        seen.add(expected)
    assert seen >= {Verdict.VALID, Verdict.FORGED}


@pytest.mark.parametrize("before", [0, 2])
def test_a_case_over_two_shards_is_valid_on_the_page_too(page, before):
    """Each shard counts from nought: a later entry at an earlier place, or at the same, is in order."""
    receipt, policy = over_two_shards(before)
    asked = [_encoded(receipt.packed()), _encoded(str(policy).encode()), SECONDS]
    assert page.evaluate(JUDGE, asked) == ["valid", []]


def _encoded(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


def test_every_text_of_the_page_is_in_both_languages():
    """Neither language lacks a word."""
    assert [name for name, one in PAGE.items() if not one.en or not one.zh or one.en == one.zh] == []
