"""Everything works without a mouse."""

import re

from playwright.async_api import Page, expect

from tests.browser.backend import Backend
from tests.browser.conftest import Puppets
from tests.browser.pages import Console

NAME_OF_FOCUS = "() => document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"


async def focus_order(page: Page, count: int) -> list[str]:
    """The names of what Tab reaches, from where the focus is."""
    names = []
    for _ in range(count):
        await page.keyboard.press("Tab")
        names.append(await page.evaluate(NAME_OF_FOCUS))
    return names


async def turn_single_keys_on(console: Console) -> None:
    await console.page.get_by_role("button", name="Keyboard shortcuts").click()
    await console.dialog.get_by_role("switch", name="Single-key shortcuts").click()
    await console.page.keyboard.press("Escape")
    await expect(console.dialog).to_have_count(0)


async def test_what_is_typed_first_is_the_beginning_of_a_message(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    await expect(console.chat.box).to_be_focused()
    await console.page.keyboard.type("notes, please?")
    await expect(console.chat.box).to_have_value("notes, please?")
    await console.page.reload()
    await console.page.keyboard.type(" Thanks")
    await expect(console.chat.box).to_have_value("notes, please? Thanks")


async def test_the_first_tab_offers_to_skip_to_the_content(console: Console, simulated: Backend) -> None:
    await console.open(simulated, "/chaos/")
    await console.page.keyboard.press("Tab")
    skip = console.page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport(ratio=1)
    await console.page.keyboard.press("Enter")
    await expect(console.page.get_by_role("main")).to_be_focused()


async def test_tab_goes_through_the_page_in_the_order_of_reading(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    await expect(console.chat.box).to_be_focused()
    order = await focus_order(console.page, 20)  # from the composer to the end, and once around
    landmarks = [
        "Skip to the content",
        "Chat",
        "Chaos",
        "Tools",
        "Incidents",
        "New chat",
        "Search conversations",
        "Keyboard shortcuts",
        "Chaos",
        "Message",
        "Send",
    ]
    remaining = iter(order)
    assert all(any(name == reached for reached in remaining) for name in landmarks), order


async def test_a_question_is_asked_and_an_answer_stopped_from_the_keyboard_alone(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await expect(console.chat.box).to_be_focused()
    await console.page.keyboard.type("First line")
    await console.page.keyboard.press("Shift+Enter")
    await console.page.keyboard.type("second line")
    await console.page.keyboard.press("Enter")
    call = await puppets.first.called("First line\nsecond line")
    await call.say("I begin")
    await expect(console.chat.text).to_have_text("I begin")
    await expect(console.chat.box).to_be_focused()
    await console.page.keyboard.press("Escape")
    await call.left()
    await expect(console.chat.stopped).to_be_visible()


async def test_single_keys_lead_everywhere_once_they_are_turned_on(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    await turn_single_keys_on(console)
    await console.chat.ask_and_wait("Hello")
    keys = console.page.keyboard
    await console.page.get_by_role("main").focus()
    await keys.press("/")
    await expect(console.chat.box).to_be_focused()
    await console.page.get_by_role("main").focus()
    await keys.press("c")
    await expect(console.chaos_dock).to_be_visible()
    await keys.press("c")
    await expect(console.chaos_dock).to_have_count(0)
    before = await console.theme()
    await keys.press("t")
    assert await console.theme() != before
    await keys.press("?")
    await expect(console.dialog).to_contain_text("Stop the answer being written")
    await keys.press("Escape")
    await expect(console.dialog).to_have_count(0)
    await keys.press("n")
    await expect(console.page).to_have_url(re.compile(r"/$"))
    await expect(console.chat.box).to_be_focused()
    await console.page.get_by_role("main").focus()
    await keys.press("s")
    await expect(console.threads.search).to_be_focused()


async def test_single_keys_are_only_letters_while_one_writes(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    await turn_single_keys_on(console)
    await console.chat.box.press_sequentially("nsct?/")
    await expect(console.chat.box).to_have_value("nsct?/")
    await expect(console.chaos_dock).to_have_count(0)
    await expect(console.dialog).to_have_count(0)


async def test_single_keys_do_nothing_until_they_are_turned_on_and_then_stay_so(
    console: Console, simulated: Backend
) -> None:
    await console.open(simulated)
    await console.page.get_by_role("main").focus()
    for key in "ctn/?":
        await console.page.keyboard.press(key)
    await expect(console.chat.box).not_to_be_focused()
    await expect(console.dialog).to_have_count(0)
    await expect(console.chaos_dock).to_have_count(0)
    await turn_single_keys_on(console)
    await console.page.reload()
    await console.page.get_by_role("main").focus()
    await console.page.keyboard.press("c")
    await expect(console.chaos_dock).to_be_visible()


async def test_escape_closes_the_chaos_dock_and_gives_the_focus_back(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    await console.open_chaos_dock()
    await console.provider("simulated-primary").trip.focus()
    await console.page.keyboard.press("Escape")
    await expect(console.chaos_dock).to_have_count(0)
    await expect(console.page.get_by_role("button", name="Chaos", exact=True)).to_be_focused()


async def test_the_menu_of_a_conversation_works_by_arrow_keys_and_gives_the_focus_back(
    console: Console, simulated: Backend
) -> None:
    await simulated.new_thread("Plain name")
    await console.open(simulated)
    button = console.threads.panel.get_by_role("button", name="Actions for Plain name")
    await button.focus()
    await console.page.keyboard.press("Enter")
    for name in ("Rename", "Export as Markdown", "Delete"):
        await expect(console.threads.panel.get_by_role("menuitem", name=name)).to_be_focused()
        await console.page.keyboard.press("ArrowDown")
    await console.page.keyboard.press("Escape")
    await expect(button).to_be_focused()


async def test_a_dialog_keeps_the_focus_and_gives_it_back(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    opener = console.page.get_by_role("button", name="Simulated providers")
    await opener.focus()
    await console.page.keyboard.press("Enter")
    await expect(console.dialog).to_contain_text("OPENAI_API_KEY")
    for _ in range(4):
        await console.page.keyboard.press("Tab")
        assert await console.page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    await console.page.keyboard.press("Escape")
    await expect(opener).to_be_focused()
