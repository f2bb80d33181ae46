"""How soon a page of the portal can be used on a slow phone, and what it costs in bytes, in both languages.

Chromium with its cache empty, four times slower than this machine, behind two networks: "slow 4G" (1.6
Mbit/s, 150 ms for every request; connections cost nothing, as the browser's own throttling has it), and the
same as Lighthouse applies it (1.47 Mbit/s, 562.5 ms for every request), which pays for connections too.
Interactive is when the first words are painted, the scripts have run, and no task of 50 ms is left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from countermand.app import open_house
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.surfaces.web.routes import pages

BYTES_MAX, SECONDS_MAX, CPU_SLOWER, ROUNDS = 100_000, 1.5, 4, 3
PHONE = {"width": 390, "height": 844}
# Name, bits a second down and up, milliseconds before a request is answered.
NETWORKS = (("slow 4G", 1_600_000, 750_000, 150.0), ("slow 4G, Lighthouse", 1_474_560, 675_000, 562.5))
OPEN = ("/", "/not-me", "/help", "/check", "/channels", "/process", "/status", "/notices", "/case/open")
OWN = ("/case/receipt", "/case/details", "/case/evidence", "/case", "/case/talk", "/case/call")
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
WATCH = """
window.tasks = [];
const watcher = new PerformanceObserver((list) => {
    for (const one of list.getEntries()) tasks.push(one.startTime + one.duration);
});
watcher.observe({ type: "longtask", buffered: true });
"""
READ = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    return { painted, scripted: page.domContentLoadedEventEnd, busy: Math.max(0, ...window.tasks) };
}"""


@contextmanager
def served():
    """A house with its pages on a thread of its own; its address."""
    found, failed, ready, leave = [], [], threading.Event(), asyncio.Event()

    async def serve(folder: str) -> None:
        async with (
            open_house(Settings(data_dir=Path(folder))) as house,
            open_door(make_front(house, pages()), "127.0.0.1", 0) as address,
        ):
            found.append((address, asyncio.get_running_loop()))
            ready.set()
            await leave.wait()

    def run(folder: str) -> None:
        try:
            asyncio.run(serve(folder))
        except BaseException as error:  # noqa: BLE001 - told on the thread that waits
            failed.append(error)
        finally:
            ready.set()

    with tempfile.TemporaryDirectory() as folder:
        thread = threading.Thread(target=run, args=(folder,), daemon=True)
        thread.start()
        ready.wait()
        if failed:
            raise failed[0]
        address, loop = found[0]
        try:
            yield address
        finally:
            loop.call_soon_threadsafe(leave.set)
            thread.join()


def slowed(context, network: tuple) -> tuple:
    """A page behind a network on a slow phone, and what counts the bytes that it was sent."""
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    _, down, up, latency = network
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    limits = {"downloadThroughput": down / 8, "uploadThroughput": up / 8, "latency": latency}
    session.send("Network.emulateNetworkConditions", {"offline": False, **limits})
    session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
    sent: list[int] = []
    session.on("Network.loadingFinished", lambda told: sent.append(int(told["encodedDataLength"])))
    return page, sent


def looked(context, path: str, network: tuple) -> tuple[int, float]:
    """Bytes of a page with everything it loads, headers too, and seconds until it can be used."""
    page, sent = slowed(context, network)
    page.goto(path, wait_until="load")
    page.wait_for_timeout(400)  # what is asked for late, and tasks after it
    told = page.evaluate(READ)
    page.close()
    return sum(sent), max(told.values()) / 1000


def case_in(browser, address: str, locale: str) -> dict:
    """The cookies of a browser with a case open in it."""
    context = browser.new_context(base_url=address, locale=locale, viewport=PHONE)
    page = context.new_page()
    page.goto("/not-me")
    page.check("input[value=none]")
    page.wait_for_function("() => document.forms[0].elements.answer.value !== ''")
    page.click("button.big")
    page.wait_for_selector(".slip")
    kept = context.storage_state()
    context.close()
    return kept


def main() -> int:
    """Print bytes and seconds of each page beside the goals; 1 where one is missed on the plain profile."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    figures, missed = [], 0
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for language, locale in LOCALES.items():
            own = case_in(browser, address, locale)
            for network in NETWORKS:
                for where in (*OPEN, *OWN):
                    rounds = []
                    for _ in range(arguments.rounds):
                        state = own if where in OWN else None
                        context = browser.new_context(
                            base_url=address, locale=locale, viewport=PHONE, storage_state=state
                        )
                        rounds.append(looked(context, where, network))
                        context.close()
                    figures.append(told(language, network[0], where, rounds))
                    missed += network is NETWORKS[0] and not figures[-1]["met"]
        browser.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))
    return int(missed > 0)


def told(language: str, network: str, where: str, rounds: list[tuple[int, float]]) -> dict:
    """One line a page: bytes, the middle and the worst of the rounds."""
    size = max(one[0] for one in rounds)
    seconds = [one[1] for one in rounds]
    middle, worst = statistics.median(seconds), max(seconds)
    met = size <= BYTES_MAX and middle <= SECONDS_MAX
    print(
        f"{language} {network:20} {where:16} {size / 1000:6.1f} kB of {BYTES_MAX // 1000}  "
        f"interactive {middle:.2f} s (worst {worst:.2f}) of {SECONDS_MAX}  {'met' if met else 'MISSED'}",
        flush=True,
    )
    return {
        "language": language, "network": network, "page": where, "bytes": size,
        "seconds": middle, "worst": worst, "met": met,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
