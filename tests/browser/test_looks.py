"""The console on a phone, in light and dark, and for people who do not see it as others do."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.backend import Backend
from tests.browser.conftest import Puppets
from tests.browser.pages import Console
from tests.support.axe import grave_violations

BREAKERS = "Explain circuit breakers, with a table of the states, a short code example and the failure-rate formula."
WHOLE: ViewportSize = {"width": 1280, "height": 3000}  # axe judges only the contrast of what is in sight
WIDE_ROW = "| " + "column | " * 12
WIDE_BLOCKS = [
    "w" * 300,
    f"`{'c' * 200}`",
    f"{WIDE_ROW}\n|{'---|' * 12}\n{WIDE_ROW}",
    f"```\n{'x ' * 200}\n```",
    f"$$\n{'a + ' * 60}b\n$$",
]
WIDE_ON_PURPOSE = "pre, .table-scroll, .katex-display"
SIDEWAYS = """(allowed) => [document.scrollingElement, ...document.querySelectorAll('body *')]
    .filter((element) => !element.closest(allowed) && element.scrollWidth > element.clientWidth)
    .filter((element) => element.tagName === 'HTML' || /auto|scroll/.test(getComputedStyle(element).overflowX))
    .map((element) => element.outerHTML.slice(0, 120))"""
CUT_OFF = """(allowed) => [...document.querySelectorAll('button, a, input, textarea, select, [role=switch]')]
    .filter((element) => element.checkVisibility({opacityProperty: false}))
    .filter((element) => !element.closest(allowed + ', .skip-link'))
    .map((element) => [element.ariaLabel ?? element.textContent, element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.left < 0 || box.right > window.innerWidth))
    .map(([name]) => name)"""


async def answered(console: Console, backend: Backend) -> None:
    """Show an answer with everything that Markdown has, given by the fallback, with its receipt."""
    await console.open(backend)
    await backend.http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True, "reason": "drill"})
    await console.chat.ask_and_wait(BREAKERS)
    await console.chat.open_receipt()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(chromium: Browser) -> AsyncIterator[Console]:
    """The console on a narrow phone."""
    context = await chromium.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    yield Console(await context.new_page())
    await context.close()


async def assert_fits(page: Page) -> None:
    assert await page.evaluate(SIDEWAYS, WIDE_ON_PURPOSE) == [], "the page scrolls sideways"
    assert await page.evaluate(CUT_OFF, WIDE_ON_PURPOSE) == [], "controls are cut off at the side"


async def wait_until_still(page: Page) -> None:
    """Drawers slide in; what they hold is judged where it comes to rest."""
    await page.wait_for_function("() => document.getAnimations().every(({playState}) => playState !== 'running')")


async def test_a_phone_shows_question_answer_and_receipt_without_scrolling_sideways(
    phone: Console, simulated: Backend
) -> None:
    await phone.open(simulated)
    await assert_fits(phone.page)
    await answered(phone, simulated)
    await assert_fits(phone.page)
    await expect(phone.chat.answer.get_by_role("table")).to_be_visible()


CUT = """() => {
    const box = document.querySelector("section[aria-label=Suggestions]").getBoundingClientRect();
    return box.bottom - document.querySelector("form").getBoundingClientRect().top;
}"""


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["laptop", "phone"])
async def test_the_suggestions_of_an_empty_chat_are_wholly_in_sight(
    size: tuple[int, int], console: Console, simulated: Backend
) -> None:
    await console.page.set_viewport_size({"width": size[0], "height": size[1]})
    await console.open(simulated)
    await expect(console.page.get_by_role("button", name="What is Sentinel?")).to_be_in_viewport(ratio=1)
    assert await console.page.evaluate(CUT) < 0


async def test_a_phone_shows_the_chaos_page_without_scrolling_sideways(phone: Console, simulated: Backend) -> None:
    await phone.open(simulated, "/chaos/")
    await phone.provider("simulated-primary").throw_kill_switch()
    await expect(phone.kill_switch_banner).to_be_visible()
    await phone.provider("simulated-fallback").trip.click()
    await expect(phone.provider("simulated-fallback").circuit).to_have_text("Circuit open")
    await assert_fits(phone.page)


async def test_a_phone_shows_the_incidents_without_scrolling_sideways(phone: Console, simulated: Backend) -> None:
    await simulated.http.put("/api/chaos/kill-switch/simulated-primary/sim-large", json={"active": True})
    await phone.open(simulated, "/incidents/")
    told = phone.page.get_by_role("article", name="Kill switch of simulated-primary/sim-large on").first
    await told.get_by_text("Facts").click()
    await assert_fits(phone.page)


async def test_a_phone_reaches_pages_and_conversations_through_its_menu(phone: Console, simulated: Backend) -> None:
    await simulated.new_thread("On the road")
    await phone.open(simulated)
    await phone.page.get_by_role("button", name="Menu").click()
    await phone.dialog.get_by_role("link", name="On the road").click()
    await expect(phone.dialog).to_have_count(0)
    await expect(phone.page).to_have_title("On the road · Sentinel")
    await phone.page.get_by_role("button", name="Menu").click()
    await expect(phone.dialog).to_be_visible()
    await wait_until_still(phone.page)
    await assert_fits(phone.page)
    await phone.dialog.get_by_role("link", name="Chaos").click()
    await expect(phone.page.get_by_role("heading", name="Chaos", level=1)).to_be_visible()


async def test_an_answer_with_long_words_stays_inside_a_phone(
    phone: Console, scripted: Backend, puppets: Puppets
) -> None:
    await phone.open(scripted)
    await phone.chat.ask("q" * 200)
    call = await puppets.first.called("q" * 200)
    await call.answer("\n\n".join(WIDE_BLOCKS))
    await phone.chat.wait_for_the_end()
    await assert_fits(phone.page)


async def test_the_theme_follows_the_system_until_the_person_chooses(chromium: Browser, simulated: Backend) -> None:
    context = await chromium.new_context(color_scheme="light", viewport={"width": 1280, "height": 800})
    console, other = Console(await context.new_page()), Console(await context.new_page())
    for each in (console, other):
        await each.open(simulated)
        assert await each.theme() == "light"
        await each.page.emulate_media(color_scheme="dark")
        await expect(each.page.locator("html")).to_have_attribute("data-theme", "dark")
    await console.page.get_by_role("button", name="Switch to light").click()
    await expect(other.page.locator("html")).to_have_attribute("data-theme", "light")
    await console.page.reload()
    assert await console.theme() == "light"
    await context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_has_grave_barriers(theme: str, console: Console, simulated: Backend) -> None:
    await console.page.set_viewport_size(WHOLE)
    await console.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await console.open(simulated)
    assert await console.theme() == theme
    assert await grave_violations(console.page) == []
    await answered(console, simulated)
    assert await grave_violations(console.page) == []
    await console.open(simulated, "/chaos/")
    await console.provider("simulated-fallback").trip.click()
    await expect(console.provider("simulated-fallback").circuit).to_have_text("Circuit open")
    assert await grave_violations(console.page) == []
    await console.open(simulated, "/incidents/")
    await console.page.get_by_role("article").first.get_by_text("Facts").click()
    assert await grave_violations(console.page) == []
    await console.page.get_by_label("Type of incident").select_option("Run recovered")
    await expect(console.page.get_by_text("No matching incidents")).to_be_visible()
    assert await grave_violations(console.page) == []


async def test_failures_and_dialogs_have_no_grave_barriers(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.page.set_viewport_size(WHOLE)
    await puppets.first.refuse()
    await puppets.second.refuse()
    await console.open(scripted)
    await console.chat.ask("Is anybody there?")
    await expect(console.chat.failure).to_be_visible()
    assert await grave_violations(console.page) == []
    await console.page.get_by_role("button", name="Keyboard shortcuts").click()
    await expect(console.dialog).to_be_visible()
    assert await grave_violations(console.page) == []
