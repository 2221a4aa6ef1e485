"""What servers say about their tools, made fit for prompts, providers and people."""

import hashlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import Tool, ToolAnnotations

from sentinel.tools.catalogue.reading import cleaned, read_tool
from sentinel.tools.catalogue.spec import MAX_NAME, EffectSource, Listing, ToolSpec, public_name, tool_specs
from sentinel.tools.config import Effect, ServerConfig, ToolLimits, ToolOverride, ToolsConfig
from tests.integration.tools.servers.hostile_lists import nested
from tests.unit.tools.listed import tool

TRUSTED = ServerConfig(command="x", trusted=True)
UNTRUSTED = ServerConfig(command="x")
LOOKS = ToolAnnotations(read_only_hint=True)


def taken(*listed: Tool) -> Listing:
    return tool_specs("s", [read_tool(each) for each in listed], config=TRUSTED, overrides={})


def spec(given: Tool, config: ServerConfig = TRUSTED, override: ToolOverride | None = None) -> ToolSpec:
    overrides = {} if override is None else {f"s/{given.name}": override}
    return tool_specs("s", [read_tool(given)], config=config, overrides=overrides).specs[0]


def test_a_tool_is_named_after_its_server() -> None:
    """The name tells both; so do the circuit and the kill switch."""
    given = spec(tool("add"))
    assert (given.name, given.server, given.tool, given.target) == ("s__add", "s", "add", "tool:s/add")


@given(server=st.text(min_size=1, max_size=80), name=st.text(min_size=1, max_size=80))
def test_every_public_name_is_one_that_providers_accept(server: str, name: str) -> None:
    """Letters, digits, underscores and dashes, at most 64."""
    given = public_name(server, name)
    assert 0 < len(given) <= MAX_NAME
    assert given.isascii()
    assert given.replace("_", "").replace("-", "").isalnum() or not given.strip("_-")


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "b.c"), ("a", "b_c")), (("a__b", "c"), ("a", "b__c")), (("a", "x" * 80), ("a", "x" * 81))],
)
def test_two_tools_never_share_a_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Where a name must be changed it is made unique."""
    assert public_name(*one) != public_name(*other)


@pytest.mark.parametrize(
    ("annotations", "effect"),
    [
        (None, Effect.MUTATING),
        (ToolAnnotations(), Effect.MUTATING),
        (ToolAnnotations(read_only_hint=False), Effect.MUTATING),
        (LOOKS, Effect.READ_ONLY),
        (ToolAnnotations(idempotent_hint=True), Effect.IDEMPOTENT),
    ],
)
def test_a_trusted_server_is_believed(annotations: ToolAnnotations | None, effect: Effect) -> None:
    """What it leaves unsaid is taken for the worst."""
    given = spec(tool(annotations=annotations))
    assert given.effect is effect
    assert given.read_only is (effect is Effect.READ_ONLY)


def test_an_untrusted_server_is_not_believed_but_an_operator_is() -> None:
    """Trust is configured, never claimed."""
    assert spec(tool(annotations=LOOKS), UNTRUSTED).effect is Effect.MUTATING
    override = ToolOverride(effect=Effect.IDEMPOTENT)
    assert spec(tool(annotations=LOOKS), UNTRUSTED, override).effect is Effect.IDEMPOTENT
    assert spec(tool(annotations=LOOKS), TRUSTED, override).effect is Effect.IDEMPOTENT


def test_an_effect_has_a_source() -> None:
    """So that an operator knows where to look."""
    override = ToolOverride(effect=Effect.READ_ONLY)
    given = [
        spec(tool(annotations=LOOKS)),
        spec(tool()),
        spec(tool(annotations=LOOKS), UNTRUSTED),
        spec(tool(annotations=LOOKS), TRUSTED, override),
    ]
    assert [each.effect_source for each in given] == [
        EffectSource.ANNOTATIONS,
        EffectSource.DEFAULT,
        EffectSource.DEFAULT,
        EffectSource.OVERRIDE,
    ]


def test_a_description_is_cleaned_and_cut() -> None:
    """No control characters, nothing that turns the direction of text, no book."""
    assert cleaned("  a\x00b\u202ec\u200bd\te\nf ") == "abcd\te\nf"
    assert len(cleaned("x" * 10_000)) == 4_000
    assert spec(tool(description=None, title="Title")).description == "Title"


def test_what_cannot_be_offered_is_left_out() -> None:
    """Nameless tools, second ones of a name, schemas without measure."""
    huge = {"type": "object", "description": "x" * 70_000}
    listed = [tool(""), tool("a"), tool("a", description="again"), tool("b", input_schema=huge), tool("x" * 129)]
    given = taken(*listed)
    assert [each.tool for each in given.specs] == ["a"]
    assert [(each.tool[:2], each.part, each.reason) for each in given.left_out] == [
        ("", "tool", "it has no name"),
        ("a", "tool", "its name, 's__a', is that of another one"),
        ("b", "tool", "its schema is too large or too deep"),
        ("xx", "tool", "its name is longer than 128 characters"),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800"])
def test_what_json_cannot_carry_costs_one_tool(value: Any) -> None:
    """A provider's client would raise for all of them, in every chat."""
    schema = {"type": "object", "properties": {"a": {"default": value}}}
    given = taken(tool("good"), tool("bad", input_schema=schema), tool("out", output_schema=schema))
    assert [(each.tool, each.output_schema) for each in given.specs] == [("good", None), ("out", None)]
    assert [(each.tool, each.part) for each in given.left_out] == [("bad", "tool"), ("out", "output_schema")]
    assert {each.reason for each in given.left_out} == {"it holds a number or a character that JSON cannot carry"}


@pytest.mark.parametrize("schema", [{"description": "x" * 900_000}, nested(120)])
def test_a_schema_of_results_without_measure_costs_the_check_of_results(schema: dict[str, Any]) -> None:
    """It would be sent to everybody who lists the tools."""
    given = taken(tool("t", output_schema={"type": "object"} | schema))
    assert [each.output_schema for each in given.specs] == [None]
    assert [(each.part, each.reason) for each in given.left_out] == [
        ("output_schema", "its schema is too large or too deep")
    ]


def test_no_tool_takes_the_name_of_another_one() -> None:
    """Neither by writing it out, nor of another server, nor of a capability."""
    digest = public_name("a", "a b")[-16:]
    assert digest == hashlib.sha256(b"a__a b").hexdigest()[:16]
    names = [public_name("a", name) for name in ("a b", f"a_b_{digest}", "_b", "b__c")]
    names += [public_name("a_", "b"), public_name("a__b", "c")]
    assert len({*names}) == len(names)
    given = tool_specs(
        "a", [read_tool(tool("b")), read_tool(tool("c"))], config=TRUSTED, overrides={}, reserved={"a__b"}
    )
    assert [each.name for each in given.specs] == ["a__c"]
    assert [each.tool for each in given.left_out] == ["b"]


def test_limits_are_the_operators_where_given() -> None:
    """Per tool; the rest are the defaults."""
    config = ToolsConfig(
        limits=ToolLimits(timeout_seconds=10.0),
        overrides={"s/slow": ToolOverride(timeout_seconds=60.0), "s/big": ToolOverride(max_result_bytes=9_000_000)},
    )
    assert config.limits_of("s", "slow") == ToolLimits(timeout_seconds=60.0)
    assert config.limits_of("s", "other") == ToolLimits(timeout_seconds=10.0)
    assert config.largest_result_bytes("s") == 9_000_000
    assert config.largest_result_bytes("other") == 1_000_000
