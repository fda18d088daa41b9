"""The phone in the page, against a real Asterisk: a whole emergency with keys alone, F5 and hold in the middle of it,
and a second agent who races for it. The browser's microphone is a file with an agent's voice.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from drill import voices
from drill.ear import Ear
from drill.people import people_talk
from home.programs import Program, browser_environment, find
from home.settings import Settings
from models import passwords
from models.people import UserRole, create_user
from tests.browser.conftest import DEADLINE, FLAGS, WIDE, Town, running_web
from tests.telephony.house import ELDER_LINE, House, grandmother, open_house

PASSWORD = passwords.generate()
MICROPHONE = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={voices.clip('agent_a')}",
)
LOUD = 0.2  # of a level meter: somebody speaks


pytestmark = pytest.mark.usefixtures("web_forks")


@pytest.fixture(scope="session")
def asterisk_program() -> Program:
    return find("asterisk", Settings.load())


@dataclass
class Centre:
    """A whole platform with its web, and a browser for each agent."""

    house: House
    browser: Browser
    shots: Path
    errors: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.house.settings.web_port}"

    async def shot(self, page: Page, name: str) -> None:
        await page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    async def desk(self, extension: str, *, lang: str = "zh") -> Page:
        """The agent of this seat, logged in, at their desk."""
        context = await self.browser.new_context(viewport=WIDE, reduced_motion="reduce")
        context.set_default_timeout(DEADLINE)
        await context.add_cookies([{"name": "yjt_lang", "value": lang, "url": self.url}])
        page = await context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        await page.goto(f"{self.url}/login")
        await page.fill("#username", f"agent{extension}")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_selector("header.bar")
        await page.goto(f"{self.url}/desk")
        await page.wait_for_selector("[data-link-state=live]")
        return page

    async def phone(self, extension: str, *, lang: str = "zh") -> Page:
        """The same, with the phone in the page switched on by key."""
        page = await self.desk(extension, lang=lang)
        await page.focus("#phone-on")
        await page.keyboard.press("Enter")
        await is_phone(page, "ready")
        await self.house.told("seat", extension=extension, registered=True)
        return page


async def is_phone(page: Page, state: str) -> None:
    await expect(page.locator("#phone")).to_have_attribute("data-state", state, timeout=DEADLINE)


async def is_loud(page: Page, meter: str) -> None:
    async with asyncio.timeout(DEADLINE / 1000):
        while await page.locator(f"#{meter}").evaluate("meter => meter.value") < LOUD:  # noqa: ASYNC110 (no eval: CSP)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def open_centre(tmp_path: Path, program: Program, shots: Path) -> AsyncIterator[Centre]:
    async with open_house(tmp_path / "home", program, elders=[grandmother()], phones=()) as house:
        for extension in ("801", "802"):
            name = f"agent{extension}"
            await create_user(house.database, name, PASSWORD, name=name, roles=[UserRole.AGENT], seat=extension)
        chromium = find("chromium", Settings.load())  # one that sends sound to Asterisk: without windows it does not
        environment = browser_environment(chromium, Settings.load())
        async with (
            running_web(house.settings, house.settings.web_port, house.settings.control_port),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(
                executable_path=chromium.argv_prefix[0],
                args=[*FLAGS, *MICROPHONE],
                env={**os.environ, **environment},
            )
            centre = Centre(house, browser, shots)
            yield centre
            await browser.close()
    assert not centre.errors, "the browser complained: " + "; ".join(centre.errors)


async def hears_itself(page: Page) -> None:
    """The check of the line before a shift."""
    await page.click("#phone-settings")
    await page.click("#phone-try-line")
    await is_phone(page, "echo")
    await is_loud(page, "phone-far")
    await page.keyboard.press("Delete")
    await is_phone(page, "ready")
    await page.click("#phone-settings")


async def keys(page: Page, *pressed: str) -> None:
    """Each as soon as its button can be pressed, as a person would."""
    for key in pressed:
        await expect(page.locator(f"[data-key~='{key}']")).to_be_enabled()
        await page.keyboard.press(key)


async def test_a_whole_emergency_with_keys_alone_f5_in_the_middle_and_a_second_agent_racing(
    tmp_path: Path, asterisk_program: Program, shots: Path
) -> None:
    async with open_centre(tmp_path, asterisk_program, shots) as centre:
        house, elder = centre.house, centre.house.town.elder(ELDER_LINE)
        house.town.service("120")
        a, b = await centre.phone("801"), await centre.phone("802", lang="en")
        await hears_itself(b)
        await keys(a, "r")
        await elder.press_key()
        await is_phone(a, "ringing")
        await centre.shot(a, "phone-ringing-zh")
        await keys(a, "F4")
        await house.case(state="talking")
        await is_loud(a, "phone-mic")
        await is_loud(a, "phone-far")
        await keys(b, "r")
        await people_talk(4)

        # F5: the same agent has the elder again, although another one is ready
        await a.reload()
        await house.leg("a-2", number="801", state="answered")
        await is_phone(a, "talking")
        await is_loud(a, "phone-far")

        # hold: the elder hears words and music, everybody sees it, and the same key takes the call back
        await keys(a, "F1")
        await is_phone(a, "held")
        await expect(a.locator("[data-on-hold] time")).to_be_visible()
        board = await b.context.new_page()
        await board.goto(f"{centre.url}/board")
        await expect(board.locator("tr.row-talking .leg-held")).to_be_visible()
        await board.close()
        await house.leg("elder", place="nowhere")
        await people_talk(5)
        await centre.shot(a, "phone-held-zh")
        await keys(a, "F1")
        await is_phone(a, "talking")
        await is_loud(a, "phone-far")

        await keys(a, "F2")
        await expect(a.locator("#phone-hold")).to_be_disabled()  # somebody stays with the elder now
        await is_phone(b, "ringing")
        await keys(b, "F4")
        await is_phone(b, "talking")
        await house.leg("a-2", place="rescue")
        await expect(b.locator("#call_120")).to_be_enabled()

        # both want to call 120 at the same time: one call is made, the other agent is told
        await asyncio.gather(keys(a, "F8"), keys(b, "F8"))
        await house.leg("120-1", state="answered")
        assert sorted([await a.locator(".message").count(), await b.locator(".message").count()]) == [0, 1]
        await people_talk(3)
        await centre.shot(a, "phone-emergency-zh")
        await centre.shot(b, "phone-emergency-en")

        await keys(a, "a")
        await keys(b, "F3")
        await expect(b.locator("#phone-mute")).to_have_attribute("aria-pressed", "true")
        await keys(b, "F3")
        await a.keyboard.press("x")
        await a.keyboard.press("ArrowDown")
        await a.keyboard.press("Tab")  # to the sub-codes of this outcome
        await a.keyboard.press("ArrowDown")
        await a.keyboard.press("Control+Enter")
        await is_phone(a, "ready")
        await is_phone(b, "ready")
        closed = await house.case(within=15, state="closed")
        await house.nothing_is_left()
        assert [leg["number"] for leg in closed["legs"] if leg["kind"] == "service"] == ["120"]
        centre.errors[:] = [error for error in centre.errors if "409" not in error]  # the browser's note of the refusal
    heard = await asyncio.to_thread(Ear.of_the_town().listen, elder.line.ear)
    assert heard.voice("agent_a") > 4, str(heard)
    assert heard.prompt("hold") > 0.5, str(heard)  # its first words
    assert heard.music() > 1, str(heard)
    assert heard.longest_silence().seconds < 3, str(heard)


async def no_microphone_because(page: Page, error: str) -> None:
    """The browser answers so when it is asked for one; without an error it gives one that hears nothing."""
    await page.evaluate(
        """error => navigator.mediaDevices.getUserMedia = () => error
            ? Promise.reject(new DOMException("", error))
            : Promise.resolve(new AudioContext().createMediaStreamDestination().stream)""",
        error,
    )


async def test_what_is_wrong_is_said_in_words(town: Town) -> None:
    page = await town.page(lang="en")
    await page.goto(f"{town.url}/desk")
    problem, on = page.locator("#phone-problem"), page.locator("#phone-on")
    await expect(problem).to_be_hidden()
    for error, words in (
        ("NotAllowedError", "not allowed"),
        ("NotFoundError", "headset"),
        ("NotReadableError", "another program"),
    ):
        await no_microphone_because(page, error)
        await on.click()
        await expect(problem).to_contain_text(words)
        await is_phone(page, "off")
    await page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false, configurable: true })")
    await on.click()
    await expect(problem).to_contain_text("https")
    await page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: true, configurable: true })")

    # there is no exchange in this town
    await no_microphone_because(page, "")
    await on.click()
    await is_phone(page, "away")
    await expect(problem).to_contain_text("connection to the exchange is lost")
    await page.click("#phone-settings")
    await town.shot(page, "phone-away-en")
    second = await page.context.new_page()
    await second.goto(f"{town.url}/desk")
    await is_phone(second, "other_tab")
    await expect(second.locator("#phone-problem")).to_contain_text("Another tab")
    await no_microphone_because(second, "")
    await page.close()
    await is_phone(second, "away")
    town.errors[:] = [error for error in town.errors if "/phone/socket" not in error]


async def test_the_phone_shows_its_devices_in_chinese(town: Town) -> None:
    page = await town.page()
    await page.goto(f"{town.url}/desk")
    await page.click("#phone-settings")
    await expect(page.locator("#phone-try-line")).to_be_disabled()
    await expect(page.locator("#phone-details")).to_contain_text("振铃设备")
    await town.shot(page, "phone-devices-zh")
