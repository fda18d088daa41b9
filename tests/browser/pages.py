"""Which pages there are, found by the application's own routes: a new page is looked at without being named here.

What has a record in its address is reached as people reach it: by a link on a page that was seen before.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.async_api import Page

from home.secrets import Secrets
from home.settings import Settings
from web.app import make_app

NO_PAGES: Final = ("/api/", "/fragments/", "/static", "/health", "/ready", "/metrics")
API_PAGE: Final = "/api/v1/docs"
ELSEWHERE: Final = frozenset({"/", "/admin", "/login"})  # two lead on; the third is for who has not logged in
HREFS: Final = "found => found.map(link => link.pathname)"


def routes() -> list[str]:
    """Every address that a browser may be sent to, as the router has it; files to be downloaded are among them."""
    with TemporaryDirectory() as home:
        app = make_app(Settings.load({"YJT_HOME": home}), Secrets.load_or_create(Path(home)))
    asked = [route.resource.canonical for route in app.router.routes() if route.method == "GET" and route.resource]
    pages = {path for path in asked if not path.startswith(NO_PAGES)} | {API_PAGE}
    return sorted(pages - ELSEWHERE, key=lambda path: (path.count("{"), path))


@dataclass
class Walk:
    """Through all pages, by one log-in after the other. `left`: routes that nobody has come to yet."""

    url: str
    left: list[str] = field(default_factory=routes)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fixed = frozenset(self.left)  # `/elders/new` is no elder

    async def pages(self, page: Page) -> AsyncIterator[str]:
        """Opens every page that is left and that this log-in may see; gives its name while it is open."""
        for route in tuple(self.left):
            path = self._path(route)
            if path is None:
                continue
            answer = await page.request.get(f"{self.url}{path}", max_redirects=0)
            if answer.status == 403:
                continue
            assert answer.ok, f"{path}: {answer.status}"
            self.left.remove(route)
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            await page.goto(f"{self.url}{path}")
            if path == API_PAGE:
                await page.wait_for_load_state("networkidle")
            self.links += await page.eval_on_selector_all("a[href^='/']", HREFS)
            yield re.sub(r"\W+", "-", route).strip("-")

    def _path(self, route: str) -> str | None:
        """An address of this route; None while no page has led to one."""
        if "{" not in route:
            return route
        wanted = re.compile(re.sub(r"{\w+}", r"[^/]+", route))
        return next((link for link in self.links if wanted.fullmatch(link) and link not in self._fixed), None)
