"""What is measured: short jobs, gateway after gateway and round after round, so that all share the same weather."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from benchmarks._figures import percentile
from benchmarks._load import Job, Seen
from benchmarks._programs import Program
from benchmarks.gateway.contestants import Address, Contestant
from benchmarks.gateway.wire import MARKER, Wish

WARM_UP_SECONDS = 3.0
"""Also of a short look: just-in-time compilers need it, and look slow without."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One kind of load."""

    name: str
    wish: Wish
    is_stream: bool
    connections: int
    seconds: float
    spread_seconds: float = 0.0

    def job(self, port: int, address: Address, *, scale: float = 1.0, limit: int = 0) -> Job:
        """Write it for one gateway."""
        return Job(
            port=port,
            headers=dict(address.headers),
            body=self.wish.body(address.model, is_stream=self.is_stream).decode(),
            connections=self.connections,
            seconds=self.seconds * scale,
            marker=MARKER.decode(),
            end="[DONE]" if self.is_stream else "",
            tokens=self.wish.tokens if self.is_stream else 1,
            limit=limit,
            spread_seconds=self.spread_seconds,
        )


def _plain(connections: int, seconds: float) -> Measure:
    name = f"plain, {connections} at a time"
    return Measure(name=name, wish=Wish(), is_stream=False, connections=connections, seconds=seconds)


SINGLE, EIGHT, PLAIN, MANY = _plain(1, 1.5), _plain(8, 1.5), _plain(32, 2.0), _plain(64, 2.0)
SIXTEEN = Measure(name="plain, 16, slow", wish=Wish(delay_seconds=0.02), is_stream=False, connections=16, seconds=1.5)
FIRST = Measure(name="first token, one at a time", wish=Wish(tokens=3), is_stream=True, connections=1, seconds=1.5)
TOKENS = Measure(name="tokens at saturation", wish=Wish(tokens=300), is_stream=True, connections=16, seconds=2.5)
PACED = Measure(
    name="paced tokens",
    wish=Wish(tokens=25, interval_seconds=0.04),
    is_stream=True,
    connections=20,
    seconds=3.0,
    spread_seconds=1.0,
)
MEASURES = (SINGLE, EIGHT, PLAIN, MANY, SIXTEEN, FIRST, TOKENS, PACED)


@dataclass(frozen=True)
class Sample:
    """One job's outcome, and the processor time that the gateway used for it."""

    seen: Seen
    cpu_seconds: float


@dataclass
class Samples:
    """All samples of one gateway under one load."""

    all: list[Sample] = field(default_factory=list)

    @property
    def answers_per_second(self) -> float:
        """The median round's rate."""
        return percentile([sample.seen.answers / sample.seen.seconds for sample in self.all], 0.5)

    @property
    def tokens_per_second(self) -> float:
        """The median round's rate."""
        return percentile([sample.seen.tokens / sample.seen.seconds for sample in self.all], 0.5)

    @property
    def cpu_us_per_answer(self) -> float:
        """Processor time over all rounds."""
        return self._cpu_us(sum(sample.seen.answers for sample in self.all))

    @property
    def cpu_us_per_token(self) -> float:
        """Processor time over all rounds."""
        return self._cpu_us(sum(sample.seen.tokens for sample in self.all))

    @property
    def errors(self) -> int:
        """How many requests failed."""
        return sum(sample.seen.errors for sample in self.all)

    @property
    def first_error(self) -> str:
        """What the first of them said."""
        return next((sample.seen.first_error for sample in self.all if sample.seen.first_error), "")

    def whole_ms(self, share: float) -> float:
        """A percentile of the time to the end of the answer, over all rounds."""
        return percentile([value for sample in self.all for value in sample.seen.whole_ms], share)

    def first_token_ms(self, share: float) -> float:
        """A percentile of the time to the first token, over all rounds."""
        return percentile([value for sample in self.all for value in sample.seen.first_token_ms], share)

    def gap_ms(self, share: float) -> float:
        """A percentile of the longest silence in an answer, over all rounds."""
        return percentile([value for sample in self.all for value in sample.seen.gaps_ms], share)

    def _cpu_us(self, count: int) -> float:
        return sum(sample.cpu_seconds for sample in self.all) / count * 1e6 if count else float("nan")


Results = dict[tuple[str, str], Samples]
"""By name of the contestant and of the measure."""


@dataclass(frozen=True)
class Bench:
    """The load generator with the contestants before it."""

    load: Program
    contestants: Sequence[Contestant]

    def sample(self, contestant: Contestant, job: Job) -> Sample:
        """Do one job on one contestant."""
        before = contestant.cpu_seconds()
        self.load.tell(asdict(job))
        seen = Seen(**self.load.hear())
        return Sample(seen, contestant.cpu_seconds() - before)

    def run(self, *, rounds: int, scale: float, say: Callable[[str], None]) -> Results:
        """Measure everything. Each round begins with another contestant."""
        self._warm_up()
        results: Results = {}
        for number in range(rounds):
            turn = number % len(self.contestants)
            order = [*self.contestants[turn:], *self.contestants[:turn]]
            for measure in MEASURES:
                say(f"round {number + 1} of {rounds}: {measure.name}")
                for each in order:
                    sample = self.sample(each, measure.job(each.port, each.plain, scale=scale))
                    results.setdefault((each.name, measure.name), Samples()).all.append(sample)
        return results

    def _warm_up(self) -> None:
        for each in self.contestants:
            for measure in (PLAIN, TOKENS):
                job = measure.job(each.port, each.plain, scale=WARM_UP_SECONDS / measure.seconds)
                self.sample(each, job)
