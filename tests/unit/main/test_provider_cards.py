"""What main tells of the providers: above all, whether their answers come from a script."""

import json
from pathlib import Path

import pytest

from scripts.cluster import topology
from scripts.cluster.neighbours import SharedSimulator
from sentinel.main.providers import provider_cards
from sentinel.settings import load_settings

MARKED = """
providers:
  scripted: {kind: openai, base_url: http://127.0.0.1:9101/v1, simulated: true}
  local: {kind: ollama, simulated: true}
  custom: {kind: langchain, class: "package.module:Fake", simulated: true}
  real: {kind: openai, base_url: http://127.0.0.1:1/v1}
routes:
  default: {targets: [%s/model]}
"""


def simulated_ones(yaml: str, folder: Path) -> tuple[bool, set[str]]:
    """Give whether the configuration counts as simulated, and the providers that do."""
    (folder / "sentinel.yaml").write_text(yaml, encoding="utf-8")
    settings = load_settings({}, folder)
    cards = provider_cards(settings, settings.routes["default"])
    return settings.simulated, {name for name, card in cards.items() if card.simulated}


@pytest.mark.parametrize(("asked", "is_simulated"), [("scripted", True), ("real", False)])
def test_a_provider_that_the_file_marks_is_shown_as_simulated(
    tmp_path: Path, asked: str, *, is_simulated: bool
) -> None:
    assert simulated_ones(MARKED % asked, tmp_path) == (is_simulated, {"scripted", "local", "custom"})


def test_a_marked_provider_makes_nobody_start_the_pair(tmp_path: Path) -> None:
    (tmp_path / "sentinel.yaml").write_text(MARKED % "scripted", encoding="utf-8")
    assert load_settings({}, tmp_path).simulated_providers == ()


def test_the_cluster_calls_its_providers_simulated(tmp_path: Path) -> None:
    yaml = json.dumps(topology.simulated(SharedSimulator(tmp_path)))
    assert simulated_ones(yaml, tmp_path) == (True, {"simulated-primary", "simulated-fallback"})
