"""Goal: a frightened person stops it, keeps their slip, follows their case and leaves nothing behind.

Method: Chromium over a served house, in both languages, by keyboard; and once more without scripts. axe-core
on every page; a text that would be markup must show as text.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import httpx

from countermand.flows.public_door import FORM_MICROS_MIN, PUZZLE_KEY
from countermand.intake.puzzles import BITS_MIN, puzzle_of
from countermand.kernel.ids import new_nonce
from pages.looking import violations, visiting
from pages.served import Served

MARKUP = "<script>alert(1)</script><b>'\"&"
KILOBYTES_MAX = 100
FORM = re.compile(r'name="form" value="(\w+)"')


def press(page: Any, selector: str) -> None:
    """As somebody without a mouse does."""
    page.locator(selector).first.focus()
    page.keyboard.press("Enter")


def solved(page: Any) -> None:
    """Wait for the little work that the page's script does meanwhile."""
    page.wait_for_function("() => document.forms[0].elements.answer.value !== ''")


def told(page: Any) -> tuple[str, list[str]]:
    """Number and code of the slip on the page."""
    page.wait_for_selector(".slip")
    groups = page.locator(".groups li").all_inner_texts()
    return page.inner_text("#number"), [one.strip()[-5:] for one in groups]


def test_the_whole_story_of_a_victim(visit: Any, language: str) -> None:
    """Stopped by three keys, slip kept, details told, evidence sent, case followed, closed; accessible."""
    sent: list[int] = []
    visit.on("requestfinished", lambda one: sent.append(one.sizes()["responseBodySize"]))
    visit.goto("/")
    press(visit, ".not-me")
    visit.wait_for_selector("form[data-puzzle]")
    assert sum(sent) < KILOBYTES_MAX * 1000
    assert violations(visit) == []
    visit.fill("#account", f"portal-{language}")
    solved(visit)
    press(visit, "button.big")
    number, groups = told(visit)
    assert [len(one) for one in groups] == [5, 5, 5, 5]
    assert visit.locator(".stops li").count() >= 4
    assert visit.locator(".keeps li").count() >= 3
    assert violations(visit) == []
    visit.fill("#first", "wrong")
    visit.fill("#second", groups[3])
    press(visit, "#saved button")
    visit.wait_for_selector("#first-wrong")
    visit.fill("#first", groups[1].lower())
    visit.fill("#second", groups[3])
    press(visit, "#saved button")
    visit.wait_for_selector("#text")
    assert violations(visit) == []
    visit.fill("#text", MARKUP)
    visit.fill("#amounts", "1,200.50")
    visit.select_option("#asked_by", "call")
    visit.check("input[name=shared_code]")
    press(visit, "button.big")
    visit.wait_for_selector("#upload")
    assert violations(visit) == []
    send_and_follow(visit, number)
    visit.goto("/case/looks")
    assert violations(visit) == []
    visit.goto("/case/receipt")
    assert visit.locator(".groups").count() == 0
    visit.goto("/case")
    press(visit, 'form[action="/case/leave"] button')
    visit.wait_for_url("**/case/left")
    assert violations(visit) == []
    visit.goto("/case")
    assert visit.url.endswith("/case/open")
    assert violations(visit) == []
    visit.fill("#number", number)
    visit.fill("#secret", "-".join(groups).lower())
    visit.check("input[name=shared]")
    press(visit, "button.big")
    visit.wait_for_selector(".next")
    assert number in visit.inner_text("#main")


