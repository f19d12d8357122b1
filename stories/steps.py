"""The words of the stories: who is at which page, Given / When / Then, and the accessibility check of every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

PASSWORD = "renkei-demo-2026"
SHOTS = Path("screenshots")
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}


@contextmanager
def given(what: str) -> Iterator[None]:
    """Given …"""
    with _step("Given", what):
        yield


@contextmanager
def when(what: str) -> Iterator[None]:
    """When …"""
    with _step("When", what):
        yield


@contextmanager
def then(what: str) -> Iterator[None]:
    """Then …"""
    with _step("Then", what):
        yield


@contextmanager
def _step(word: str, what: str) -> Iterator[None]:
    print(f"  {word} {what}")
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the step: {word} {what}")
        raise


class Desk:
    """Browsers of the people of a story."""

    def __init__(self, url: str, chromium: Browser, story: str) -> None:
        self.url = url
        self.chromium = chromium
        self.story = story
        self.contexts: dict[str, BrowserContext] = {}
        self.pages: dict[str, Page] = {}
        self.errors: list[str] = []

    def at(self, login_id: str, *, phone: bool = False) -> Page:
        """The page of ``login_id``, logged in once per story."""
        if login_id not in self.pages:
            page = self.stranger(login_id, phone=phone)
            page.goto(self.url + "/accounts/login/")
            page.fill("input[name=login]", login_id)
            page.fill("input[name=password]", PASSWORD)
            with page.expect_navigation():
                page.press("input[name=password]", "Enter")
            page.wait_for_load_state("networkidle")
            assert "/accounts/login" not in page.url, page.inner_text("body")
        return self.pages[login_id]

    def stranger(self, name: str, *, phone: bool = False) -> Page:
        """A fresh browser that nobody logged in."""
        context = self.chromium.new_context(
            viewport=PHONE if phone else DESKTOP, locale="ja-JP", timezone_id="Asia/Tokyo"
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{name}: {error}"))
        self.contexts[name], self.pages[name] = context, page
        return page

    def go(self, page: Page, path: str) -> int:
        """Open ``path`` and return the HTTP status."""
        answer = page.goto(self.url + path)
        assert answer is not None
        return answer.status

    def until(self, page: Page, path: str, text: str, *, tries: int = 30) -> None:
        """Open ``path`` again until it says ``text``: what the worker does arrives a moment later."""
        for _ in range(tries):
            self.go(page, path)
            if text in page.inner_text("main"):
                return
            page.wait_for_timeout(700)
        raise AssertionError(f"{path} never said {text}: {page.inner_text('main')[:500]}")

    def post(self, page: Page, path: str, data: dict[str, str]) -> int:
        """A forged request of a logged-in person, past the screens: what the server itself says."""
        token = page.context.cookies(self.url)
        csrf = next((c["value"] for c in token if c["name"] == "csrftoken"), "")
        answer = page.request.post(
            self.url + path,
            form={**data, "csrfmiddlewaretoken": csrf},
            headers={"X-CSRFToken": csrf, "Referer": self.url + "/"},
            max_redirects=0,
        )
        return answer.status

    def accessible(self, page: Page) -> None:
        """No violation of WCAG 2.2 A and AA that axe can find on the page as it is."""
        found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
        told = [f"{v['id']}: {v['help']} {[n['target'] for n in v['nodes'][:3]]}" for v in found]
        assert not told, f"{page.url}\n" + "\n".join(told)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{page.url} scrolls sideways by {width}px"

    def shot(self, page: Page, name: str) -> None:
        """A picture for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=str(SHOTS / f"{self.story}-{name}.png"))

    def close(self, *, failed: bool) -> None:
        """End every browser; after a failure their pages are photographed, and no script may have failed."""
        if failed:
            for name, page in self.pages.items():
                self.shot(page, f"failed-{name}")
        for context in self.contexts.values():
            context.close()
        if not failed:
            assert not self.errors, self.errors
