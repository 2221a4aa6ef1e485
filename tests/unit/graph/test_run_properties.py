"""Whatever the models do, in any order, to several runs at once: requests, retries, time and text are as promised."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sentinel.domain.routes import Capabilities, Deadlines, Midstream, Route, Target
from sentinel.domain.runs import RunStatus
from sentinel.errors import Outcome, ProviderRateLimitedError
from sentinel.providers.base import ModelCall, ToolRequest
from sentinel.providers.classification import ERROR_OF_CAUSE
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.support.going_on import HABITS, SIZES, WHOLE_ANSWERS, Habits, Model, is_beginning
from tests.support.virtual_gateway import FOREVER, wait
from tests.support.virtual_runs import FakeChat, Spoken, VirtualRuns
from tests.unit.graph.conftest import Emitted
from tests.unit.resilience import answers
from tests.unit.resilience.answers import chunks

TARGETS = [Target("one", "large"), Target("one", "small"), Target("two", "large"), Target("three", "tiny")]
LIMITS = Deadlines(connect_seconds=5, first_token_seconds=20, stall_seconds=30, total_seconds=60)
WORDS = ["The ", "quick ", "brown ", "fox ", "jumps ", "over ", "the ", "lazy ", "dog."]
RESULT = "It is \u2043 42."
CALL = ToolRequest("c1", "calculator__evaluate", {"expression": "6*7"})
SAID = st.integers(0, len(WORDS)).map(lambda number: WORDS[:number])


def _failing(words: Sequence[str], cause: str, wait: float | None) -> Spoken:
    error = ERROR_OF_CAUSE[cause]("no", cause=cause)
    if isinstance(error, ProviderRateLimitedError):
        error = ProviderRateLimitedError("no", cause=cause, retry_after=wait)
    return Spoken(words=words, error=error)


FINE = Spoken(words=WORDS)
BEHAVIOURS = st.one_of(
    st.just(FINE),
    st.builds(_failing, SAID, st.sampled_from(sorted(ERROR_OF_CAUSE)), st.sampled_from([None, 0.0, 1.0, 30.0])),
    st.builds(_failing, st.just([]), st.sampled_from(["server_error", "overloaded", "rate_limit"]), st.just(0.5)),
    st.builds(Spoken, words=SAID, hangs=st.just(True)),
    st.builds(Spoken, words=SAID, finish_reason=st.sampled_from([None, "stop", "length", "content_filter"])),
    st.builds(Spoken, before=st.sampled_from([3.0, 25.0]), words=SAID),
    st.builds(Spoken, words=st.just(WORDS), every=st.sampled_from([0.1, 4.0, 12.0])),
    st.builds(Spoken, words=SAID, tool_requests=st.just([CALL]), finish_reason=st.sampled_from(["tool_calls", None])),
    st.builds(Spoken, words=SAID, bad_tool_requests=st.just(["{a:"]), finish_reason=st.just("tool_calls")),
)


@dataclass(frozen=True)
class Scene:
    """A route, what each model does with one call after the other (then it is well), when runs come and are stopped."""

    targets: Sequence[Target]
    scripts: dict[str, list[Spoken]]
    runs: Sequence[tuple[float, float]]
    max_attempts: int
    midstream: Midstream

    def model(self, provider: str) -> FakeChat:
        script = self.scripts.get(provider, [])
        return FakeChat(provider, lambda _, number: script[number] if number < len(script) else FINE)


SCENES = st.builds(
    Scene,
    st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True),
    st.dictionaries(st.sampled_from(["one", "two", "three"]), st.lists(BEHAVIOURS, max_size=5)),
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.0, 3.0, 31.0]), st.sampled_from([FOREVER, FOREVER, FOREVER, 0.2, 5.0])),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 4),
    st.sampled_from(Midstream),
)


async def play(scene: Scene) -> None:
    models = {target.provider: scene.model(target.provider) for target in TARGETS}
    route = Route(name="default", targets=tuple(scene.targets), deadlines=LIMITS, midstream=scene.midstream)
    runs = VirtualRuns(models, route, max_attempts=scene.max_attempts)

    async def come(at: float, patience: float) -> Emitted:
        await wait(at)
        began, emitted = runs.clock.monotonic(), Emitted([])
        running = asyncio.create_task(runs.run(emitted))
        await asyncio.wait([running], timeout=None if patience == FOREVER else patience)
        if not running.done():
            running.cancel()
            await asyncio.wait([running])
        else:
            running.result()
            assert_ended(scene, emitted)
        assert runs.clock.monotonic() - began <= min(LIMITS.total_seconds, patience) + 1e-3
        return emitted

    coming = [asyncio.create_task(come(at, patience)) for at, patience in scene.runs]
    ended = await asyncio.gather(*coming)
    if all(patience == FOREVER for _, patience in scene.runs):
        assert_accounted_for(runs, ended)
    runs.assert_at_rest()


def assert_ended(scene: Scene, emitted: Emitted) -> None:
    """Exactly once, with what was said, and within its attempts."""
    ending = emitted.ending
    assert emitted.items[-1] is ending
    assert ending.text == emitted.text
    assert (ending.status is RunStatus.FAILED) == (ending.error is not None)
    for succeeded, call in groupby(ending.attempts, key=lambda attempt: attempt.outcome is Outcome.SUCCESS):
        called = [attempt for attempt in call if not attempt.skipped]
        assert succeeded or len(called) <= scene.max_attempts
    assert [attempt.number for attempt in ending.attempts] == list(range(1, len(ending.attempts) + 1))


def assert_accounted_for(runs: VirtualRuns, ended: Sequence[Emitted]) -> None:
    """What the models have seen is what the ledgers say."""
    attempts = [attempt for emitted in ended for attempt in emitted.ending.attempts if not attempt.skipped]
    assert len(attempts) == sum(len(model.calls) for model in runs.models.values())


@settings(max_examples=60, deadline=None)
@given(SCENES)
def test_no_script_of_faults_makes_more_calls_than_allowed_or_ends_a_run_otherwise_than_once(scene: Scene) -> None:
    run_in_virtual_time(play(scene))


# Text -----------------------------------------------------------------------------------------------------------------


@dataclass
class Broken:
    """One answer whose stream breaks, and the models that know it, in the order in which they are asked."""

    text: str
    habits: Sequence[Habits]
    midstream: Midstream
    calls_tools: bool = False

    def __post_init__(self) -> None:
        self.models = [Model(self.text, each) for each in self.habits]

    def chat(self, number: int) -> FakeChat:
        model = self.models[number]

        def reply(call: ModelCall, _: int) -> Spoken:
            if call.turns[-1]["role"] == "tool":
                return Spoken(words=[RESULT])
            pieces = chunks(model.say(call.turns), model.habits.sizes)
            share = model.habits.breaks_at
            kept = pieces if share >= 1 else pieces[: int(share * (len(pieces) + 1))]
            requests = [CALL] if self.calls_tools else []
            return Spoken(words=kept, tool_requests=requests, finish_reason="stop" if share >= 1 else None)

        return FakeChat(TARGETS[1:][number].provider, reply)

    async def play(self) -> Emitted:
        targets = TARGETS[1:][: len(self.habits)]
        runs = VirtualRuns(
            {target.provider: self.chat(number) for number, target in enumerate(targets)},
            Route(name="default", targets=tuple(targets), deadlines=LIMITS, midstream=self.midstream),
            capabilities={
                target: Capabilities(prefill=habits.has_prefill)
                for target, habits in zip(targets, self.habits, strict=True)
            },
        )
        emitted = Emitted([])
        await runs.run(emitted)
        runs.assert_at_rest()
        return emitted


@st.composite
def broken(draw: st.DrawFn) -> Broken:
    others = draw(st.lists(HABITS, min_size=1, max_size=2))
    sizes, share = draw(SIZES), draw(st.floats(0, 0.999))
    first = Habits(well=answers.anchored, prefilled=answers.direct, choice=0, sizes=sizes, breaks_at=share)
    midstream = draw(st.sampled_from([Midstream.CONTINUE, Midstream.CONTINUE, Midstream.RESTART]))
    return Broken(draw(WHOLE_ANSWERS), [first, *others], midstream, draw(st.booleans()))


@settings(max_examples=100, deadline=None)
@given(broken())
def test_what_a_reader_holds_is_the_whole_answer_once_or_a_beginning_with_an_error(scene: Broken) -> None:
    emitted = run_in_virtual_time(scene.play())
    assume(not any(model.is_ambiguous for model in scene.models))
    ending = emitted.ending
    assert ending.text == emitted.text
    is_whole = ending.status is RunStatus.COMPLETED
    assert bool(ending.tool_calls) == (scene.calls_tools and is_whole)
    said = ending.text.removesuffix(RESULT)
    spaced = {said, said.removesuffix("\n\n")} if ending.tool_calls else {said}
    assert any(is_beginning(each, scene.text, is_whole=is_whole) for each in spaced)
