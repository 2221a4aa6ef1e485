"""The registry of circuits and the permits that hold several of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sentinel.errors import CircuitOpenError, UnknownBreakerError
from sentinel.resilience.breaker_board import BreakerBoard, Permit, provider_key, tool_key
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState, OverrideKind, Transition
from sentinel.testing.clock import FakeClock
from tests.unit.resilience.board_case import BOTH, MODEL, OTHER, PROVIDER, Case, model_key


@pytest.fixture
def case() -> Case:
    return Case()


# Keys -----------------------------------------------------------------------------------------------------------------


def test_same_key_is_the_same_circuit(case: Case) -> None:
    """Made once, found ever after."""
    assert case.board.find(MODEL) is None
    circuit = case.board.get(MODEL)
    assert case.board.get(MODEL) is circuit
    assert case.board.find(MODEL) is circuit


@pytest.mark.parametrize(
    "key", [provider_key("a"), model_key("local", "llama3.2:latest"), model_key("hub", "org/name"), tool_key("s", "t")]
)
def test_keys_of_the_contract_are_taken(case: Case, key: str) -> None:
    """Model names may hold colons and slashes."""
    assert case.board.get(key).key == key


@pytest.mark.parametrize("key", ["", "p", "provider:", "model:p", "model:/m", "model:p/", "tool:s", "route:x", ":x"])
def test_other_keys_are_refused(case: Case, key: str) -> None:
    """A misspelt key must not become a circuit that protects nothing."""
    with pytest.raises(UnknownBreakerError):
        case.board.get(key)
    with pytest.raises(UnknownBreakerError):
        case.board.acquire([key])
    assert case.board.snapshot() == []


def test_tools_open_after_three_failures_and_models_after_five(case: Case) -> None:
    """The profile goes by the kind of the key."""
    case.fail(MODEL, times=4)
    case.fail(tool_key("s", "t"), times=3)
    assert case.states() == {MODEL: "closed", tool_key("s", "t"): "open"}


def test_profiles_are_configuration() -> None:
    """Each kind can have its own; the rest has the default."""
    board = BreakerBoard(
        FakeClock(),
        default=BreakerConfig(failure_threshold=1),
        profiles={"provider": BreakerConfig(failure_threshold=2)},
    )
    board.acquire(BOTH).failure()
    assert board.get(PROVIDER).state is BreakerState.CLOSED
    assert board.get(MODEL).state is BreakerState.OPEN


def test_number_of_circuits_is_bounded_and_what_matters_is_kept() -> None:
    """A caller who names ten thousand models fills no memory and evicts neither open nor configured circuits."""
    case = Case(max_circuits=10)
    case.board.get(PROVIDER)
    case.fail(MODEL)
    case.fail(OTHER, times=1)
    for number in range(1000):
        case.board.acquire([model_key("x", f"made-up-{number}")]).success()
    states = case.states()
    assert len(states) == 10
    assert states[MODEL] == "open"
    assert {PROVIDER, OTHER} < set(states)


@pytest.mark.parametrize("evidence", ["slow", "streak", "override"])
def test_circuit_that_knows_something_is_kept_before_those_that_do_not(evidence: str) -> None:
    case, older, newest = Case(max_circuits=2), model_key("x", "older"), model_key("x", "newest")
    case.board.acquire([older]).success()
    if evidence == "override":
        case.board.get(OTHER)
        case.board.force(OTHER, OverrideKind.FORCED_CLOSED, ttl_seconds=600, actor="ada")
    elif evidence == "slow":
        case.board.acquire([OTHER]).success(slow=True)
    else:
        case.fail(OTHER, times=1)
        case.clock.advance(120)
    case.board.acquire([newest]).success()
    assert set(case.states()) == {OTHER, newest}


def test_closed_circuit_goes_before_an_open_one() -> None:
    case = Case(max_circuits=2)
    case.fail(OTHER, times=1)
    case.fail(MODEL)
    case.board.get(PROVIDER)
    assert set(case.states()) == {MODEL, PROVIDER}


def test_board_full_of_open_circuits_still_takes_a_new_one() -> None:
    """The bound holds in the worst case too."""
    case = Case(max_circuits=3)
    for number in range(6):
        case.fail(model_key("x", str(number)))
    assert len(case.states()) == 3


# Several at once ------------------------------------------------------------------------------------------------------


def test_both_circuits_learn_how_the_call_went(case: Case) -> None:
    """One permit, one word, two counts."""
    case.board.acquire(BOTH).success(slow=True)
    case.board.acquire(BOTH).failure("stall", slow=True)
    case.board.acquire(BOTH).neutral()
    for snapshot in case.board.snapshot():
        assert (snapshot.successes, snapshot.failures, snapshot.slow, snapshot.neutral) == (1, 1, 2, 1)


def test_marked_call_is_slow_in_both(case: Case) -> None:
    """The mark goes where the result goes."""
    permit = case.board.acquire(BOTH)
    permit.mark_slow()
    assert [snapshot.slow for snapshot in case.board.snapshot()] == [1, 1]
    permit.success()
    assert [snapshot.slow for snapshot in case.board.snapshot()] == [1, 1]


def test_failing_model_opens_only_its_own_circuit_when_others_serve(case: Case) -> None:
    """The provider's rate stays below one half, so its other models go on."""
    for _ in range(5):
        case.board.acquire((PROVIDER, OTHER)).success()
        case.board.acquire((PROVIDER, OTHER)).success()
        case.board.acquire(BOTH).failure("http_500")
    assert case.states() == {PROVIDER: "closed", MODEL: "open", OTHER: "closed"}


