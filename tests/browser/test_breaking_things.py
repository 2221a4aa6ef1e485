"""The operator's levers: kill switches and circuits, and how the console shows what they do."""

import re

from playwright.async_api import expect

from tests.browser.backend import Backend
from tests.browser.conftest import Puppets
from tests.browser.pages import Console

LEFT = re.compile(r"Next trial call in 0:(\d\d)")


async def test_a_tripped_circuit_counts_down_and_a_reset_closes_it(console: Console, simulated: Backend) -> None:
    await console.open(simulated, "/chaos/")
    primary = console.provider("simulated-primary")
    await expect(primary.circuit).to_have_text("Circuit closed")
    await primary.trip.click()
    await expect(primary.circuit).to_have_text("Circuit open")
    await expect(primary.card).to_contain_text("circuit open")
    await expect(primary.card).to_contain_text(LEFT)
    shown = LEFT.search(await primary.card.inner_text())
    assert shown
    await expect(primary.card).not_to_contain_text(shown[0])
    await primary.reset.click()
    await expect(primary.circuit).to_have_text("Circuit closed")
    await expect(primary.card).not_to_contain_text("Next trial call in")


async def test_a_tripped_circuit_is_passed_over_and_asked_again_after_the_reset(
    console: Console, simulated: Backend
) -> None:
    await console.open(simulated)
    await console.open_chaos_dock()
    primary = console.provider("simulated-primary")
    await primary.trip.click()
    await expect(primary.circuit).to_have_text("Circuit open")
    await console.chat.ask_and_wait("Hello")
    await expect(console.chat.chip).to_contain_text("fallback because simulated-primary is paused: its circuit is open")
    await primary.reset.click()
    await expect(primary.circuit).to_have_text("Circuit closed")
    await console.chat.ask_and_wait("Hello")
    await expect(console.chat.chip).to_have_attribute("data-provider", "simulated-primary")


async def test_a_circuit_that_has_rested_is_half_open_while_it_is_tried_and_closes_when_that_goes_well(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.open_chaos_dock()
    first = console.provider("first")
    await first.trip.click()
    await expect(first.circuit).to_have_text("Circuit open")
    await expect(first.card).to_contain_text("Next trial call in a moment")
    for question in ("Once?", "Twice?"):
        await console.chat.ask(question)
        call = await puppets.first.called(question)
        await expect(first.circuit).to_have_text("Circuit half-open")
        await call.answer("I am well.")
        await console.chat.wait_for_the_end()
    await expect(first.circuit).to_have_text("Circuit closed")


async def test_failures_open_the_circuit_before_the_eyes_of_the_operator(
    console: Console, second_console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await puppets.first.refuse()
    await second_console.open(scripted, "/chaos/")
    first = second_console.provider("first")
    await console.open(scripted)
    for number in range(5):
        await expect(first.circuit).to_have_text("Circuit closed")
        await console.chat.ask(f"Question {number}")
        await (await puppets.second.called(f"Question {number}")).answer("Here I am.")
        await console.chat.wait_for_the_end()
    await expect(first.circuit).to_have_text("Circuit open")
    await expect(first.card).to_contain_text("5 failures")


async def test_a_kill_switch_says_who_threw_it_why_and_for_how_long(console: Console, simulated: Backend) -> None:
    await console.open(simulated, "/chaos/")
    fallback = console.provider("simulated-fallback")
    await fallback.duration.select_option(label="1 minute")
    await fallback.reason.fill("Friday drill")
    await fallback.throw_kill_switch()
    await expect(fallback.card).to_contain_text("“Friday drill”")
    await expect(fallback.card).to_contain_text(re.compile(r"off again in (1:00|0:\d\d)"))
    await expect(console.kill_switch_banner).to_contain_text("Kill switch on: simulated-fallback.")
    await expect(console.kill_switch_banner).to_contain_text("“Friday drill”")
    (switch,) = (await simulated.get("/chaos"))["kill_switches"]
    assert (switch["target"], switch["active"], switch["reason"]) == ("simulated-fallback", True, "Friday drill")


async def test_the_banner_of_a_kill_switch_is_on_every_page_and_in_every_tab(
    console: Console, second_console: Console, simulated: Backend
) -> None:
    await second_console.open(simulated)
    await console.open(simulated, "/chaos/")
    await console.provider("simulated-primary").throw_kill_switch()
    await expect(second_console.kill_switch_banner).to_contain_text("Kill switch on: simulated-primary.")
    await second_console.page.get_by_role("button", name="Turn off the kill switch for simulated-primary").click()
    for each in (console, second_console):
        await expect(each.kill_switch_banner).to_have_count(0)


async def test_the_start_page_shows_who_would_answer_next(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    stations = console.page.get_by_role("region", name="Route of the next question").get_by_role("listitem")
    await expect(stations).to_contain_text(["simulated-primary", "simulated-fallback"])
    await expect(stations).to_contain_text(["Answers next", "Stands by"])
    await console.open_chaos_dock()
    await console.provider("simulated-primary").throw_kill_switch()
    await expect(stations).to_contain_text(["switched off", "Answers next"])
    await console.provider("simulated-fallback").throw_kill_switch()
    await expect(console.page.get_by_text("No target can answer now.")).to_be_visible()
