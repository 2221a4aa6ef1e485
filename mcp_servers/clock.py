"""An MCP server that tells the time in any time zone and converts between zones.

Zones come from the system's time zone database, or from the `tzdata` package where there is none.
"""

import difflib
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from mcp_servers.serving import LOOKS_ONLY, argument_parser, serve, text_field

MAX_NAME: Final = 64
NOW_DESCRIPTION: Final = (
    "Return the current date and time in an IANA time zone such as Europe/Vienna or America/New_York (default UTC)."
)
CONVERT_DESCRIPTION: Final = (
    "Convert a date and time from one IANA time zone to another. `time` is ISO 8601, such as 2026-03-01T09:30; "
    "an offset written in it wins over `from_timezone`."
)
Zone = Annotated[str, text_field("An IANA time zone, such as Europe/Vienna.", most=MAX_NAME)]
Time = Annotated[str, text_field("A date and time, such as 2026-03-01T09:30.", most=MAX_NAME)]


class TimeError(ValueError):
    """A zone or a time that cannot be used; the message says what would work."""


def now_in(moment: datetime, timezone: str) -> str:
    """Return `moment` (aware) as people and programs in `timezone` write it.

    Raises:
        TimeError: the zone is not known.
    """
    return _written(moment.astimezone(_zone(timezone)), timezone)


def converted(time: str, *, from_timezone: str, to_timezone: str) -> str:
    """Return the instant `time`, read in one zone, as written in the other.

    Raises:
        TimeError: a zone is not known, the time cannot be read, or the result leaves the calendar.
    """
    source, target = _zone(from_timezone), _zone(to_timezone)
    moment = _parsed(time)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=source)
    try:
        return _written(moment.astimezone(target), to_timezone)
    except (OverflowError, ValueError) as exc:
        message = f"{time!r} is outside the calendar in {to_timezone}"
        raise TimeError(message) from exc


def _written(moment: datetime, timezone: str) -> str:
    return f"{moment.isoformat(timespec='seconds')} ({moment:%A}, {timezone})"


def _parsed(time: str) -> datetime:
    try:
        return datetime.fromisoformat(time.strip())
    except ValueError as exc:
        message = f"cannot read {time[:MAX_NAME]!r} as a time; write it like 2026-03-01T09:30"
        raise TimeError(message) from exc


def _zone(name: str) -> tzinfo:
    if name.upper() in {"UTC", "Z", "GMT"}:
        return UTC  # known without any database
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise TimeError(_unknown(name)) from exc


def _unknown(name: str) -> str:
    known = zoneinfo.available_timezones()
    if not known:
        return "this system has no time zone database, so only UTC is known; install the Python package tzdata"
    shown = repr(name[:MAX_NAME])
    by_lower_name = {zone.lower(): zone for zone in known} | {_city(zone): zone for zone in sorted(known)}
    wanted = name[:MAX_NAME].lower().replace(" ", "_")
    near = difflib.get_close_matches(wanted, by_lower_name, n=3, cutoff=0.7)
    hint = f"; did you mean {' or '.join(dict.fromkeys(by_lower_name[match] for match in near))}?" if near else ""
    return f"unknown time zone {shown}{hint or '; use an IANA name such as Europe/Vienna'}"


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].lower()


def build_server(*, read_clock: Callable[[], datetime]) -> MCPServer[None]:
    """Return the server, not yet running; `read_clock` gives the current time, aware."""
    server: MCPServer[None] = MCPServer("clock", version="1.0.0", log_level="WARNING")

    async def now(timezone: Zone = "UTC") -> str:
        try:
            return now_in(read_clock(), timezone)
        except TimeError as exc:
            raise ToolError(str(exc)) from exc

    async def convert(time: Time, to_timezone: Zone, from_timezone: Zone = "UTC") -> str:
        try:
            return converted(time, from_timezone=from_timezone, to_timezone=to_timezone)
        except TimeError as exc:
            raise ToolError(str(exc)) from exc

    server.add_tool(now, title="Current time", description=NOW_DESCRIPTION, annotations=LOOKS_ONLY)
    server.add_tool(convert, title="Convert a time", description=CONVERT_DESCRIPTION, annotations=LOOKS_ONLY)
    return server


def main() -> None:
    """Run the server as a program."""
    options = argument_parser(module="mcp_servers.clock", description="The time in any time zone.").parse_args()
    serve(build_server(read_clock=lambda: datetime.now(UTC)), http_port=options.http)


if __name__ == "__main__":
    main()