@pytest.mark.parametrize("keys", [BOTH, BOTH[::-1]])
def test_refused_call_takes_no_slot_and_starts_no_probe(case: Case, keys: tuple[str, str]) -> None:
    """The provider could be probed, its model not yet: nothing happens to either, in any order of the keys."""
    case.board.get(PROVIDER).trip(actor="ada", ttl_seconds=10)
    case.board.get(MODEL).trip(actor="ada", ttl_seconds=20)
    case.clock.advance(15)
    with pytest.raises(CircuitOpenError) as caught:
        case.board.acquire(keys)
    assert caught.value.key == MODEL
    assert case.states() == {PROVIDER: "open", MODEL: "open"}


def test_first_slot_is_given_back_when_the_second_refuses_after_all() -> None:
    """A listener opens the second circuit while the first goes half-open."""
    clock = FakeClock()

    def trip_the_model(transition: Transition) -> None:
        if transition.to_state is BreakerState.HALF_OPEN:
            board.get(MODEL).trip(actor="listener")

    board = BreakerBoard(clock, rng=lambda: 0.0, listener=trip_the_model)
    board.get(PROVIDER).trip(actor="ada", ttl_seconds=10)
    clock.advance(10)
    with pytest.raises(CircuitOpenError):
        board.acquire(BOTH)
    snapshot = board.get(PROVIDER).snapshot()
    assert (snapshot.is_probe_in_flight, snapshot.neutral, snapshot.failures) == (False, 1, 0)


def test_both_circuits_close_by_the_same_two_probes(case: Case) -> None:
    """A provider that died and came back."""
    case.fail(*BOTH)
    assert case.states() == {PROVIDER: "open", MODEL: "open"}
    case.clock.advance(30)
    for _ in range(2):
        permit = case.board.acquire(BOTH)
        assert permit.state is BreakerState.HALF_OPEN
        permit.success()
    assert case.states() == {PROVIDER: "closed", MODEL: "closed"}


def test_permit_is_a_probe_if_any_of_its_circuits_is_probed(case: Case) -> None:
    """The ledger shows the more telling state."""
    assert case.board.acquire(BOTH).state is BreakerState.CLOSED
    case.board.get(MODEL).trip(actor="ada", ttl_seconds=10)
    case.clock.advance(10)
    assert case.board.acquire(BOTH).state is BreakerState.HALF_OPEN


