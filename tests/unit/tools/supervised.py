"""A supervised peer on a clock that tests turn."""

from collections.abc import Callable

from sentinel.testing.clock import FakeClock
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.session.server_status import ServerState
from sentinel.tools.session.supervisor import ServerSupervisor
from tests.support.bounded import bounded
from tests.unit.tools.peers import Peer

BOUND = 5.0


class Supervised:
    """A supervisor, the peer behind it, the clock, and the states it went through."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.peer = Peer()
        self.states: list[str] = []
        self.random = 1.0
        self.supervisor = self.supervise(SupervisionConfig())

    def supervise(self, config: SupervisionConfig) -> ServerSupervisor:
        self.supervisor = ServerSupervisor(
            "peer",
            open_transport=self.peer.transport,
            clock=self.clock,
            rng=lambda: self.random,
            config=config,
            on_change=lambda supervisor: self.states.append(supervisor.state.value),
        )
        return self.supervisor

    async def until(self, condition: Callable[[ServerSupervisor], bool]) -> None:
        await bounded(self.supervisor.wait_until(condition), BOUND)

    async def until_state(self, state: ServerState) -> None:
        await self.until(lambda supervisor: supervisor.state is state)

    async def ready(self) -> ServerSupervisor:
        self.supervisor.start()
        await self.until_state(ServerState.READY)
        return self.supervisor