def send_and_follow(visit: Any, number: str) -> None:
    """A picture is sent bit by bit, the case is read, and somebody who calls is checked."""
    picture = {"name": "shot.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)}
    visit.set_input_files("#file", picture)
    press(visit, "#upload button")
    visit.wait_for_url("**/case/evidence?sent=yes")
    assert "shot.png" in visit.inner_text("#main")
    visit.goto("/case")
    assert number in visit.inner_text("#main")
    assert MARKUP in visit.inner_text(".talk")
    assert visit.locator(".next strong").count() == 1
    assert violations(visit) == []
    visit.locator("details:has(#code) > summary").click()
    visit.fill("#code", "000000")
    press(visit, "details[open] button")
    visit.wait_for_selector(".message.stop")


def test_the_report_needs_no_script(browser: Any, served: Served) -> None:
    """Pressed too fast, the form comes back with what was typed; then it stops, and a plain file arrives."""
    with visiting(browser, served.address, "zh", java_script_enabled=False) as page:
        page.goto("/not-me")
        page.check("input[value=phone]")
        page.fill("#phone", "")
        page.click("button.big")
        assert page.get_attribute("#phone", "aria-invalid") == "true"
        page.check("input[value=account]")
        page.fill("#account", "plain-1")
        while page.locator(
            "form[data-puzzle]"
        ).count():  # pressed too fast, it comes back with what was typed
            page.click("button.big")
        _, groups = told(page)
        page.fill("#first", groups[1])
        page.fill("#second", groups[3])
        page.click("#saved button")
        page.goto("/case/evidence")
        page.set_input_files(
            "#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"what they wrote"}
        )
        page.click("#upload button")
        assert "a.txt" in page.inner_text("#main")
        page.goto("/case/receipt.pdf")
        assert page.locator("#main h1").count() == 1


def test_open_pages_are_whole_on_the_smallest_screen(browser: Any, served: Served) -> None:
    """Nothing runs out of the screen, and the red button is on every page."""
    with visiting(browser, served.address, "en", {"width": 320, "height": 640}) as page:
        for path in ("/", "/not-me", "/check", "/channels", "/process", "/case/open", "/nowhere"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            assert page.locator("a[href='/not-me'], form[action='/not-me']").count() >= 1, path
            if path in ("/channels", "/process"):
                assert violations(page) == [], path


def test_the_checker_says_why(visit: Any) -> None:
    """A pasted message is taken apart, and what is in it shows as text."""
    visit.goto("/check")
    visit.fill("#value", f"http://examp1e-finance.cn/{MARKUP} 提供验证码")
    press(visit, "button.big")
    visit.wait_for_selector(".verdict.stop")
    assert visit.locator(".finding").count() >= 2
    assert visit.input_value("#value").startswith("http://examp1e-finance.cn")
    assert violations(visit) == []


def form_of(served: Served) -> dict[str, str]:
    """What a form of the page carries, given out a while ago."""
    house = served.house
    key, now = house.reception.vault.mac_key(PUZZLE_KEY), house.clock.now()
    return {"puzzle": puzzle_of(key, new_nonce(), now - 2 * FORM_MICROS_MIN, BITS_MIN), "answer": ""}


def caller(served: Served, account: str) -> tuple[httpx.Client, str, str]:
    """A browser with a case open in it, the token of its forms, and the number of the case."""
    client = httpx.Client(base_url=served.address, headers={"origin": served.address})
    client.get("/not-me")
    told = {"stop": "outgoing", "who": "account", "account": account, **form_of(served)}
    page = client.post("/not-me", data=told, follow_redirects=True).text
    form, number = FORM.search(page), re.search(r'id="number">([\d ]+)<', page)
    assert form is not None, page
    assert number is not None, page
    return client, form[1], number[1]


def test_cases_are_kept_apart(served: Served) -> None:
    """No case without a session; no form of another session; another's number opens nothing; all is said."""
    mine, form, number = caller(served, "apart-1")
    other, foreign, _ = caller(served, "apart-2")
    with closing(mine), closing(other):
        assert httpx.get(f"{served.address}/case").headers["location"] == "/case/open"
        refused = mine.post("/case/messages", data={"form": foreign, "text": "x"})
        assert refused.status_code == 403
        wrong = other.post("/case/open", data={"number": number, "secret": "00000-00000-00000-00000"})
        assert wrong.status_code == 404
        assert f'value="{number}"' in wrong.text
        cookie = next(one for one in mine.cookies.jar if one.name == "countermand-receipt")
        assert cookie.has_nonstandard_attr("HttpOnly")
        left = mine.post("/case/leave", data={"form": form})
        assert left.headers["clear-site-data"] == '"cache", "storage"'
        mine.cookies.set(cookie.name, str(cookie.value))
        over = mine.post("/case/messages", data={"form": form, "text": "kept words"})
        assert over.status_code == 401
        assert 'name="kept" value="kept words"' in over.text


def test_a_browser_without_cookies_is_told_all_on_one_page(served: Served) -> None:
    """Number and code stand in the answer itself; sent again, it is the same."""
    told = {"stop": "outgoing", "who": "none", **form_of(served)}
    pages = [
        httpx.post(f"{served.address}/not-me", data=told, headers={"origin": served.address})
        for _ in range(2)
    ]
    assert [one.status_code for one in pages] == [200, 200]
    assert pages[0].text == pages[1].text
    assert len(re.findall(r"<li>[0-9A-Z]{5}</li>", pages[0].text)) == 4


def test_the_registry_stands_at_its_well_known_address(served: Served) -> None:
    """Signed, with its keys beside it; what stands at the foot of a page is what stands in it."""
    with httpx.Client(base_url=served.address) as client:
        signed = client.get("/.well-known/official-channels.jws")
        keys = client.get("/.well-known/official-channels-keys.json").json()
        page = client.get("/").text
        answer = client.post("/v1/official/check", json={"value": "bit.ly/x"}).json()
    official = served.house.official
    assert (signed.text, keys) == (official.signed, dict(official.keys))
    assert all(shown in page for _, shown, _ in official.contacts())
    assert (answer["verdict"], answer["findings"][0]["code"]) == ("not_ours", "link_short")


def test_no_page_with_a_secret_is_compressed(served: Served) -> None:
    """What is open to all comes small; where a form has a token, length tells nothing."""
    mine, form, _ = caller(served, "small-1")
    with closing(mine):
        open_page, own = mine.get("/help"), mine.get("/case")
        assert open_page.headers["content-encoding"] == "gzip"
        assert form in own.text
        assert "content-encoding" not in own.headers
