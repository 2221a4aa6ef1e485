"""Set-up does nothing twice, redoes what was cut short, and says what to do when something fails."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.stamps import Stamp, digest, digest_tree, exclusive
from scripts.steps import Commands, Step, StepFailedError, Together, perform
from tests.support.sources import ROOT


class _Work:
    """A step whose inputs and success a test decides; it counts how often it ran."""

    def __init__(self, folder: Path) -> None:
        self.key = "first"
        self.present = True
        self.command = [sys.executable, "-c", "pass"]
        self.runs: list[bool] = []
        self.meet: Callable[[], object] = lambda: None
        self._stamp = Stamp(folder / "stamp")
        self._name = folder.name

    def step(self) -> Step:
        return Step(
            title="Work",
            log=f"test-{self._name}",
            stamp=self._stamp,
            key=lambda: self.key,
            present=lambda: self.present,
            run=self._run,
            hint="turn it on",
        )

    def _run(self, run: Commands) -> None:
        self.runs.append(run.was_cut_short)
        self.meet()
        run(*self.command)


@pytest.fixture
def work(tmp_path: Path) -> _Work:
    """Work that was never done."""
    return _Work(tmp_path)


def test_a_step_is_done_once(work: _Work) -> None:
    """The second set-up finds the stamp."""
    perform([work.step()])
    perform([work.step()])
    assert work.runs == [False]


def test_a_step_is_done_again_when_its_inputs_change(work: _Work) -> None:
    """The stamp holds the digest of the inputs."""
    perform([work.step()])
    work.key = "second"
    perform([work.step()])
    assert len(work.runs) == 2


def test_a_step_is_done_again_when_its_result_is_gone(work: _Work) -> None:
    """Deleting what was built is a way to ask for it again."""
    perform([work.step()])
    work.present = False
    perform([work.step()])
    assert len(work.runs) == 2


def test_a_failed_step_shows_its_output_and_a_hint_and_is_tried_again(work: _Work) -> None:
    """No stamp is written, and the next try knows that there was one before."""
    work.command = [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]
    with pytest.raises(StepFailedError, match=r"(?s)command: .*the reason.*hint: turn it on"):
        perform([work.step()])
    work.command = [sys.executable, "-c", "pass"]
    perform([work.step()])
    assert work.runs == [False, True]


def test_a_program_that_is_not_there_fails_the_step_and_not_set_up(work: _Work) -> None:
    """The message comes through the same door as any other."""
    work.command = ["no-such-program-anywhere"]
    with pytest.raises(StepFailedError, match="no-such-program-anywhere"):
        perform([work.step()])


def test_steps_before_a_failed_one_stay_done(tmp_path: Path) -> None:
    """So the next try goes on where this one stopped."""
    first, second = _Work(tmp_path / "first"), _Work(tmp_path / "second")
    second.command = [sys.executable, "-c", "raise SystemExit(1)"]
    for _ in range(2):
        with pytest.raises(StepFailedError):
            perform([first.step(), second.step()])
    assert (len(first.runs), len(second.runs)) == (1, 2)


def test_steps_that_need_nothing_of_each_other_are_done_at_once(tmp_path: Path) -> None:
    """Each waits until the other has begun; one that fails does not undo the other."""
    meeting = threading.Barrier(2)
    first, second = _Work(tmp_path / "first"), _Work(tmp_path / "second")
    first.meet = second.meet = lambda: meeting.wait(timeout=10)
    second.command = [sys.executable, "-c", "raise SystemExit('the reason')"]
    with pytest.raises(StepFailedError, match="the reason"):
        perform([Together((first.step(), second.step()))])
    assert (first.step().is_done(), second.step().is_done()) == (True, False)


def test_a_digest_tells_names_contents_and_absence_apart(tmp_path: Path) -> None:
    """Moving text from one file to the next one changes the digest, too."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("12")
    before = digest_tree(tree, skip=())
    (tree / "b").write_text("")
    assert digest_tree(tree, skip=()) != before
    assert digest_tree(tree, skip=("b",)) == before
    assert digest("ab", "c") != digest("a", "bc")
    assert digest(tree / "missing") != digest(tree / "b")


def test_a_second_set_up_waits_for_the_first(tmp_path: Path) -> None:
    """It says so, and goes on when the lock is free."""
    lock = tmp_path / "lock"
    program = "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout
        first.stdout.readline()
        waited: list[bool] = []

        def let_the_first_end() -> None:
            waited.append(True)
            first.communicate(b"\n")

        with exclusive(lock, waiting=let_the_first_end):
            assert waited == [True]


@pytest.mark.parametrize("wanted", ["/bin/false", "no-such-python"])
def test_without_a_fitting_python_one_line_says_what_is_needed(wanted: str) -> None:
    """The line also tells how to name one."""
    result = subprocess.run(
        ["sh", "scripts/python.sh", "-c", "pass"],
        cwd=ROOT,
        env=os.environ | {"PYTHON": wanted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "3.11" in result.stderr
    assert "make PYTHON=" in result.stderr
