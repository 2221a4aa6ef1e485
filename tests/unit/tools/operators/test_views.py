"""What an operator sees of a capability: who would answer now, and why others would not."""

from typing import Any

from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.operators.views import capability_view
from sentinel.tools.outcome import Cause
from sentinel.tools.routing.capabilities import Capability
from tests.unit.tools.capable import STRING, resolved, spec


def three() -> Capability:
    fitting = {name: spec(name, {"expression": STRING}) for name in ("a", "b")}
    odd = spec("odd", {"other": STRING})
    return resolved({**fitting, "odd": odd}, odd={}, a={}, b={})


def members(capability: Capability, obstacles: dict[str, Cause]) -> list[tuple[Any, ...]]:
    def obstacle(of: ToolSpec) -> Cause | None:
        return obstacles.get(of.server)

    view = capability_view(capability, obstacle=obstacle)
    return [(each["server"], each["answers"], each["obstacle"]) for each in view["members"]]


def test_the_first_member_that_nothing_keeps_calls_from_answers() -> None:
    """In the order of the configuration; what does not fit is never asked."""
    capability = resolved({name: spec(name, {"x": STRING}) for name in ("a", "b")}, a={}, b={})
    assert members(capability, {}) == [("a", True, None), ("b", False, None)]
    assert members(capability, {"a": Cause.CIRCUIT_OPEN}) == [("a", False, "circuit_open"), ("b", True, None)]
    both = {"a": Cause.CIRCUIT_OPEN, "b": Cause.KILL_SWITCH}
    assert members(capability, both) == [("a", False, "circuit_open"), ("b", False, "kill_switch")]


def test_a_member_that_does_not_fit_does_not_answer() -> None:
    """Its problem says why."""
    view = capability_view(three(), obstacle=lambda _spec: None)
    assert [each["server"] for each in view["members"] if each["answers"]] == ["odd"]
    assert [each["problem"] is None for each in view["members"]] == [True, False, False]


def test_a_server_that_has_never_been_there_is_not_there() -> None:
    """Its tools are not known, so nothing is wrong with them."""
    capability = resolved({"b": spec("b", {"x": STRING})}, a={}, b={})
    assert members(capability, {}) == [("a", False, "connect"), ("b", True, None)]


def test_nobody_answers_for_a_capability_that_is_refused() -> None:
    """It is not offered at all."""
    from_reading = spec("a", {"x": STRING})
    changing = spec("b", {"x": STRING}, effect=from_reading.effect.MUTATING)
    capability = resolved({"a": from_reading, "b": changing}, a={}, b={})
    assert capability.refusal is not None
    assert members(capability, {}) == [("a", False, None), ("b", False, None)]
