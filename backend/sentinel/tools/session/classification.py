"""From what was observed to what it means: the only place where foreign exceptions and results are judged."""

import asyncio
import json
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import anyio
from mcp import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
    UNSUPPORTED_PROTOCOL_VERSION,
    URL_ELICITATION_REQUIRED,
    AudioContent,
    CallToolResult,
    ContentBlock,
    ElicitRequest,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    TextContent,
    TextResourceContents,
)
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from sentinel.errors import Outcome, SentinelError
from sentinel.tools.call import CallAnswer
from sentinel.tools.catalogue.reading import cleaned
from sentinel.tools.filters.quoting import tells_of_a_loss
from sentinel.tools.outcome import VERDICTS, Cause, Executed, Verdict
from sentinel.tools.transport.own_faults import OwnFault, sane_delay

_BY_CODE: Final = MappingProxyType(
    {
        CONNECTION_CLOSED: Cause.TRANSPORT,
        REQUEST_TIMEOUT: Cause.TIMEOUT,
        PARSE_ERROR: Cause.MALFORMED,
        INVALID_PARAMS: Cause.INVALID_ARGUMENTS,
        METHOD_NOT_FOUND: Cause.PROTOCOL,
        HEADER_MISMATCH: Cause.PROTOCOL,
        MISSING_REQUIRED_CLIENT_CAPABILITY: Cause.PROTOCOL,
        UNSUPPORTED_PROTOCOL_VERSION: Cause.PROTOCOL,
        URL_ELICITATION_REQUIRED: Cause.NEEDS_INPUT,
    }
)
_REFUSED_UNREAD: Final = (HEADER_MISMATCH, MISSING_REQUIRED_CLIENT_CAPABILITY, UNSUPPORTED_PROTOCOL_VERSION)
"""By the modern specification these come before a request is looked at; in the old era they are anybody's numbers. A
server that lists tools, and then knows no calls, passes on what somebody else has told it in the middle of one.
"""
_SHOWN_CHARS: Final = 300
_CONNECTION_ERRORS: Final = (asyncio.CancelledError, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A cause (None: a result), what it means, and a note for operators."""

    cause: Cause | None
    verdict: Verdict
    detail: str | None = None
    retry_after_seconds: float | None = None
    structured: dict[str, Any] | None = None
    content: tuple[ContentBlock, ...] = ()
    asks_server: bool = False
    """The server itself may be at fault: it is asked for a sign of life."""


def judgement(
    cause: Cause,
    *,
    detail: str | None = None,
    text: str | None = None,
    executed: Executed | None = None,
    outcome: Outcome | None = None,
) -> Judgement:
    """Return what a cause means by the table, except for what is known better in this case."""
    row = VERDICTS[cause].in_doubt() if executed == "unknown" else VERDICTS[cause]
    verdict = replace(row, outcome=outcome or row.outcome, executed=executed or row.executed, text=text or row.text)
    return Judgement(cause, verdict, detail)


def judge_error(error: BaseException, *, is_lost: bool, is_modern: bool = False) -> Judgement:
    """Judge what a call raised; `is_lost` says that the session ended meanwhile, `is_modern` of which era it was."""
    if isinstance(error, PydanticSerializationError):
        return judgement(Cause.INVALID_ARGUMENTS, detail="the arguments cannot be written as JSON")
    if isinstance(error, MCPError):
        return _judge_rpc_error(error, is_lost=is_lost, is_modern=is_modern)
    if is_lost or isinstance(error, _CONNECTION_ERRORS):
        return judgement(Cause.TRANSPORT, detail=_shown(error))
    if isinstance(error, ValidationError):
        return judgement(Cause.MALFORMED, detail=f"{error.error_count()} fields of the result are invalid")
    return judgement(Cause.SERVER_ERROR, detail=_shown(error))


def fault_of(error: BaseException | None) -> Cause | None:
    """Tell which fault, seen by our own transport, an error is about."""
    fault = _our_fault(error) if isinstance(error, MCPError) else None
    return fault.cause if fault else None


def judge_answer(answer: CallAnswer, *, max_bytes: int) -> Judgement:
    """Judge a result that came in one piece."""
    if isinstance(answer, InputRequiredResult):
        return judgement(Cause.NEEDS_INPUT, text=_question(answer))
    text = result_text(answer)
    size = len(text.encode("utf-8", errors="surrogatepass")) + sum(_attached_bytes(block) for block in answer.content)
    if size > max_bytes:
        return judgement(Cause.OVERSIZE, detail=f"{size} bytes; the limit is {max_bytes}", executed="yes")
    if answer.is_error:
        return judgement(Cause.TOOL_ERROR, text=text or None)
    verdict = Verdict(Outcome.SUCCESS, "yes", text)
    return Judgement(None, verdict, structured=answer.structured_content, content=tuple(answer.content))


def _question(answer: InputRequiredResult) -> str | None:
    """Tell what the tool wants to know, so that a model can ask its own person."""
    asked = [each.params.message for each in (answer.input_requests or {}).values() if isinstance(each, ElicitRequest)]
    words = cleaned(" ".join(asked))[:_SHOWN_CHARS]
    return f"{VERDICTS[Cause.NEEDS_INPUT].text} It asks: {words}" if words else None


def innermost(error: BaseException) -> BaseException:
    """Give the first error inside groups of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def explained(raised: BaseException) -> str:
    """Say in a line, for operators, what was raised."""
    error = innermost(raised)
    text = error.message if isinstance(error, SentinelError) else f"{type(error).__name__}: {error}"
    return cleaned(text)[:_SHOWN_CHARS]


def _attached_bytes(block: ContentBlock) -> int:
    """Return the size of what a result has besides its text."""
    return 0 if isinstance(block, TextContent) else len(block.model_dump_json())


def result_text(result: CallToolResult) -> str:
    """Return what a model can read of a result: its texts, what else it has by name, or its structured content."""
    if result.content or result.structured_content is None:
        return "\n".join(_block_text(block) for block in result.content)
    return json.dumps(result.structured_content, ensure_ascii=False)


def _block_text(block: ContentBlock) -> str:
    if isinstance(block, TextContent):
        return block.text
    if isinstance(block, ImageContent | AudioContent):
        return f"[{block.type}, {block.mime_type}, {len(block.data) * 3 // 4} bytes]"
    if isinstance(block, EmbeddedResource):
        resource = block.resource
        return resource.text if isinstance(resource, TextResourceContents) else f"[resource {resource.uri}]"
    return f"[resource {block.uri}]"


def _judge_rpc_error(error: MCPError, *, is_lost: bool, is_modern: bool) -> Judgement:
    fault = _our_fault(error)
    if fault is not None:
        judged = judgement(fault.cause, detail=cleaned(fault.detail)[:_SHOWN_CHARS], executed=fault.executed)
        return replace(judged, retry_after_seconds=sane_delay(fault.retry_after_seconds))
    if _wants_a_person(error):
        return judgement(Cause.NEEDS_INPUT, detail=_shown(error), executed="no" if is_modern else None)
    cause = _cause_of(error, is_lost=is_lost)
    is_doubtful = cause is Cause.PROTOCOL and not (is_modern and error.code in _REFUSED_UNREAD)
    return judgement(cause, detail=_shown(error), executed="unknown" if is_doubtful else None)


def _wants_a_person(error: MCPError) -> bool:
    """Tell whether a server refuses a call because nobody here can be asked: the tool is not broken."""
    if error.code != MISSING_REQUIRED_CLIENT_CAPABILITY or not isinstance(error.data, dict):
        return False
    wanted = error.data.get("requiredCapabilities")
    return isinstance(wanted, dict) and "elicitation" in wanted


def _our_fault(error: MCPError) -> OwnFault | None:
    return error.data if isinstance(error.data, OwnFault) else None


def _cause_of(error: MCPError, *, is_lost: bool) -> Cause:
    # The code of a closed connection is one that servers also use for errors of their own: facts come first.
    if error.code == CONNECTION_CLOSED and not is_lost and not tells_of_a_loss(error):
        return Cause.SERVER_ERROR
    return _BY_CODE.get(error.code, Cause.SERVER_ERROR)


def _shown(error: BaseException) -> str:
    text = f"{error.code} {error}" if isinstance(error, MCPError) else f"{type(error).__name__}: {error}"
    return cleaned(text)[:_SHOWN_CHARS]
