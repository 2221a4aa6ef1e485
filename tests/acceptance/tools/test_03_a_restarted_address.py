"""Must-have 3: a server at an address that goes while nobody calls is missed; the first call afterwards succeeds."""

from sentinel.tools.config import SupervisionConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.addresses import (
    EverythingOverHttp,
    Start,
    calculator_over_http,
    listens,
    misbehaving_over_http,
)
from tests.acceptance.tools.timing import ROUNDS, Stopwatch
from tests.integration.tools.running import running

NOTICED_SECONDS = 0.1
PULSE, PROBE = 0.4, 0.5
AT_WORST_SECONDS = 5.0
# No pulse within the test: only the stream can show it. And no attempt by itself: only a call can find it again.
STREAM = SupervisionConfig(watch_seconds=600.0, backoff_base_seconds=600.0, backoff_max_seconds=600.0)
PULSED = SupervisionConfig(
    watch_seconds=PULSE, probe_seconds=PROBE, backoff_base_seconds=600.0, backoff_max_seconds=600.0
)


async def test_a_modern_server_is_missed_at_once_and_the_first_call_finds_it_again(start: Start) -> None:
    """Its stream of changes breaks with it; nobody waits for a back-off."""
    server = start(misbehaving_over_http)
    noticed: list[float] = []
    async with running({"web": server.config}, supervision=STREAM) as tools:
        await tools.until("web", ServerState.READY)
        for turn in range(ROUNDS):
            assert (await tools.call("web__await_listener")).text == "somebody listens"
            watch = Stopwatch()
            server.program.kill()
            await tools.until("web", ServerState.DOWN)
            noticed.append(watch.seconds)
            server.restart()
            listens(server)
            assert (await tools.call("web__echo", text="back")).text == "back"
            assert tools.sessions("web") == turn + 2
    assert max(noticed) < AT_WORST_SECONDS
    assert min(noticed) < NOTICED_SECONDS


async def test_a_legacy_server_is_missed_by_its_pulse_and_the_first_call_finds_it_again(start: Start) -> None:
    """At most after the time between two questions and that for an answer; it has forgotten the session."""
    server = start(EverythingOverHttp)
    noticed: list[float] = []
    async with running({"web": server.config}, supervision=PULSED) as tools:
        await tools.until("web", ServerState.READY)
        for turn in range(ROUNDS):
            watch = Stopwatch()
            server.program.kill()
            await tools.until("web", ServerState.DOWN)
            noticed.append(watch.seconds)
            server.restart()
            listens(server)
            assert (await tools.call("web__echo", message="back")).text == "Echo: back"
            assert tools.sessions("web") == turn + 2
    assert max(noticed) < AT_WORST_SECONDS
    assert min(noticed) < PULSE + PROBE


async def test_a_call_while_it_is_away_ends_soon_and_says_that_nothing_was_done(start: Start) -> None:
    """Far from any deadline, each time."""
    server = start(calculator_over_http)
    async with running({"web": server.config}, supervision=PULSED) as tools:
        await tools.until("web", ServerState.READY)
        server.program.kill()
        await tools.until("web", ServerState.DOWN)
        for _ in range(ROUNDS):
            watch = Stopwatch()
            outcome = await tools.call("web__evaluate", expression="1 + 1")
            assert (outcome.cause, outcome.executed) == (Cause.CONNECT, "no")
            assert watch.seconds < AT_WORST_SECONDS
