"""Hooks: all listeners are told in their order, and one that fails is only logged."""

from structlog.testing import capture_logs

from sentinel.telemetry.hooks import Hooks


def test_listeners_are_told_in_their_order() -> None:
    told: list[str] = []
    hooks = Hooks(lambda word: told.append(f"first {word}"))
    hooks.add(lambda word: told.append(f"second {word}"))
    hooks("now")
    assert told == ["first now", "second now"]


def test_a_listener_that_fails_disturbs_nobody_and_is_logged() -> None:
    told: list[int] = []

    def failing(number: int) -> None:
        told.append(1 // number)

    with capture_logs() as lines:
        Hooks(failing, told.append)(0)
    assert told == [0]
    assert [line["event"] for line in lines] == ["listener_failed"]
    assert "failing" in lines[0]["listener"]
