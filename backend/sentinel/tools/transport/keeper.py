"""A program that runs another one, and lets nothing of it outlive that one, or us.

Used as `python -I -S keeper.py PARENT_PID COMMAND ARG…` on Linux; it imports nothing of ours. What the command starts
and leaves behind, in whatever group or session, comes to this process, which kills it when the command ends, when its
parent dies, even by `kill -9`, and on SIGHUP. It ends as the command did: with its code, or by its signal.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36
_CANNOT_RUN = 127
_LEAVE_NOTHING = signal.SIGHUP
_AWAITED = {_LEAVE_NOTHING, signal.SIGCHLD}
_FOR_THE_COMMAND = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)  # what reaches the group is not meant for us
_STOLEN = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them, and a program that it becomes would, too


def main() -> None:
    """Run the command, and clean up after it."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _die_with(parent, _LEAVE_NOTHING)
    keeper, child = os.getpid(), os.fork()
    if child == 0:
        _become(command, keeper)
    _let_go_of_the_pipes()
    for number in _FOR_THE_COMMAND:
        signal.signal(number, signal.SIG_IGN)
    status = _end_of(child)
    _leave_nothing()
    _end_as(status)


def _become(command: list[str], keeper: int) -> None:
    os.setpgid(0, 0)  # who stops the server's group must not stop us: the end of our parent would wait for SIGCONT
    _die_with(keeper, signal.SIGKILL)
    for number in _STOLEN:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
    try:
        os.execvp(command[0], command)  # noqa: S606 -- the command is the operator's, and there is no shell
    except OSError as exc:
        os.write(2, f"cannot run {command[0]!r}: {exc.strerror}\n".encode())
        os._exit(_CANNOT_RUN)


def _die_with(parent: int, number: signal.Signals) -> None:
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(_CANNOT_RUN)  # it died before the signal was arranged


def _let_go_of_the_pipes() -> None:
    """Their ends are the command's alone: they show that it has gone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)


def _end_of(child: int) -> int:
    while True:
        if signal.sigwait(_AWAITED) == _LEAVE_NOTHING:
            os.kill(child, signal.SIGKILL)
        ended = -1
        while ended != 0:  # signals that come together are one, and orphans end here too
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == child:
                return status


def _leave_nothing() -> None:
    """Kill all that is left; the children of what was killed come here next."""
    with suppress(ChildProcessError):
        while True:
            for pid in _children():
                os.kill(pid, signal.SIGKILL)  # it is ours until it is waited for, so the number is its own
            os.waitpid(-1, 0)


def _children() -> list[int]:
    own = os.getpid()
    return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii").split()]


def _end_as(status: int) -> None:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        _prctl(_PR_SET_DUMPABLE, 0)  # one memory image, the command's, is enough
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
