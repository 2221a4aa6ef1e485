"""What operators do to circuits, by key."""

import pytest

from sentinel.errors import CircuitOpenError, RequestError, UnknownBreakerError
from sentinel.resilience.breaker_board import tool_key
from sentinel.resilience.breaker_view import BreakerState, OverrideKind
from tests.unit.resilience.board_case import BOTH, MODEL, OTHER, PROVIDER, Case, model_key


@pytest.fixture
def case() -> Case:
    return Case()


def test_reset_of_a_provider_resets_all_its_models(case: Case) -> None:
    """And nobody else's."""
    stranger = model_key("p2", "m")
    case.fail(*BOTH)
    case.fail(OTHER)
    case.fail(stranger)
    assert case.board.reset(PROVIDER, actor="ada").state is BreakerState.CLOSED
    assert case.states() == {PROVIDER: "closed", MODEL: "closed", OTHER: "closed", stranger: "open"}


def test_reset_of_a_model_leaves_its_provider_alone(case: Case) -> None:
    """The narrower key does the narrower thing."""
    case.fail(*BOTH)
    case.board.reset(MODEL, actor="ada")
    assert case.states() == {PROVIDER: "open", MODEL: "closed"}


def test_tripped_provider_stops_all_its_models(case: Case) -> None:
    """Every call goes through both circuits."""
    case.board.get(PROVIDER)
    snapshot = case.board.trip(PROVIDER, actor="ada", reason="drill", ttl_seconds=60)
    assert (snapshot.state, snapshot.key) == (BreakerState.OPEN, PROVIDER)
    for model in (MODEL, OTHER):
        with pytest.raises(CircuitOpenError):
            case.board.acquire((PROVIDER, model))
    (transition,) = case.transitions
    assert (transition.key, transition.actor, transition.reason) == (PROVIDER, "ada", "drill")


def test_override_is_set_by_key(case: Case) -> None:
    """The snapshot shows it."""
    case.board.get(MODEL)
    snapshot = case.board.force(MODEL, OverrideKind.FORCED_OPEN, ttl_seconds=60, actor="ada")
    assert snapshot.override is not None
    assert snapshot.override.kind is OverrideKind.FORCED_OPEN


def test_operator_is_told_which_circuits_there_are(case: Case) -> None:
    """At first those that the key may stand for."""
    case.board.get("provider:groq")
    case.board.get("provider:openai")
    told = "there is no circuit 'openai'; known circuits: provider:openai, provider:groq"
    with pytest.raises(UnknownBreakerError) as caught:
        case.board.trip("openai", actor="ada")
    assert caught.value.message == told


def test_operator_is_told_of_twenty_circuits_at_most(case: Case) -> None:
    """Callers may name any number of models."""
    with pytest.raises(UnknownBreakerError, match=r"known circuits: none yet$"):
        case.board.trip("x", actor="ada")
    for number in range(25):
        case.board.get(f"provider:p{number}")
    with pytest.raises(UnknownBreakerError, match=r": provider:p0, .*, provider:p19 and 5 more$"):
        case.board.trip("x", actor="ada")


def test_operator_cannot_act_on_a_circuit_that_is_not_there(case: Case) -> None:
    """A typo must not look like success."""
    with pytest.raises(UnknownBreakerError):
        case.board.trip("provider:typo", actor="ada")
    with pytest.raises(UnknownBreakerError):
        case.board.reset("provider:typo", actor="ada")
    with pytest.raises(UnknownBreakerError):
        case.board.force("provider:typo", OverrideKind.FORCED_OPEN, ttl_seconds=1, actor="ada")
    assert case.board.snapshot() == []


def test_senseless_time_is_refused(case: Case) -> None:
    """Before anything has changed."""
    case.board.get(MODEL)
    with pytest.raises(RequestError):
        case.board.trip(MODEL, actor="ada", ttl_seconds=-1)
    assert case.states() == {MODEL: "closed"}


def test_snapshot_lists_circuits_by_key(case: Case) -> None:
    """A stable order for people and tests."""
    for key in (tool_key("s", "t"), PROVIDER, MODEL):
        case.board.get(key)
    assert [snapshot.key for snapshot in case.board.snapshot()] == [MODEL, PROVIDER, tool_key("s", "t")]
