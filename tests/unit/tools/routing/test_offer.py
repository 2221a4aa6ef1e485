"""A model is told of no more tools than its API takes."""

from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.routing.offer import MAX_CHARACTERS, MAX_TOLD, told_to_models, withheld_from_models


def specs(
    server: str, count: int, *, is_trusted: bool = False, size: int = 10, capability: str | None = None
) -> list[ToolSpec]:
    return [
        ToolSpec(
            name=f"{server}__t{number}",
            server=server,
            tool=f"t{number}",
            description="",
            input_schema={},
            is_trusted=is_trusted,
            size=size,
            capability=capability,
        )
        for number in range(count)
    ]


def test_all_are_told_of_where_they_fit() -> None:
    """In their order."""
    given = [*specs("a", 64), *specs("b", 64, is_trusted=True)]
    assert told_to_models(given) == given
    assert withheld_from_models(given) == frozenset()


def test_capabilities_and_tools_of_trusted_servers_come_first() -> None:
    """An untrusted server cannot crowd them out."""
    given = [*specs("flood", 200), *specs("own", 3, is_trusted=True), *specs("calculate", 1, capability="calculate")]
    told = told_to_models(given)
    assert told == [*given[: MAX_TOLD - 4], *given[200:]]
    assert withheld_from_models(given) == {f"flood__t{number}" for number in range(MAX_TOLD - 4, 200)}


def test_all_together_leave_room_for_what_is_said() -> None:
    """One that is too long for what is left makes room for others."""
    given = [*specs("wordy", 5, size=MAX_CHARACTERS // 4), *specs("own", 1, is_trusted=True)]
    assert told_to_models(given) == [*given[:3], given[5]]


def test_no_name_is_told_twice() -> None:
    """One would be enough to have the chat refused."""
    assert len(told_to_models([*specs("a", 1), *specs("a", 1)])) == 1
