"""Measure what a page takes to open on a phone, and to find an agent in. usage: python benchmarks/opening.py PAGE ... [--find NAME]

Prints, a line each, the CPU seconds of the browser's main thread until the page is idle: a window of 390 pixels, the CPU
slowed to a fourth. With `--find` also those from the first word asked of that page to the painted link of the agent, and to
all that fits. Needs Chromium and playwright (`make browser` sets both up).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PHONE = {"width": 390, "height": 844}
LOOK_MS, IDLE_LOOKS, IDLE_SECONDS = 300, 4, 0.01
"""A page is idle once it took less than that from look to look, a few looks running."""
ASK = """name => {
    const search = document.getElementById('find');
    search.focus();
    search.value = name;
    search.dispatchEvent(new Event('input', { bubbles: true }));
}"""
SEEN = """name => {
    const found = document.getElementById('found');
    const links = [...found.querySelectorAll('.names a')];
    // What a frame shows is painted once the task after it begins.
    return found.checkVisibility() && links.some(link => link.textContent === name) &&
        new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true))));
}"""


def missing() -> str:
    """Name what is not installed; '' where all is there."""
    parts = {
        "Chromium": shutil.which("chromium"),
        "playwright": find_spec("playwright"),
    }
    return " and ".join(name for name, found in parts.items() if not found)


def openings(pages: Sequence[Path], runs: int = 3, speed: float = 4) -> Iterator[tuple[float, ...]]:
    """Yield for each page the seconds of main thread, run by run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        for path in pages:
            yield tuple(_opening(browser, path.resolve().as_uri(), speed) for _ in range(runs))
        browser.close()


def _opening(browser: Any, address: str, speed: float) -> float:
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        page.goto("about:blank")
        session = context.new_cdp_session(page)
        # Seconds of the thread: what else the machine does is not counted.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("Emulation.setCPUThrottlingRate", {"rate": speed})
        before = _task_seconds(session)
        page.goto(address)
        return _idle(page, session) - before


def _idle(page: Any, session: Any) -> float:
    """Wait until a page is idle; return the seconds of its main thread so far."""
    seconds, idle = _task_seconds(session), 0
    while idle < IDLE_LOOKS:
        page.wait_for_timeout(LOOK_MS)
        now = _task_seconds(session)
        idle = idle + 1 if now - seconds < IDLE_SECONDS else 0
        seconds = now
    return seconds


def searches(page: Path, name: str, width: int, speed: float, runs: int) -> list[list[float]]:
    """Return, run by run, the seconds of main thread until an agent is seen and until all that fits is.

    Each is the first search of a page that was opened, is idle and was not touched.
    """
    from playwright.sync_api import sync_playwright

    took = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        for _ in range(runs):
            with browser.new_context(viewport={**PHONE, "width": width}) as context:
                opened = context.new_page()
                session = context.new_cdp_session(opened)
                session.send("Performance.enable", {"timeDomain": "threadTicks"})
                session.send("Emulation.setCPUThrottlingRate", {"rate": speed})
                opened.goto(page.resolve().as_uri())
                before = _idle(opened, session)
                opened.evaluate(ASK, name)
                opened.wait_for_function(SEEN, arg=name)
                seen = _task_seconds(session)
                opened.wait_for_function("() => !document.querySelector('[aria-busy]')")
                took.append([seen - before, _task_seconds(session) - before])
        browser.close()
    return took


def _task_seconds(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))


def main() -> None:
    """Measure the pages that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, nargs="+")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--speed", type=float, default=4, help="how many times slower the CPU is")
    parser.add_argument("--find", metavar="NAME", help="an agent to find in the first page")
    given = parser.parse_args()
    if lacking := missing():
        sys.exit(f"not measured: {lacking} is not installed; run `make browser`")
    for path, seconds in zip(
        given.page, openings(given.page, given.runs, given.speed), strict=True
    ):
        print(f"{path}: {statistics.median(seconds):.2f} s", *(f"{s:.2f}" for s in seconds))
    for width, speed in ((1280, 1.0), (PHONE["width"], given.speed)) if given.find else ():
        seen = searches(given.page[0], given.find, width, speed, given.runs)
        print(f"{given.find} at {width} px:", *(f"{agent:.3f}/{rest:.3f}" for agent, rest in seen))


if __name__ == "__main__":
    main()
