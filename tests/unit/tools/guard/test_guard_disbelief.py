"""A server's words are not facts: what a guard does not believe, however it is put."""

from typing import Any

import pytest
from mcp_types import ErrorData

from sentinel.testing.clock import settle
from sentinel.tools.outcome import Cause, Failure
from tests.unit.tools.guarded import Guarded
from tests.unit.tools.peers import Answer


@pytest.mark.parametrize("words", ["browser session not found after click", "Session expired", "session terminated"])
async def test_words_alone_do_not_end_a_session(guarded: Guarded, words: str) -> None:
    """They may be about anything; the siblings of the call go on."""
    for code in (-32603, 1):
        guarded.answer_with(ErrorData(code=code, message=words))
        outcome = await guarded.call()
        assert (outcome.executed, outcome.sends, outcome.failure) == ("unknown", 1, Failure.OUTCOME_UNKNOWN)
    assert guarded.supervised.supervisor.status().sessions == 1


@pytest.mark.parametrize("words", ["Connection closed", "Connection closed: upstream", "SSE stream failed: x", "gone"])
async def test_a_server_that_speaks_of_a_closed_connection_keeps_its_own(guarded: Guarded, words: str) -> None:
    """The SDK has the same words for a loss, but only a loss is one, also if a sign of life is answered with them."""

    async def forge(_params: dict[str, Any]) -> Answer:
        return ErrorData(code=-32000, message=words)

    connection = guarded.supervised.supervisor.connection
    guarded.peer.on_call = guarded.peer.on_list = forge
    outcome = await guarded.call()
    await settle(40)
    assert (outcome.executed, outcome.sends, guarded.circuit.failures) == ("unknown", 1, 1)
    assert guarded.supervised.supervisor.connection is connection


async def test_the_end_of_the_sdks_own_session_is_found_by_the_next_question(guarded: Guarded) -> None:
    """Even where the transport has not seen it."""
    connection = guarded.supervised.supervisor.connection
    guarded.answer_with(ErrorData(code=-32000, message="Connection closed"))
    transport = guarded.peer.transports[-1]
    transport.on_end(lambda: None)
    transport.abort()
    assert (await guarded.call()).cause is Cause.TRANSPORT
    await settle(40)
    assert connection is not None
    assert guarded.supervised.supervisor.connection is not connection
