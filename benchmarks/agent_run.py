"""What an agent run costs on its way through graph, journal and event stream, and how soon a server is ready.

`python -m benchmarks.agent_run` asks a real `sentinel serve` over simulated providers at full pace, through
`POST /api/chat/stream`, and the simulator itself for comparison. Everything runs on loopback and is stopped at the end.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks._figures import Table, Target, number, pair, percentile
from benchmarks._load import Job, Seen
from benchmarks._machine import machine, revision, today, weather
from benchmarks._program import finish, parser, unwind_when_terminated
from benchmarks._programs import Cores, Program, answers, fetch_json, free_port
from benchmarks._result import Result
from scripts.project import FRONTEND, PYTHON, VENV

QUESTION = "Write 300 words"
CROWD = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is done: answers one at a time, answers of a crowd, starts."""

    alone: int = 100
    crowded: int = 200
    starts: int = 5

    @classmethod
    def quick(cls) -> "Plan":
        """Give an impression."""
        return cls(alone=20, crowded=40, starts=2)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Runs under one load, the same questions to the provider itself, and the server's processor time for the runs."""

    runs: Seen
    provider: Seen
    cpu_seconds: float
    tokens_per_answer: int

    def added_ms(self, share: float) -> float:
        """The wait for the first token beyond the provider's own."""
        return percentile(self.runs.first_token_ms, share) - percentile(self.provider.first_token_ms, share)

    @property
    def cpu_us_per_token(self) -> float:
        """Processor time for one token of the model."""
        return self.cpu_seconds / max(1, self.runs.answers * self.tokens_per_answer) * 1e6

    @property
    def tokens_per_second(self) -> float:
        """Tokens of the model that reached readers, all runs together."""
        return self.runs.answers * self.tokens_per_answer / self.runs.seconds


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What runs: a simulator, a server over it, a load generator, and where."""

    folder: Path
    cores: Cores
    stack: ExitStack

    def program(self, name: str, *command: str | Path, env: dict[str, str] | None = None, talks: bool) -> Program:
        """Start a program that is stopped at the end; the server has a core of its own."""
        cores = self.cores.measured if name == "sentinel" else self.cores.others
        log = self.folder / f"{name}.log"
        started = Program(command, log=log, cores=cores, env=env, cwd=self.folder, talks=talks)
        self.stack.callback(started.stop)
        return started


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = parser("agent_run", __doc__).parse_args(arguments)
    unwind_when_terminated()
    plan = Plan.quick() if options.quick else Plan()
    say_weather = weather()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentinel-bench-")))
        setting = Setting(folder=folder, cores=Cores.split(), stack=stack)
        starts = [_start_seconds(setting, number) for number in range(plan.starts)]
        samples = _measure(setting, plan)
    return finish(_result(starts, samples, say_weather()), options)


def _start_seconds(setting: Setting, number: int) -> float:
    """From exec to /health/ready, with a new database, the simulated providers and the tool servers."""
    port = free_port()
    env = {"HOST": "127.0.0.1", "PORT": str(port), "SENTINEL_DATA_DIR": str(setting.folder / f"start-{number}")}
    began = time.perf_counter()
    with ExitStack() as stack:
        log = setting.folder / f"start-{number}.log"
        server = Program([VENV / "bin" / "sentinel", "serve"], log=log, env=env, cwd=setting.folder)
        stack.callback(server.stop)
        server.wait_for(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), every=0.01)
        return time.perf_counter() - began


def _measure(setting: Setting, plan: Plan) -> dict[int, Sample]:
    """Ask alone and in a crowd; gives samples by the number of runs at once."""
    command = (PYTHON, "-m", "simulator", "--words-per-second", "0", "--exit-with-stdin")
    simulator = setting.program("simulator", *command, talks=True)
    provider_url = str(simulator.hear()["openai_base_url"])
    server, port = _serve(setting, provider_url)
    load = setting.program("load", PYTHON, "-m", "benchmarks._load", talks=True)
    tokens = _tokens_per_answer(provider_url)
    ours = Job(
        port=port,
        path="/api/chat/stream",
        body=orjson.dumps({"input": QUESTION}).decode(),
        marker="event: token",
        end="event: completion",
        connections=1,
        seconds=60,
        limit=10,
    )
    theirs = _to_provider(provider_url)
    _perform(load, ours)
    samples = {}
    for at_once, count in ((1, plan.alone), (CROWD, plan.crowded)):
        amount = {"connections": at_once, "limit": count}
        provider = _perform(load, theirs, **amount)
        before = server.cpu_seconds(with_children=False)
        runs = _perform(load, ours, **amount)
        used = server.cpu_seconds(with_children=False) - before
        samples[at_once] = Sample(runs=runs, provider=provider, cpu_seconds=used, tokens_per_answer=tokens)
    return samples


def _serve(setting: Setting, provider_url: str) -> tuple[Program, int]:
    """Start the server over the simulator, otherwise as it is by default: three tool servers, SQLite, all records."""
    port = free_port()
    config = setting.folder / "sentinel.yaml"
    routes = {"default": {"targets": ["simulator/sim-large"]}}
    providers = {"simulator": {"kind": "openai", "base_url": provider_url}}
    config.write_bytes(orjson.dumps({"providers": providers, "routes": routes}))  # JSON is YAML
    env = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SENTINEL_CONFIG": str(config),
        "SENTINEL_DATA_DIR": str(setting.folder / "data"),
    }
    server = setting.program("sentinel", VENV / "bin" / "sentinel", "serve", env=env, talks=False)
    server.wait_for(lambda: answers(f"http://127.0.0.1:{port}/health/ready"))
    return server, port


def _question(*, is_stream: bool) -> dict[str, object]:
    return {"model": "sim-large", "messages": [{"role": "user", "content": QUESTION}], "stream": is_stream}


def _to_provider(provider_url: str) -> Job:
    port = int(provider_url.rpartition(":")[2].partition("/")[0])
    # The role comes with an empty content, which does not count.
    return Job(
        port=port,
        body=orjson.dumps(_question(is_stream=True)).decode(),
        marker='{"content":"',
        end="[DONE]",
        connections=1,
        seconds=60,
    )


def _tokens_per_answer(provider_url: str) -> int:
    said = fetch_json(f"{provider_url}/chat/completions", _question(is_stream=False))
    return int(said["usage"]["completion_tokens"])


def _perform(load: Program, job: Job, **changes: int) -> Seen:
    load.tell(asdict(job) | changes)
    return Seen(**load.hear())


def _result(starts: Sequence[float], samples: dict[int, Sample], weather: str) -> Result:
    alone, crowd = samples[1], samples[CROWD]
    return Result(
        benchmark="agent_run",
        circumstances=[
            f"{today()} · {machine()}",
            f"Sentinel {revision()}, console {'built' if (FRONTEND / 'out' / 'index.html').exists() else 'not built'}",
            f"answers of {alone.tokens_per_answer} tokens at the simulator's full pace",
            weather,
            *(
                f"{count} at once: {each.runs.errors} failed, {each.runs.first_error}"
                for count, each in samples.items()
                if each.runs.errors
            ),
        ],
        tables={"runs": _table(samples)},
        targets=[
            Target("agent run: added to the first token, p50", alone.added_ms(0.5), 15, "ms"),
            Target("agent run: CPU per token", crowd.cpu_us_per_token, 200, "μs"),
            Target(f"start until ready, median of {len(starts)}", median(starts), 4, "s"),
        ],
    )


def _table(samples: dict[int, Sample]) -> Table:
    each = list(samples.values())
    return Table(
        ["Runs at once", *map(str, samples)],
        [
            ["runs measured", *(str(s.runs.answers) for s in each)],
            ["first token, added p50 / p95, ms", *(pair(s.added_ms(0.5), s.added_ms(0.95)) for s in each)],
            ["the provider's own p50 / p95, ms", *(_own(s) for s in each)],
            ["CPU per token, μs", *(number(s.cpu_us_per_token) for s in each)],
            ["tokens per second", *(number(s.tokens_per_second) for s in each)],
        ],
    )


def _own(sample: Sample) -> str:
    return pair(*(percentile(sample.provider.first_token_ms, share) for share in (0.5, 0.95)))


if __name__ == "__main__":
    sys.exit(main())
