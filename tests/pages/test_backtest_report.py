"""Goal: the report's page works from one file, in both languages, for everybody.

Method: the page of a made-up comparison in Chromium: what it asks for, shows, and what axe-core says.
"""

from __future__ import annotations

import json

import pytest

from backtests.results import EXTRA, decided, lab, lab_operations, with_column
from countermand.kernel.text import Text
from countermand.surfaces.reports import assess, render_html

MADE_AT = 1_795_322_000 * 10**6
SOURCE = Text(en="A made-up laboratory", zh="虚构的实验室")
EVIL = "</script><script>document.title='stolen'</script><img src='https://example.org/x'>"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """A comparison whose accounts are named by an attacker, as a file."""
    operations = lab_operations(1, 1200)
    p, q = lab(), lab("2", first=50, large=400, late="approve", more=EXTRA)
    tables = [decided(program, operations) for program in (p, q)]
    evil = [EVIL] * len(operations)
    tables = [with_column(table, "id", evil) for table in tables]
    report = assess(tables[0], p, tables[1], q, source=SOURCE, made_at=MADE_AT)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(report), encoding="utf-8")
    return path


class Look:
    """An open page, with what it asked for and complained about."""

    def __init__(self, browser, path, width=1400, language="en-GB", colours="light"):
        size = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, locale=language, color_scheme=colours)
        self.page = self.context.new_page()
        self.asked, self.complaints = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_the_page_stands_alone_and_fits(browser, page_file, width, language):
    """Nothing is asked of the network, nothing is complained about, nothing sticks out sideways."""
    with Look(browser, page_file, width, language) as look:
        assert look.asked == [page_file.as_uri()]
        assert look.complaints == []
        assert look.page.evaluate("document.documentElement.scrollWidth") == width
        assert look.page.locator("html").get_attribute("lang") == language[:2].replace("zh", "zh-CN")


def test_the_language_is_switched(browser, page_file):
    """One press turns the whole page to the other language, with its title, and back."""
    with Look(browser, page_file) as look:
        heading = look.page.locator("#look-name")
        assert heading.inner_text() == "At a glance"
        assert look.page.title() == "Backtest of lab@2"
        look.page.get_by_role("button", name="中文").click()
        assert heading.inner_text() == "概览"
        assert look.page.title() == "lab@2 回测报告"
        shown = look.page.locator("main").inner_text()
        assert "处置改变的操作" in shown
        assert "At a glance" not in shown
        look.page.get_by_role("button", name="English").click()
        assert heading.inner_text() == "At a glance"
        assert look.complaints == []


def test_a_table_is_sorted_by_a_press_on_its_heading(browser, page_file):
    """Numbers fall first, then rise; the heading says so to everybody."""
    with Look(browser, page_file) as look:
        table = look.page.locator("table.rules").first
        button = table.get_by_role("button", name="Fires")

        def column():
            return [int(cell.get_attribute("data-value")) for cell in table.locator("td:nth-child(3)").all()]

        before = column()
        button.click()
        assert column() == sorted(before, reverse=True)
        assert "Fires" in table.locator("th[aria-sort=descending]").inner_text()
        button.click()
        assert column() == sorted(before)
        table.get_by_role("button", name="Rule").click()
        names = [one.inner_text() for one in table.locator("tbody th > code").all()]
        assert names == sorted(names)


def test_what_the_data_says_stays_text(browser, page_file):
    """An id full of markup is shown as it is, and a reason too; no script of theirs runs."""
    with Look(browser, page_file) as look:
        assert look.page.title() == "Backtest of lab@2"
        assert look.page.locator("img").count() == 0
        assert look.page.locator("tbody th code", has_text="document.title='stolen'").count() > 0
        reason = look.page.locator("table.rules").first.get_by_text("A huge withdrawal &lt;i&gt; 5<6\"'")
        assert reason.count() == 1


def test_nothing_else_may_run_or_load(browser, page_file):
    """The page's own rule refuses scripts and styles that are not its own, and every address."""
    with Look(browser, page_file) as look:
        ran = look.page.evaluate(
            """() => { const script = document.createElement('script');
            script.textContent = 'window.stolen = 1'; document.body.append(script); return window.stolen }"""
        )
        assert ran is None
        assert (
            look.page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')")
            == "refused"
        )
        assert any("Content Security Policy" in complaint for complaint in look.complaints)


@pytest.mark.parametrize(("colours", "language", "width"), [("light", "en-GB", 1400), ("dark", "zh-CN", 360)])
def test_the_page_is_for_everybody(browser, page_file, colours, language, width):
    """Axe-core finds nothing wrong, with everything unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with Look(browser, page_file, width, language, colours) as look:
        look.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = axe.Axe().run(look.page).response
        wrong = [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found["violations"]]
        assert "color-contrast" in {passed["id"] for passed in found["passes"]}, "axe looked at the colours"
        assert wrong == [], json.dumps(wrong, indent=1)


def test_on_paper_everything_is_unfolded(browser, page_file):
    """What is folded on the screen is printed."""
    with Look(browser, page_file) as look:
        folded = "document.querySelectorAll('details:not([open])').length"
        assert look.page.evaluate(folded) > 0
        look.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert look.page.evaluate(folded) == 0
        look.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert look.page.evaluate(folded) > 0
