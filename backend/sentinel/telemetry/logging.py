"""Logs: for people in development, JSON lines in production, and never a secret in either.

structlog renders, the standard library carries: records of libraries (uvicorn, httpx, our own modules that may not
import this one) take the same way out. Call `configure_logging` once, from the composition root.
"""

import logging
import sys
from contextlib import AbstractContextManager
from typing import Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from sentinel.redaction import SHAPES_ONLY, Redactor

Logger = structlog.stdlib.BoundLogger

_UVICORN: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")
_CHATTY: Final = (
    "httpx",
    "httpx2",
    "httpcore",
    "openai",
    "aiosqlite",
    "asyncio",
    "mcp",
    "sse_starlette",
    "procrastinate",
    "alembic",
    "uvicorn.error",
)
_TOLD_BY_US: Final = ("psycopg.pool",)
"""They warn at every attempt to reach an absent database, which our own lines tell once."""
_QUOTING: Final = ("mcp.client.streamable_http", "client")
"""They log every bad answer or report of a tool server, with a traceback that quotes it; our own lines tell of it.
The second is the SDK's name for its `mcp.client.session`.
"""
_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


def get_logger(name: str) -> Logger:
    """Give the logger of a module; what is logged is `log.info("words", key=value)`."""
    return structlog.stdlib.get_logger(name)


def log_context(**ids: str) -> AbstractContextManager[None]:
    """Put ids (`request_id`, `run_id`) into every line that is logged inside, tasks started inside included."""
    return structlog.contextvars.bound_contextvars(**ids)


def configure_logging(
    level: str, *, json: bool, stream: TextIO | None = None, redactor: Redactor = SHAPES_ONLY
) -> None:
    """Send all logs of the process to `stream` (standard error), from `level` (debug, info, warning, error) upwards.

    Libraries that narrate every request are held at warning unless the level is debug.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(_LineRedactor(redactor), json=json, colors=handler.stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    _join_libraries(is_debug=level == "debug")
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers made before this call must follow it
    )


class _LineRedactor:
    """Masks secrets on the way to a line."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def event(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Mask the values of secret-looking keys, and credentials inside any text."""
        return {key: self._redactor.item(key, value) for key, value in event.items()}

    def line(self, _logger: WrappedLogger, _method: str, line: str) -> str:
        """Mask what only shows in the finished line: texts inside tracebacks and objects."""
        return self._redactor.text(line)

    def shown(self, value: object) -> str:
        """Give an object that JSON does not know."""
        return self._redactor.text(str(value))


class _OneDebugLine(logging.Filter):
    """Makes every record of a logger a line of level debug, without its traceback."""

    def __init__(self, *, is_debug: bool) -> None:
        super().__init__()
        self._is_debug = is_debug

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
        record.exc_info = record.exc_text = None
        return self._is_debug


def _formatter(redactor: _LineRedactor, *, json: bool, colors: bool) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_renderers(redactor, json=json, colors=colors),
        ],
    )


def _renderers(redactor: _LineRedactor, *, json: bool, colors: bool) -> tuple[Processor, ...]:
    if json:
        render = structlog.processors.JSONRenderer(default=redactor.shown)
        return structlog.processors.format_exc_info, redactor.event, render
    # Plain tracebacks: the pretty ones print local variables.
    console = structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback, timestamp_key="at"
    )
    return redactor.event, console, cast("Processor", redactor.line)


def _join_libraries(*, is_debug: bool) -> None:
    for name in _UVICORN:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for names, level in ((_CHATTY, logging.WARNING), (_TOLD_BY_US, logging.ERROR)):
        for name in names:
            logging.getLogger(name).setLevel(logging.NOTSET if is_debug else level)
    for name in _QUOTING:
        logging.getLogger(name).filters = [_OneDebugLine(is_debug=is_debug)]
