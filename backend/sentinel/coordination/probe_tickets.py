"""Tickets for probes: while a circuit is half-open, one of all processes tries its target.

Asked for by the first call that would probe, and off its way: until the answer is there the circuit refuses, as it
does while another process probes. A ticket is renewed while its probe is under way, given back with the verdict, and
lapses by itself after three seconds, so that a process that dies holds nobody up.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from sentinel.clock import Clock
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.tasks import ended

TICKET_SECONDS = 3.0
"""How long a ticket lasts that is not renewed."""

_RENEW_SECONDS = 1.0
_ASK_AGAIN_SECONDS = 0.25

Answer = Callable[[bool], None]


class ProbeTickets(Protocol):
    """Rights that one process at a time has. Nothing here waits or raises."""

    def ask(self, name: str, seconds: float, answer: Answer) -> None:
        """Take a ticket that nobody has, or renew one's own; the answer comes at once or soon, exactly once.

        It is yes, too, where it cannot be known: a process that cannot ask goes by itself.
        """
        ...

    def give_back(self, name: str) -> None:
        """Let go of a ticket of one's own."""
        ...


class MemoryTickets:
    """The tickets of processes that live in one: alone, as by default, it has every ticket that it asks for."""

    def __init__(self, author: str, *, clock: Clock, taken: dict[str, tuple[str, float]] | None = None) -> None:
        """Share the tickets with those who were given the same `taken`."""
        self._author = author
        self._clock = clock
        self._taken = taken if taken is not None else {}

    def ask(self, name: str, seconds: float, answer: Answer) -> None:
        """Answer at once."""
        now = self._clock.monotonic()
        owner, until = self._taken.get(name, (self._author, now))
        is_free = owner == self._author or until <= now
        if is_free:
            self._taken[name] = (self._author, now + seconds)
        answer(is_free)

    def give_back(self, name: str) -> None:
        """Let go of it."""
        if self._taken.get(name, ("", 0.0))[0] == self._author:
            del self._taken[name]


class TicketedProbes:
    """Tells circuits whether this process may probe. Meant for one event loop."""

    def __init__(
        self, tickets: ProbeTickets, board: BreakerBoard, *, clock: Clock, is_shared: Callable[[str], bool]
    ) -> None:
        """Ask for tickets on the circuits of `board` that processes have in common."""
        self._tickets = tickets
        self._board = board
        self._clock = clock
        self._is_shared = is_shared
        self._held: dict[str, float] = {}
        self._asked: set[str] = set()
        self._denied: dict[str, float] = {}
        self._renewer: asyncio.Task[None] | None = None

    def may_probe(self, key: str) -> bool:
        """Tell whether this process may probe now; where it does not know yet, it asks, and the answer is no."""
        if not self._is_shared(key):
            return True
        now = self._clock.monotonic()
        if now < self._held.get(key, now):
            return True
        if key not in self._asked and now >= self._denied.get(key, now):
            self._ask(key)
        return now < self._held.get(key, now)

    def transition(self, change: Transition) -> None:
        """Give the ticket back when its probing is over."""
        if change.from_state is BreakerState.HALF_OPEN and self._held.pop(change.key, None) is not None:
            self._tickets.give_back(change.key)

    async def aclose(self) -> None:
        """Give everything back."""
        await ended(self._renewer)
        for key in self._held:
            self._tickets.give_back(key)

    def _ask(self, key: str) -> None:
        self._asked.add(key)
        lasts_until = self._clock.monotonic() + TICKET_SECONDS
        self._tickets.ask(key, TICKET_SECONDS, partial(self._answered, key, lasts_until))

    def _answered(self, key: str, lasts_until: float, is_mine: bool) -> None:
        self._asked.discard(key)
        if not is_mine:
            self._held.pop(key, None)
            self._denied[key] = self._clock.monotonic() + _ASK_AGAIN_SECONDS
            return
        self._denied.pop(key, None)
        self._held[key] = lasts_until
        if self._renewer is None or self._renewer.done():
            self._renewer = asyncio.create_task(self._renew(), name="probe-tickets")

    async def _renew(self) -> None:
        """Keep the tickets whose probe is under way; the others lapse, so that a busier process may probe."""
        while self._held:
            await self._clock.sleep(_RENEW_SECONDS)
            now = self._clock.monotonic()
            for key, until in list(self._held.items()):
                if self._is_probing(key):
                    self._ask(key)
                elif until <= now:
                    del self._held[key]

    def _is_probing(self, key: str) -> bool:
        circuit = self._board.find(key)
        return circuit is not None and circuit.snapshot().is_probe_in_flight