def test_peek_names_the_longest_refusal_and_takes_nothing(case: Case) -> None:
    """The planner asks before it decides."""
    assert case.board.admits(BOTH) is None
    assert case.board.snapshot() == [], "asking about a circuit does not make it"
    case.board.get(PROVIDER).trip(actor="ada", ttl_seconds=10)
    case.board.get(MODEL).trip(actor="ada", ttl_seconds=20)
    refusal = case.board.admits(BOTH)
    assert refusal is not None
    assert (refusal.key, refusal.retry_after, refusal.state) == (MODEL, 20, BreakerState.OPEN)
    case.clock.advance(20)
    for _ in range(3):
        assert case.board.admits(BOTH) is None
    assert case.states() == {PROVIDER: "open", MODEL: "open"}
    case.board.acquire(BOTH)
    assert case.board.admits(BOTH) is not None


def test_repeated_results_of_a_composite_permit_change_nothing(case: Case) -> None:
    """Idempotent in each circuit."""
    permit = case.board.acquire(BOTH)
    permit.failure("http_500")
    permit.success()
    permit.release()
    for snapshot in case.board.snapshot():
        assert (snapshot.failures, snapshot.successes, snapshot.ignored) == (1, 0, 1)


# At rest (property 3) -------------------------------------------------------------------------------------------------


@pytest.fixture
def probed(case: Case) -> Case:
    """A board on which the next call is a probe of both circuits."""
    case.fail(*BOTH)
    case.clock.advance(30)
    return case


def assert_at_rest(case: Case) -> None:
    """No slot is taken, nothing was learned, and the next call may probe."""
    assert not case.is_probing(PROVIDER)
    assert not case.is_probing(MODEL)
    assert case.states() == {PROVIDER: "half_open", MODEL: "half_open"}
    assert case.board.admits(BOTH) is None


async def probe_and_wait(case: Case, waiting: asyncio.Event) -> None:
    """Hold the probe's permit over an await, as a call does."""
    with case.board.acquire(BOTH):
        waiting.set()
        await asyncio.Event().wait()


async def test_cancelled_probe_gives_its_slots_back(probed: Case) -> None:
    """The caller left."""
    waiting = asyncio.Event()
    task = asyncio.create_task(probe_and_wait(probed, waiting))
    await waiting.wait()
    assert probed.is_probing(PROVIDER)
    task.cancel()
    await asyncio.wait([task])
    assert_at_rest(probed)


async def test_probe_that_times_out_outside_gives_its_slots_back(probed: Case) -> None:
    """A deadline around the call ends it; the class of that is neutral."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await probe_and_wait(probed, asyncio.Event())
    assert_at_rest(probed)


def test_probe_that_raises_gives_its_slots_back(probed: Case) -> None:
    """A fault of our own is no verdict on the target."""
    with pytest.raises(ZeroDivisionError), probed.board.acquire(BOTH):
        _ = 1 / 0
    assert_at_rest(probed)


async def test_probe_in_a_closed_generator_gives_its_slots_back(probed: Case) -> None:
    """GeneratorExit is a way out like any other."""

    async def tokens() -> AsyncIterator[str]:
        permit = probed.board.acquire(BOTH)
        try:
            yield "one"
            yield "two"
        finally:
            permit.release()

    stream = tokens()
    assert await anext(stream) == "one"
    assert probed.is_probing(MODEL)
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator, though declared as its iterator
    assert_at_rest(probed)


def test_probe_of_a_loop_that_shuts_down_gives_its_slots_back(probed: Case) -> None:
    """The process ends while a call is out."""
    tasks: list[asyncio.Task[None]] = []

    async def main() -> None:
        waiting = asyncio.Event()
        tasks.append(asyncio.create_task(probe_and_wait(probed, waiting)))
        await waiting.wait()

    asyncio.run(main())
    assert tasks[0].cancelled()
    assert_at_rest(probed)


def test_result_inside_the_block_is_not_undone_by_its_end(case: Case) -> None:
    """Leaving the block after a result is silent."""
    with case.board.acquire(BOTH) as permit:
        assert isinstance(permit, Permit)
        permit.success()
    for snapshot in case.board.snapshot():
        assert (snapshot.successes, snapshot.neutral) == (1, 0)
