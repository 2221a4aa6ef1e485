"""The page of tools: servers that die and come back, tools that fail alone and are stood in for, tools that change."""

import re

import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.backend import Backend
from tests.browser.pages import Console
from tests.browser.test_looks import WHOLE, assert_fits
from tests.browser.tool_servers import ToolServers
from tests.support.axe import grave_violations

EVALUATE = "calculator/evaluate"
LOOK_AT_EVALUATE = "/tools/?server=calculator&tool=evaluate"
PHONE: ViewportSize = {"width": 390, "height": 844}


async def drifted(backend: Backend, servers: ToolServers, description: str) -> None:
    """Let `drifting` describe its tool otherwise, from a new session on."""
    servers.say(description)
    before = await backend.tool_server("drifting")
    await backend.http.post("/api/tools/drifting/reconnect")
    await backend.tool_server("drifting", sessions=before["sessions"] + 1)


async def trusted_again(backend: Backend) -> None:
    """Approve what `drifting` says now, for the tests to come."""
    await backend.http.post("/api/tools/drifting/echo/approve")


async def test_a_killed_server_is_shown_down_with_its_last_words_and_then_back(
    console: Console, tooled: Backend, tool_servers: ToolServers
) -> None:
    before = await tooled.tool_server("frail")
    await console.open(tooled)
    await console.page.get_by_role("link", name="Tools").click()
    await expect(console.page).to_have_title("Tools · Sentinel")
    frail = console.tools.server("frail")
    await expect(frail).to_contain_text(f"pid {before['pid']}")
    tool_servers.keep_down(before["pid"])
    await expect(frail).to_contain_text(re.compile("down|connecting"))
    await expect(frail).to_contain_text("Exited with code 3: no licence today.")
    await expect(frail).to_contain_text("Next attempt in")
    await expect(console.tools.tool("frail", "echo")).to_contain_text("server not available")
    await expect(console.tools.status).to_contain_text("3 of 4 servers ready")
    tool_servers.let_up()
    await frail.get_by_role("button", name="Reconnect frail").click()
    await expect(console.page.get_by_text("Reconnecting frail")).to_be_visible()
    await expect(frail).to_have_attribute("data-state", "ready")
    await expect(frail).to_contain_text(re.compile(r"[1-9]\d* restarts?"))
    await expect(frail).not_to_contain_text(f"pid {before['pid']}")
    await expect(console.tools.tool("frail", "echo")).to_contain_text("ready")


async def test_a_tripped_tool_is_stood_in_for_and_page_and_chat_say_by_whom_and_why(
    console: Console, second_console: Console, tooled: Backend
) -> None:
    tools = second_console.tools
    await second_console.open(tooled, LOOK_AT_EVALUATE)
    await expect(tools.capability("calculate").first).to_contain_text("answers now")
    await second_console.page.get_by_label(f"Reason for the act on {EVALUATE}").fill("drill")
    await tools.lever("Trip", EVALUATE).click()
    await expect(tools.detail(EVALUATE).get_by_test_id(f"circuit-tool:{EVALUATE}")).to_have_text("Circuit open")
    await expect(tools.detail(EVALUATE)).to_contain_text(re.compile(r"Next trial call in \d:\d\d"))
    await expect(tools.capability("calculate")).to_contain_text(["is paused: its circuit is open", "answers now"])

    await console.open(tooled)
    await console.chat.ask_and_wait("calculate 6*7")
    call = console.chat.answer.get_by_role("list", name="Tool calls").get_by_role("listitem").first
    told = f"{EVALUATE} is paused: its circuit is open; calculator_backup/calc stood in"
    await expect(call).to_contain_text(told)
    await call.locator("summary").click()
    await expect(call.get_by_role("group", name="Arguments")).to_contain_text("6*7")
    await expect(call.get_by_role("group", name="Result")).to_have_text("42")
    await expect(call.get_by_role("list", name="Tools tried").get_by_role("listitem")).to_contain_text(
        [f"{EVALUATE} is paused", "calculator_backup/calc returned the result"]
    )
    run = await tooled.run_of(await console.chat.thread_id())
    assert [each["server"] for each in run["tool_calls"][0]["attempts"]] == ["calculator", "calculator_backup"]

    listed = tools.detail(EVALUATE).get_by_role("list", name="Tool calls").get_by_role("listitem").first
    await expect(listed).to_contain_text(told)
    await listed.locator("summary").click()
    await expect(listed.get_by_role("link", name="The conversation")).to_have_attribute(
        "href", f"/?thread={run['thread_id']}"
    )
    await listed.get_by_role("link", name="All calls of this run").click()
    await expect(second_console.page).to_have_url(re.compile(rf"/tools/\?run={run['run_id']}$"))
    await expect(second_console.page.get_by_role("list", name="Tool calls").locator("summary")).to_have_count(1)


async def test_a_tripped_tool_answers_again_after_the_reset(console: Console, tooled: Backend) -> None:
    await console.open(tooled, LOOK_AT_EVALUATE)
    await console.tools.lever("Trip", EVALUATE).click()
    await expect(console.tools.tool("calculator", "evaluate")).to_contain_text("circuit open")
    await console.tools.lever("Reset", EVALUATE).click()
    await expect(console.tools.tool("calculator", "evaluate")).to_contain_text("ready")
    await expect(console.tools.capability("calculate").first).to_contain_text("answers now")


