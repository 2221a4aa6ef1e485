"""What a cool-down or a latch tells others: its kind, its changes, how it stands. Values only, made by `cooldowns`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class HoldKind(StrEnum):
    """Why a target is held."""

    COOLDOWN = "cooldown"
    """It asked for a pause."""
    CREDENTIAL = "credential"
    """The provider refuses the credential, or what stands behind it is used up: holds all its models."""
    MODEL = "model"
    """The provider does not know the model."""


class HoldStep(StrEnum):
    """What happened to a hold. One that merely runs out is not told."""

    BEGAN = "began"
    RENEWED = "renewed"
    """It was checked, and holds on; or the target asked for a longer pause."""
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A cool-down or a latch as it stands. `key` is `provider` or `provider/model`; times are UTC.

    `until`: the end of a cool-down, or when a latch is checked again.
    """

    kind: HoldKind
    key: str
    cause: str
    since: datetime
    until: datetime
    detail: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "kind": self.kind.value,
            "key": self.key,
            "cause": self.cause,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChange:
    """One step of a hold, for logs and incidents; `actor` and `reason` are the operator's, if it was one.

    `is_followed`: another process was told so, and passed it on.
    """

    step: HoldStep
    hold: Hold
    at: datetime
    actor: str | None = None
    reason: str | None = None
    is_followed: bool = False


HoldListener = Callable[[HoldChange], None]
"""Gets each change, after it is done; it must not raise."""


def ignore_hold_change(change: HoldChange) -> None:
    """Do nothing: the listener where nobody listens."""
