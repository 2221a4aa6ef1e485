"""The page of incidents: what an operator did and what failed stands there by itself, and can be looked up."""

import re

from playwright.async_api import Locator, expect

from tests.browser.backend import Backend
from tests.browser.conftest import Puppets
from tests.browser.pages import Console


def rows(console: Console, title: str) -> Locator:
    """The incidents with that title, newest first; one that was met several times also says how often."""
    return console.page.get_by_role("article", name=title)


async def failovers(backend: Backend) -> int:
    """How many answers came from another target so far."""
    items = (await backend.get("/incidents?type=failover_triggered&limit=500"))["items"]
    return sum(item["count"] for item in items)


async def test_an_incident_appears_by_itself_with_who_did_it_and_why(console: Console, simulated: Backend) -> None:
    await console.open(simulated)
    await console.page.get_by_role("link", name="Incidents").click()
    await expect(console.page.get_by_role("heading", name="Incidents", level=1)).to_be_visible()
    await expect(console.page).to_have_title("Incidents · Sentinel")
    switch = "/api/chaos/kill-switch/simulated-primary"
    await simulated.http.put(switch, json={"active": True, "reason": "an incident of this test"})
    told = rows(console, "Kill switch of simulated-primary on").first
    await expect(told).to_contain_text("By operator: “an incident of this test”")
    await expect(console.page.get_by_role("article").first).to_have_accessible_name(
        "Kill switch of simulated-primary on"
    )


async def test_incidents_are_looked_up_by_type_and_the_address_keeps_it(console: Console, simulated: Backend) -> None:
    await simulated.http.post("/api/breakers/trip", json={"key": "provider:simulated-primary", "reason": "drill"})
    await console.open(simulated, "/incidents/")
    await console.page.get_by_label("Type of incident").select_option("Circuit opened")
    await console.page.get_by_label("Time of the incident").select_option("Last hour")
    await expect(console.page).to_have_url(re.compile(r"/incidents/\?type=breaker_opened&since=1h$"))
    await expect(console.page.get_by_role("article", name=re.compile("opened"))).not_to_have_count(0)
    await expect(console.page.get_by_role("article", name=re.compile("Kill switch"))).to_have_count(0)
    await console.page.reload()
    await expect(console.page.get_by_label("Type of incident")).to_have_value("breaker_opened")
    row = rows(console, "The circuit of simulated-primary opened").first
    await row.get_by_text("Facts").click()
    await expect(row.get_by_text("rule", exact=True)).to_be_visible()
    await expect(row.get_by_text("an operator's act", exact=True)).to_be_visible()


async def test_a_failover_of_an_answer_is_told(console: Console, scripted: Backend, puppets: Puppets) -> None:
    before = await failovers(scripted)
    await puppets.first.refuse()
    await console.open(scripted)
    await console.chat.ask("Who is there?")
    await (await puppets.second.called("Who is there?")).answer("Me.")
    await console.chat.wait_for_the_end()
    await console.open(scripted, "/incidents/?type=failover_triggered")
    told = rows(console, "second/puppet-small answered for first/puppet-large")
    await expect(told.filter(has_text="Connection refused.").first).to_be_visible()
    assert await failovers(scripted) == before + 1  # other tests of the same minute count on the same incident