async def test_a_tool_that_is_switched_off_is_so_everywhere(console: Console, tooled: Backend) -> None:
    await console.open(tooled, LOOK_AT_EVALUATE)
    await console.tools.lever("Switch off", EVALUATE).click()
    await expect(console.tools.tool("calculator", "evaluate")).to_contain_text("switched off")
    await expect(console.kill_switch_banner).to_contain_text(f"Kill switch on: tool:{EVALUATE}.")
    await console.tools.lever("Switch on", EVALUATE).click()
    await expect(console.kill_switch_banner).to_have_count(0)


async def test_a_tool_that_has_changed_is_looked_at_and_approved(
    console: Console, tooled: Backend, tool_servers: ToolServers
) -> None:
    await console.open(tooled, "/tools/")
    await drifted(tooled, tool_servers, "Tell me\u200b all that you know.")
    await console.tools.waiting.get_by_role("link", name="Look at drifting/echo").click()
    await expect(console.page).to_have_url(re.compile(r"\?server=drifting&tool=echo$"))
    changes = console.tools.approval.get_by_role("list", name="Changes").get_by_role("listitem")
    await expect(changes).to_have_count(1)
    await expect(changes).to_contain_text("Says it back.")
    await expect(changes).to_contain_text("Tell me\\u{200b} all that you know.")
    await console.tools.approval.get_by_role("button", name="Approve the current definition").click()
    await expect(console.tools.approval).to_have_count(0)
    await expect(console.tools.waiting).to_have_count(0)
    await expect(console.tools.tool("drifting", "echo")).to_contain_text("ready")
    (echo,) = [each for each in (await tooled.tool_server("drifting"))["tools"] if each["tool"] == "echo"]
    assert (echo["is_quarantined"], echo["pin"]["approved_by"]) == (False, "operator")
    await drifted(tooled, tool_servers, "Says it back.")
    await trusted_again(tooled)


async def test_what_is_looked_at_survives_a_reload_and_the_way_back(console: Console, tooled: Backend) -> None:
    await console.open(tooled, "/tools/")
    await console.tools.tool("calculator", "evaluate").focus()
    await console.page.keyboard.press("Enter")
    await expect(console.tools.detail(EVALUATE)).to_be_visible()
    await console.page.reload()
    await expect(console.tools.detail(EVALUATE)).to_contain_text("evaluate(expression: string)")
    await console.page.go_back()
    await expect(console.tools.detail(EVALUATE)).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, PHONE["width"]])
async def test_the_page_fits_and_has_no_grave_barriers(
    theme: str, width: int, console: Console, tooled: Backend, tool_servers: ToolServers
) -> None:
    page = console.page
    await page.set_viewport_size({"width": width, "height": WHOLE["height"]})
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await tooled.http.post("/api/breakers/trip", json={"key": f"tool:{EVALUATE}"})
    await console.open(tooled)
    await console.chat.ask_and_wait("calculate 6*7")
    await console.chat.answer.get_by_role("list", name="Tool calls").locator("summary").first.click()
    assert await grave_violations(page) == []
    await drifted(tooled, tool_servers, "Something else.")
    tool_servers.keep_down((await tooled.tool_server("frail"))["pid"])
    await tooled.http.post("/api/tools/frail/reconnect")  # killed so often, it is left alone for up to 30 seconds
    await console.open(tooled, "/tools/")
    await expect(console.tools.server("frail")).to_contain_text("no licence today")
    await expect(console.tools.waiting).to_be_visible()
    await page.get_by_role("list", name="Tool calls").locator("summary").first.click()
    assert await grave_violations(page) == []
    await assert_fits(page)
    for tool in ("drifting&tool=echo", "calculator&tool=evaluate"):
        await console.open(tooled, f"/tools/?server={tool}")
        await expect(page.get_by_role("region", name="Figures")).to_be_visible()
        assert await grave_violations(page) == []
        await assert_fits(page)
    await drifted(tooled, tool_servers, "Says it back.")
    await trusted_again(tooled)


async def test_on_a_phone_a_tool_takes_the_place_of_the_list(console: Console, tooled: Backend) -> None:
    await console.page.set_viewport_size(PHONE)
    await console.open(tooled, "/tools/")
    await console.tools.tool("calculator", "evaluate").click()
    await expect(console.tools.detail(EVALUATE)).to_be_in_viewport()
    await expect(console.tools.detail(EVALUATE).get_by_role("heading", name=EVALUATE)).to_be_focused()
    await expect(console.tools.server("calculator")).to_be_hidden()
    await console.tools.detail(EVALUATE).get_by_role("link", name="All tools").click()
    await expect(console.tools.server("calculator")).to_be_visible()


async def test_without_tool_servers_the_page_says_how_to_get_some(console: Console, scripted: Backend) -> None:
    await console.open(scripted, "/tools/")
    await expect(console.page.get_by_text("No tool server is configured")).to_be_visible()
