"""Which tools a model is told of: what all servers together list may be more than its API, or its context, takes."""

from collections.abc import Sequence
from typing import Final

from sentinel.tools.catalogue.spec import ToolSpec

MAX_TOLD: Final = 128
"""The most functions that OpenAI's API takes; with one more it refuses the chat."""
MAX_CHARACTERS: Final = 256_000
"""Of descriptions and schemas together, about half of a context of 128,000 tokens: the rest is for what is said."""


def told_to_models(specs: Sequence[ToolSpec]) -> list[ToolSpec]:
    """Give the tools that fit, in their order: capabilities are chosen first, then tools of trusted servers."""
    chosen: dict[str, ToolSpec] = {}
    characters = 0
    for spec in sorted(specs, key=_rank):
        if len(chosen) < MAX_TOLD and spec.name not in chosen and characters + spec.size <= MAX_CHARACTERS:
            chosen[spec.name] = spec
            characters += spec.size
    return [spec for spec in specs if chosen.get(spec.name) is spec]


def withheld_from_models(specs: Sequence[ToolSpec]) -> frozenset[str]:
    """Give the names of the tools that models are not told of."""
    return frozenset(spec.name for spec in specs) - {spec.name for spec in told_to_models(specs)}


def _rank(spec: ToolSpec) -> int:
    if spec.capability is not None:
        return 0
    return 1 if spec.is_trusted else 2
