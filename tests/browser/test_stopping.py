"""A person stops an answer, asks again, and changes a question."""

from playwright.async_api import expect

from tests.browser.backend import Backend
from tests.browser.conftest import Puppets
from tests.browser.pages import Console


async def test_stop_ends_the_call_of_the_model_and_keeps_what_was_written(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.chat.ask("Talk")
    call = await puppets.first.called("Talk")
    await call.say("This much is kept.")
    await expect(console.chat.text).to_have_text("This much is kept.")
    await console.chat.stop_button.click()
    await call.left()
    await expect(console.chat.stopped).to_contain_text("The text so far is kept.")
    await expect(console.chat.text).to_have_text("This much is kept.")
    await expect(console.chat.status).to_contain_text("Stopped")
    thread_id = await console.chat.thread_id()
    assert await scripted.answers(thread_id) == ["This much is kept."]
    assert (await scripted.run_of(thread_id))["status"] == "cancelled"


async def test_an_answer_that_was_reloaded_can_still_be_stopped(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.chat.ask("Talk")
    call = await puppets.first.called("Talk")
    await call.say("Half of it")
    await expect(console.chat.text).to_have_text("Half of it")
    await console.page.reload()
    await console.chat.stop_button.click()
    await call.left()
    await expect(console.chat.stopped).to_be_visible()
    await expect(console.chat.text).to_have_text("Half of it")


async def test_asking_again_adds_a_version_and_keeps_the_old_one(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    for version in ("First version.", "Second version."):
        if version == "First version.":
            await console.chat.ask("Name it")
        else:
            await console.chat.answer.get_by_role("button", name="Ask again").click()
        await (await puppets.first.called("Name it")).answer(version)
        await expect(console.chat.text).to_have_text(version)
        await console.chat.wait_for_the_end()
    versions = console.page.get_by_role("group", name="Versions of this message")
    await expect(versions).to_contain_text("2 / 2")
    await versions.get_by_role("button", name="Previous version").click()
    await expect(versions).to_contain_text("1 / 2")
    await expect(console.chat.text).to_have_text("First version.")
    assert await scripted.answers(await console.chat.thread_id()) == ["First version.", "Second version."]


async def test_a_stopped_answer_can_be_asked_for_again(console: Console, scripted: Backend, puppets: Puppets) -> None:
    await console.open(scripted)
    await console.chat.ask("Talk")
    await (await puppets.first.called("Talk")).say("Half of it")
    await expect(console.chat.text).to_have_text("Half of it")
    await console.chat.stop_button.click()
    await console.chat.stopped.get_by_role("button", name="Retry").click()
    await (await puppets.first.called("Talk")).answer("All of it.")
    await console.chat.wait_for_the_end()
    await expect(console.chat.text).to_have_text("All of it.")


async def test_an_edited_question_starts_a_branch_without_the_old_answer(
    console: Console, scripted: Backend, puppets: Puppets
) -> None:
    await console.open(scripted)
    await console.chat.ask("How big is the moon")
    await (await puppets.first.called("How big is the moon")).answer("Quite big.")
    await console.chat.wait_for_the_end()
    await console.chat.questions.hover()
    await console.chat.questions.get_by_role("button", name="Edit message").click()
    await expect(console.chat.box).to_have_value("How big is the moon")
    await console.chat.ask_instead("How big is the sun")
    call = await puppets.first.called("How big is the sun")
    assert "moon" not in str(call.request["messages"])
    await call.answer("Very big.")
    await console.chat.wait_for_the_end()
    await expect(console.chat.questions.get_by_text("How big is the sun")).to_be_visible()
    await expect(console.chat.text).to_have_text("Very big.")
