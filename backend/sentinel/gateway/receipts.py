"""What a caller is told about how its answer came to be: headers before it, comments within it."""

import re
from collections.abc import Sequence
from typing import Any

from sentinel.domain.attempts import Attempt, total_cost
from sentinel.domain.money import usd, usd_text
from sentinel.domain.routes import Target
from sentinel.resilience.ledger import Ledger

Header = tuple[bytes, bytes]

_UNFIT_FOR_HEADERS = re.compile(r"[^\x20-\x7e]")
_BRIEF = ("attempt", "provider", "model", "class", "cause", "skipped", "status_code", "duration_ms")


def receipt_headers(
    attempts: Sequence[Attempt], *, serving: Target | None, under_way: int, request_id: str, trace_id: str
) -> list[Header]:
    """Give the headers. `serving` answers; `under_way` attempts were sent and are not among `attempts` yet."""
    ledger = Ledger.of(attempts)
    chain = dict.fromkeys([*ledger.chain, str(serving)] if serving else ledger.chain)
    headers = {
        "X-Sentinel-Attempts": str(len(ledger.called) + under_way),
        "X-Sentinel-Failover": "true" if len(chain) > 1 else "false",
        "X-Sentinel-Cache": "bypass",
        "X-Sentinel-Trace-Id": trace_id,
        "X-Sentinel-Request-Id": request_id,
    }
    if serving is not None:
        headers |= {"X-Sentinel-Provider": serving.provider, "X-Sentinel-Model": serving.model}
    return [(name.lower().encode(), _fit(value)) for name, value in headers.items()]


def cost_headers(attempts: Sequence[Attempt]) -> list[Header]:
    """Give the header of what all attempts together cost, if that is known; they must be over."""
    cost = total_cost(attempts)
    return [] if cost is None else [(b"x-sentinel-cost-usd", usd_text(cost).encode())]


def cost_note(attempts: Sequence[Attempt]) -> dict[str, Any] | None:
    """Give what a comment says about the cost of a stream, whose headers were sent before anybody knew it."""
    ledger = Ledger.of(attempts)
    if ledger.cost_nanos is None:
        return None
    return {"event": "cost", "cost_usd": usd(ledger.cost_nanos), "estimated": ledger.usage.estimated}


def _fit(value: str) -> bytes:
    """A caller may name any model, line breaks included; they must not become headers of their own."""
    is_fit = value.isascii() and value.isprintable()
    return (value if is_fit else _UNFIT_FOR_HEADERS.sub("?", value)).encode("ascii")


def attempt_brief(attempt: Attempt) -> dict[str, Any]:
    """Give an attempt as it stands in an error's body."""
    row = attempt.to_dict()
    return {key: row[key] for key in _BRIEF}


def failover_note(broken: Attempt, following: str, *, offset: int) -> dict[str, Any]:
    """Give what a comment says about a stream that goes on with another target, `offset` characters in."""
    return {
        "event": "failover",
        "from": str(broken.target),
        "to": following,
        "cause": broken.cause,
        "class": broken.outcome.value,
        "offset": offset,
    }


def hedge_note(hedge: Attempt, *, serving: Target) -> dict[str, Any]:
    """Give what a comment says at the end of a stream for which a second target was asked, too."""
    return {
        "event": "hedge",
        "hedge": str(hedge.target),
        "served": str(serving),
        "cause": hedge.cause,
        "class": hedge.outcome.value,
    }
