"""Nothing that was asked depends on the page that asked it: reload, a second tab, a lost line, a dead server."""

import re

from playwright.async_api import BrowserContext, expect

from tests.browser.backend import Backend
from tests.browser.conftest import Puppets
from tests.browser.pages import Console
from tests.support.line import Line

LONG = "Write 600 words"


async def test_a_reload_in_mid_answer_loses_nothing_and_doubles_nothing(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.chat.ask("Count")
    call = await puppets.first.called("Count")
    await call.say("One two ")
    await expect(console.chat.text).to_have_text("One two")
    await console.page.reload()
    await expect(console.chat.text).to_have_text("One two")
    await call.say("three ")
    await expect(console.chat.text).to_have_text("One two three")
    await console.page.reload()
    await call.say("four.")
    await call.finish()
    await console.chat.wait_for_the_end()
    await expect(console.chat.text).to_have_text("One two three four.")
    assert await scripted.answers(await console.chat.thread_id()) == ["One two three four."]
    await console.page.reload()
    await expect(console.chat.text).to_have_text("One two three four.")
    await expect(console.chat.questions).to_have_count(1)


async def test_a_long_answer_that_never_pauses_for_the_reload_arrives_whole_in_every_tab(
    console: Console, second_console: Console, simulated: Backend
) -> None:
    await console.open(simulated)
    await console.chat.ask(LONG)
    await expect(console.chat.text).to_contain_text(re.compile(r"(\w+\W+){30}"))
    await console.page.reload()
    thread_id = await console.chat.thread_id()
    await second_console.open_thread(simulated, thread_id)
    for each in (console, second_console):
        await each.chat.wait_for_the_end()
        assert await each.chat.copied_answer() == (await simulated.answers(thread_id))[0]


async def test_a_second_tab_sees_every_word_as_it_comes(
    console: Console, second_console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.chat.ask("Who is watching?")
    call = await puppets.first.called("Who is watching?")
    await call.say("Both ")
    await second_console.open_thread(scripted, await console.chat.thread_id())
    await expect(second_console.chat.text).to_have_text("Both")
    await call.say("of you.")
    for each in (console, second_console):
        await expect(each.chat.text).to_have_text("Both of you.")
    await call.finish()
    for each in (console, second_console):
        await each.chat.wait_for_the_end()


async def test_a_line_that_breaks_twice_in_mid_answer_costs_no_word(
    console: Console, scripted: Backend, puppets: Puppets, line: Line
) -> None:
    await console.open_url(line.url)
    await console.chat.ask("Are you with me?")
    call = await puppets.first.called("Are you with me?")
    await call.say("Before.")
    await expect(console.chat.text).to_have_text("Before.")
    for said, shown in ((" During.", "Before. During."), (" Again.", "Before. During. Again.")):
        await line.cut()
        await expect(console.chat.status).to_contain_text("Connection lost. Reconnecting")
        await call.say(said)
        await line.mend()
        await expect(console.chat.text).to_have_text(shown)
    await call.say(" After.")
    await call.finish()
    await console.chat.wait_for_the_end()
    await expect(console.chat.text).to_have_text("Before. During. Again. After.")
    assert await scripted.answers(await console.chat.thread_id()) == ["Before. During. Again. After."]


async def test_a_browser_that_was_offline_at_the_end_of_an_answer_finds_it_when_it_returns(
    console: Console, scripted: Backend, puppets: Puppets, line: Line, browser_context: BrowserContext
) -> None:
    await console.open_url(line.url)
    await console.chat.ask("Wait for me")
    call = await puppets.first.called("Wait for me")
    await call.say("I am ")
    await expect(console.chat.text).to_have_text("I am")
    await browser_context.set_offline(True)
    await line.cut()
    await expect(console.connection_banner).to_contain_text("You are offline.")
    await expect(console.chat.status).to_contain_text("You are offline. The answer continues without you")
    await call.say("done.")
    await call.finish()
    await line.mend()
    await browser_context.set_offline(False)
    await console.chat.wait_for_the_end()
    await expect(console.chat.text).to_have_text("I am done.")
    await expect(console.connection_banner).to_have_count(0)
    assert await scripted.answers(await console.chat.thread_id()) == ["I am done."]


async def test_a_message_that_did_not_reach_the_server_is_kept_and_can_be_sent_again(
    console: Console, scripted: Backend, puppets: Puppets, browser_context: BrowserContext
) -> None:
    await console.open(scripted)
    await browser_context.set_offline(True)
    await console.chat.ask("Do not lose me")
    lost = console.page.get_by_role("alert", name="Message not delivered")
    await expect(lost).to_contain_text("The server cannot be reached")
    await browser_context.set_offline(False)
    await lost.get_by_role("button", name="Retry").click()
    await (await puppets.first.called("Do not lose me")).answer("I did not.")
    await console.chat.wait_for_the_end()
    await expect(console.chat.text).to_have_text("I did not.")
    await expect(console.chat.questions).to_have_text(["Do not lose me"])


async def test_a_server_that_is_killed_in_mid_answer_comes_back_with_the_answer(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.chat.ask("Survive this")
    call = await puppets.first.called("Survive this")
    await call.say("The words of the first life.")
    await expect(console.chat.text).to_have_text("The words of the first life.")
    scripted.server.kill()
    await expect(console.connection_banner).to_contain_text("The server cannot be reached.")
    await expect(console.chat.text).to_have_text("The words of the first life.")
    await scripted.server.restart()
    call = await puppets.first.called()  # to go on with those words, which it says again
    await call.answer("The words of the first life. And of the second.")
    await console.chat.wait_for_the_end()
    await expect(console.chat.text).to_have_text("The words of the first life. And of the second.")
    await expect(console.connection_banner).to_have_count(0)
    await expect(console.chat.notes).to_contain_text(["The process that was writing this stopped"])
    whole = "The words of the first life. And of the second."
    assert await scripted.answers(await console.chat.thread_id()) == [whole]
