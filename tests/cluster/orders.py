"""What the driver asks: kinds of questions with what may come of each, and a plan of conversations from a seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

COMPLETED, FAILED, CANCELLED = "completed", "failed", "cancelled"
MOST_CUTS = 3
"""How often a run may be cut short before it is given up; more is `run_interrupted`."""

_PACED = "primary/sim-large:pace=60"
_SPARE = "local/sim-small"


class Habit(Enum):
    """How somebody reads the events of a run."""

    STEADY = "steady"  # from the start to the end
    LEAVING = "leaving"  # goes away again and again, and comes back with Last-Event-ID
    SLOW = "slow"  # takes a little at a time
    LATE = "late"  # comes when all is over


@dataclass(frozen=True)
class Kind:
    """One kind of question, with a route of its own; `errors` are the codes that it may honestly end with.

    `is_timed`: its timers are shorter than a frozen process; then targets may be given up for that, and it may fail.
    """

    name: str
    targets: tuple[str, ...]
    weight: int
    options: Mapping[str, object] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()
    is_booking: bool = False
    is_timed: bool = False
    words: tuple[int, int] | None = None

    def text(self, rng: random.Random, key: str) -> str:
        """Word a question of this kind."""
        if self.is_booking:
            return f'Please call counting__book with {{"key": "{key}", "seconds": {rng.choice((0, 0.2, 0.6))}}}'
        if self.words:
            return f"Write {rng.randint(*self.words)} words about order {key}"
        return f"Question {key}: {rng.choice(_TOPICS)}"


_TOPICS = ("how does a circuit breaker work?", "what are retries good for?", "who are you?", "tell me something new")
_LONG = (60, 220)
_IMPATIENT = {"deadlines": {"stall_seconds": 2}}  # so that one which passes only for a freeze is always `loop_lag`
KINDS = (
    Kind("plain", ("primary/sim-large", _SPARE), 4),
    Kind("long", (_PACED, _SPARE), 6, words=_LONG),
    Kind("booking", ("primary/sim-large", _SPARE), 6, is_booking=True),
    Kind("cut", ("faulty/sim-large:cut=30+pace=80", _SPARE), 2, words=_LONG),
    Kind("truncated", ("faulty/sim-large:truncate=25", _SPARE), 1, words=_LONG),
    Kind("refused", ("failing/sim-large:status=503", _SPARE), 1),
    Kind("stalled", ("faulty/sim-large:stall=20+pace=80", _SPARE), 1, _IMPATIENT, words=_LONG, is_timed=True),
    Kind("garbled", ("faulty/sim-large:malformed_frame=12", _SPARE), 1, words=_LONG),
    Kind("restarting", ("faulty/sim-large:cut=30+pace=80", _SPARE), 1, {"midstream": "restart"}, words=_LONG),
    Kind(
        "hopeless",
        ("failing/sim-large:status=500", "failing/sim-small:status=500"),
        1,
        errors=frozenset({"all_providers_failed"}),
    ),
)


@dataclass(frozen=True)
class Order:
    """One question: its idempotency key, its readers, and after how many events it is cancelled, if it is.

    `is_sent_twice`: the same request is sent a second time at once, as an impatient client does.
    """

    key: str
    kind: Kind
    text: str
    readers: tuple[Habit, ...]
    cancel_after: int | None = None
    is_sent_twice: bool = False


Conversation = tuple[Order, ...]


def plan(seed: int, runs: int) -> list[Conversation]:
    """Give conversations of one to three questions, together `runs` questions; the same ones for the same seed."""
    rng = random.Random(f"orders {seed}")
    conversations: list[Conversation] = []
    while runs > 0:
        length = min(runs, rng.choice((1, 1, 2, 3)))
        conversations.append(tuple(_order(rng, f"{seed}-{len(conversations)}-{turn}") for turn in range(length)))
        runs -= length
    return conversations


def _order(rng: random.Random, key: str) -> Order:
    (kind,) = rng.choices(KINDS, [kind.weight for kind in KINDS])
    readers = rng.sample(list(Habit), rng.choice((1, 1, 2)))
    return Order(
        key=key,
        kind=kind,
        text=kind.text(rng, key),
        readers=tuple(readers),
        cancel_after=rng.randint(3, 30) if kind.name == "long" and rng.random() < 0.25 else None,
        is_sent_twice=rng.random() < 0.15,
    )


def routes() -> dict[str, dict[str, object]]:
    """Give the routes of the configuration, one for each kind."""
    default: dict[str, object] = {"targets": ["primary/sim-large", _SPARE]}
    return {"default": default} | {kind.name: {"targets": list(kind.targets), **kind.options} for kind in KINDS}
