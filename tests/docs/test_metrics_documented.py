"""`docs/metrics.md` has every metric that a server exposes, with its type and labels, and no other; and the summary."""

import re

import httpx
from prometheus_client.parser import text_string_to_metric_families

from sentinel.api.metrics import MetricsView
from sentinel.resilience.breaker_view import TransitionRule
from tests.support.doc_tables import table_rows
from tests.support.server import Server


def words(cell: str) -> set[str]:
    return set(re.findall(r"\w+", cell))


DOCUMENTED = {row[0]: (row[1], words(row[2])) for row in table_rows("metrics.md", "Metric", "Type", "Labels")}


async def test_every_metric_is_documented_and_every_documented_one_is_exposed(page_server: Server) -> None:
    async with httpx.AsyncClient(base_url=page_server.url, timeout=20, verify=False) as http:
        body = {"model": "default", "messages": [{"role": "user", "content": "Hello"}]}
        await http.post("/v1/chat/completions", json=body)
        text = (await http.get("/metrics")).text
    families = [each for each in text_string_to_metric_families(text) if each.name.startswith("sentinel_")]
    exposed = {f"{each.name}_total" if each.type == "counter" else each.name: each for each in families}
    assert set(exposed) == set(DOCUMENTED)
    assert {name: each.type for name, each in exposed.items()} == {name: row[0] for name, row in DOCUMENTED.items()}
    for name, family in exposed.items():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == DOCUMENTED[name][1], name


def test_every_rule_of_a_transition_is_listed() -> None:
    cells = {row[0]: row[3] for row in table_rows("metrics.md", "Metric", "Type", "Labels", "Means")}
    listed = cells["sentinel_circuit_transitions_total"].partition("rule:")[2].split(",")
    assert [each.split()[0].rstrip(".") for each in listed] == [rule.value for rule in TransitionRule]


def test_every_field_of_the_summary_is_documented() -> None:
    documented = {name for row in table_rows("metrics.md", "Field") for name in words(row[0])}
    told = {"total_successes", "total_failures", "total_cancelled"}  # in the row of their sum
    assert documented | told == set(MetricsView.model_fields)
