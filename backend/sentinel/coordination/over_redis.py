"""Everything that is shared over Redis, opened as one. Imports the client library, which only who uses it shall pay."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from sentinel.clock import Clock
from sentinel.coordination.facts import FactTable
from sentinel.coordination.redis_facts import RedisFacts
from sentinel.coordination.redis_fan_out import RedisFanOut
from sentinel.coordination.redis_link import RedisLink
from sentinel.coordination.redis_tickets import RedisTickets
from sentinel.coordination.shared import LinkStatus, Shared
from sentinel.coordination.subscriptions import Subscriptions


async def open_redis(
    url: str,
    *,
    namespace: str,
    facts: FactTable,
    clock: Clock,
    on_state: Callable[[LinkStatus], None],
    stack: AsyncExitStack,
) -> Shared:
    """Begin to share `facts` and more under `namespace`, until `stack` ends; a Redis that is away stops nobody.

    `on_state` hears of every change between there and away, the first state included.
    """
    link = RedisLink(url, clock=clock)
    link.add(on_state)
    subscriptions = Subscriptions(url, clock=clock)
    fan_out = RedisFanOut(link, subscriptions, namespace=namespace, author=facts.author)
    tickets = RedisTickets(link, namespace=namespace, author=facts.author)
    carrier = RedisFacts(link, subscriptions, facts, namespace=namespace, clock=clock)
    carrier.tell_refusals(on_state)
    await stack.enter_async_context(link)
    await stack.enter_async_context(subscriptions)
    await stack.enter_async_context(fan_out)
    await stack.enter_async_context(carrier)
    stack.push_async_callback(tickets.aclose)

    def status() -> LinkStatus:
        state = carrier.status
        return LinkStatus(is_up=state.is_up, reason=state.reason, latency_ms=link.latency_ms, dropped=fan_out.dropped)

    return Shared(fan_out=fan_out, facts=facts, tickets=tickets, status=status)
