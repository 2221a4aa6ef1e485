"""Where a request may go: targets, the route that orders them, and the time it is given."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One model at one provider; written `provider/model`."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `provider/model`; the model may itself contain slashes.

        Raises:
            ValueError: there is no slash, or one side is empty.
        """
        provider, slash, model = text.partition("/")
        if not (slash and provider and model):
            raise ValueError(f"a target is written provider/model, not {text!r}")  # noqa: EM102
        return cls(provider, model)

    @property
    def breaker_keys(self) -> tuple[str, str]:
        """The circuits that a call to this target passes: its provider's and its own."""
        return f"provider:{self.provider}", f"model:{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What is declared of one target; nothing is guessed from a vendor's name.

    `prefill`: it goes on with a partial answer that ends the conversation. `context_tokens`: how long a conversation
    may be; `larger_context`: who takes those that are too long for it.
    """

    prefill: bool = False
    context_tokens: int | None = None
    larger_context: Target | None = None


class RoutePolicy(StrEnum):
    """How the targets of a route are put in order."""

    ORDERED = "ordered"
    FASTEST = "fastest"


class Midstream(StrEnum):
    """What happens when a stream breaks after text was sent."""

    CONTINUE = "continue"
    RESTART = "restart"
    ERROR = "error"


class Seam(StrEnum):
    """Which splices of two targets' texts a route accepts."""

    VERIFIED = "verified"
    ANY = "any"


class Tier(StrEnum):
    """The place of a target in its route: the first is primary, all others are fallback."""

    PRIMARY = "primary"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Time limits of one request, in seconds."""

    connect_seconds: float = 5.0
    first_token_seconds: float = 20.0
    stall_seconds: float = 30.0
    total_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePolicy:
    """Whether a second target is asked while the first is slow to begin.

    `min_seconds`: never earlier, whatever the first one's usual pace; `share` of the requests that may have a hedge.
    """

    enabled: bool = False
    min_seconds: float = 1.0
    share: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A named list of targets, in order of preference."""

    name: str
    targets: tuple[Target, ...]
    policy: RoutePolicy = RoutePolicy.ORDERED
    midstream: Midstream = Midstream.CONTINUE
    seam: Seam = Seam.VERIFIED
    hedge: HedgePolicy = field(default_factory=HedgePolicy)
    deadlines: Deadlines = field(default_factory=Deadlines)

    @property
    def primary(self) -> Target:
        """The target that is preferred when nothing is wrong."""
        return self.targets[0]

    def tier(self, target: Target) -> Tier:
        """Tell whether `target` is the primary one of this route."""
        return Tier.PRIMARY if target == self.primary else Tier.FALLBACK
