"""The console as a person meets it: its parts by their roles and names. Tests speak of these, not of markup."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Page, expect

from tests.browser.backend import Backend


class Console:
    """The whole page."""

    def __init__(self, page: Page) -> None:
        """Nothing is loaded until `open`."""
        self.page = page
        self.chat = Chat(page)
        self.tools = ToolsPage(page)
        self.threads = ThreadList(page.get_by_role("navigation", name="Conversations"))

    async def open(self, backend: Backend, path: str = "/") -> None:
        """Go to a page of the server."""
        await self.open_url(backend.url + path)

    async def open_url(self, url: str) -> None:
        """Go there, and wait until the page knows its providers."""
        await self.page.goto(url)
        await expect(self.page.get_by_text(re.compile("Loading providers|Providers unknown"))).to_have_count(0)

    async def open_thread(self, backend: Backend, thread_id: str) -> None:
        """Go to a conversation by its address."""
        await self.open(backend, f"/?thread={thread_id}")

    @property
    def connection_banner(self) -> Locator:
        """What says that the server cannot be reached."""
        return self.page.get_by_role("region", name="Connection")

    @property
    def kill_switch_banner(self) -> Locator:
        """What says that something is broken on purpose."""
        return self.page.get_by_role("region", name="Active kill switches")

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.get_by_role("dialog")

    @property
    def chaos_dock(self) -> Locator:
        """The chaos panel beside the chat."""
        return self.page.get_by_role("complementary", name="Chaos dock")

    async def open_chaos_dock(self) -> None:
        """Open the chaos panel beside the chat."""
        await self.page.get_by_role("button", name="Chaos", exact=True).click()
        await expect(self.chaos_dock).to_be_visible()

    def provider(self, name: str) -> "ProviderCard":
        """The levers of a provider in the chaos panel."""
        return ProviderCard(self.page, name)

    async def theme(self) -> str | None:
        """`light` or `dark`."""
        return await self.page.locator("html").get_attribute("data-theme")


class Chat:
    """The conversation in the middle."""

    def __init__(self, page: Page) -> None:
        """The chat of that page."""
        self._page = page
        self._answers_due: int | None = None
        self.box = page.get_by_role("textbox", name="Message", exact=True)
        self.send_button = page.get_by_role("button", name="Send", exact=True)
        self.stop_button = page.get_by_role("button", name="Stop", exact=True)
        self.status = page.get_by_role("status", name="Answer status")
        self.questions = page.get_by_role("article", name="Your message")
        self.answers = page.get_by_test_id("answer")

    async def ask(self, text: str) -> None:
        """Write a message and send it."""
        self._answers_due = await self.answers.count() + 1
        await self.box.fill(text)
        await self.box.press("Enter")

    async def ask_and_wait(self, text: str) -> None:
        """Ask, and wait for the end of the answer."""
        await self.ask(text)
        await self.wait_for_the_end()

    async def ask_instead(self, text: str) -> None:
        """Send the edited message, whose answer takes the place of the old one."""
        await self.box.fill(text)
        await self.box.press("Enter")
        await expect(self.questions.last).to_contain_text(text)

    async def wait_for_the_end(self) -> None:
        """Wait until the answer to the last question asked here, or else the newest one, is complete."""
        if self._answers_due is not None:
            await expect(self.answers).to_have_count(self._answers_due)
        await expect(self.answer).to_have_attribute("data-status", "completed")
        await expect(self.chip).to_be_visible()

    async def thread_id(self) -> str:
        """The conversation that the address names."""
        await expect(self._page).to_have_url(re.compile(r"[?&]thread="))
        return parse_qs(urlsplit(self._page.url).query)["thread"][0]

    @property
    def answer(self) -> Locator:
        """The newest answer."""
        return self.answers.last

    @property
    def text(self) -> Locator:
        """The words of the newest answer, without its chip and buttons."""
        return self.answer.locator(".prose-answer")

    @property
    def chip(self) -> Locator:
        """Who gave the newest answer, and how fast."""
        return self.answer.get_by_test_id("answer-chip")

    @property
    def notes(self) -> Locator:
        """What happened on the way to the newest answer."""
        return self.answer.get_by_role("list", name="What happened on the way").get_by_role("listitem")

    @property
    def failure(self) -> Locator:
        """The box in the place of the newest answer that says why there is none."""
        return self.answer.get_by_role("group", name="Answer failed")

    @property
    def stopped(self) -> Locator:
        """The box under the newest answer that says that it was stopped."""
        return self.answer.get_by_role("group", name="Answer stopped")

    @property
    def attempts(self) -> Locator:
        """The targets that were tried for the newest answer, in its receipt or its failure."""
        return self.answer.get_by_role("list", name="Attempts").get_by_role("listitem")

    async def copied_answer(self) -> str:
        """Copy the newest answer with its button; what is then in the clipboard."""
        await self._page.bring_to_front()
        await self.answer.get_by_role("button", name="Copy answer").click()
        await expect(self.answer.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
        return str(await self._page.evaluate("navigator.clipboard.readText()"))

    async def open_receipt(self) -> Locator:
        """Unfold the receipt of the newest answer."""
        await self.chip.get_by_role("button").click()
        return self.answer.get_by_role("region", name="Receipt of this answer")


class ProviderCard:
    """A provider in the chaos panel: its state, its kill switch, its circuit."""

    def __init__(self, page: Page, name: str) -> None:
        """The card of the provider called `name`."""
        self.card = page.get_by_test_id(f"provider-card-{name}")
        self.kill_switch = self.card.get_by_role("switch", name=f"Kill switch for {name}")
        self.duration = self.card.get_by_role("combobox", name=f"How long the kill switch for {name} stays on")
        self.reason = self.card.get_by_role("textbox", name=f"Reason for the kill switch of {name}")
        self.circuit = self.card.get_by_test_id(f"circuit-{name}")
        self.trip = self.card.get_by_role("button", name=f"Trip {name}")
        self.reset = self.card.get_by_role("button", name=f"Reset {name}")

    async def throw_kill_switch(self) -> None:
        """Switch the provider off, and wait until the server has done so."""
        await self.kill_switch.click()
        await expect(self.kill_switch).to_be_checked()


class ToolsPage:
    """The page of tools."""

    def __init__(self, page: Page) -> None:
        """The tools page of that tab, once it is there."""
        self._page = page
        self.status = page.get_by_role("main").get_by_role("status").first
        self.waiting = page.get_by_role("region", name="Waiting for approval")
        self.approval = page.get_by_role("region", name="Approval")

    def server(self, name: str) -> Locator:
        """The card of a tool server."""
        return self._page.get_by_role("article", name=re.compile(rf"^{name}\b"))

    def tool(self, server: str, tool: str) -> Locator:
        """The row of a tool, which leads to it."""
        return self.server(server).get_by_role("link", name=re.compile(rf"^{tool}\b"))

    def capability(self, name: str) -> Locator:
        """The tools that can do a job, in their order."""
        return self._page.get_by_role("article", name=f"Capability {name}").get_by_role("listitem")

    def detail(self, name: str) -> Locator:
        """What is shown of the tool `server/tool` that was chosen."""
        return self._page.get_by_role("region", name=name, exact=True)

    def lever(self, act: str, name: str) -> Locator:
        """The button that does something to a tool: `Trip`, `Reset`."""
        return self._page.get_by_role("button", name=f"{act} {name}", exact=True)


class ThreadList:
    """The conversations at the side."""

    def __init__(self, panel: Locator) -> None:
        """The list inside that panel."""
        self.panel = panel
        self.search = panel.get_by_role("searchbox", name="Search conversations")
        self.new_chat = panel.get_by_role("link", name="New chat")
        self.rows = panel.get_by_role("listitem").get_by_role("link")

    def row(self, title: str) -> Locator:
        """The link of one conversation."""
        return self.panel.get_by_role("link", name=title, exact=True)

    async def act(self, title: str, what: str) -> None:
        """Choose something from the menu of a conversation."""
        await self.panel.get_by_role("button", name=f"Actions for {title}").click()
        await self.panel.get_by_role("menuitem", name=what).click()
