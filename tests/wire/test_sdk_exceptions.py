"""Every exception that the installed SDKs and HTTP libraries export has a cause on purpose, or a reason to have none.

The lists are made by looking into the packages: a new release with a new exception fails here, by its name.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import aiohttp
import httpx
import httpx2
import ollama
import openai
import pytest
from aiohttp.client_reqrep import ConnectionKey
from langchain_core import exceptions as langchain_core
from langchain_openai.chat_models import base as langchain_openai
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sentinel.errors import Outcome, ProviderEmptyError, ProviderError
from sentinel.providers.classification import from_exception
from sentinel.providers.custom import read_any_error
from sentinel.providers.ollama import read_ollama_error
from sentinel.providers.openai import read_openai_error

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")

# What each is, in our words. Written anew here, so that the table of the product is not compared with itself.
HTTPX = {
    "ConnectTimeout": "connect_timeout", "ReadTimeout": "read_timeout", "WriteTimeout": "read_timeout",
    "PoolTimeout": "pool_timeout", "TimeoutException": "read_timeout",
    "ConnectError": "connection_refused", "ProxyError": "connection_refused",
    "UnsupportedProtocol": "connection_refused", "InvalidURL": "connection_refused",
    "ReadError": "connection_lost", "WriteError": "connection_lost", "CloseError": "connection_lost",
    "NetworkError": "connection_lost", "TransportError": "connection_lost", "ProtocolError": "connection_lost",
    "RemoteProtocolError": "connection_lost", "RequestError": "connection_lost", "HTTPError": "connection_lost",
    "LocalProtocolError": "unreadable", "DecodingError": "malformed_frame", "TooManyRedirects": "unreadable",
    "StreamError": "unreadable", "StreamConsumed": "unreadable", "StreamClosed": "unreadable",
    "ResponseNotRead": "unreadable", "RequestNotRead": "unreadable",
    "HTTPStatusError": "overloaded",
}  # fmt: skip
AIOHTTP = {
    "ClientConnectorError": "connection_refused", "ClientConnectorDNSError": "dns_failure",
    "ClientConnectorSSLError": "tls_failure", "ClientConnectorCertificateError": "tls_failure",
    "ClientSSLError": "tls_failure", "ClientProxyConnectionError": "connection_refused",
    "ClientHttpProxyError": "connection_refused", "ServerFingerprintMismatch": "tls_failure",
    "InvalidURL": "connection_refused", "InvalidUrlClientError": "connection_refused",
    "NonHttpUrlClientError": "connection_refused",
    "ConnectionTimeoutError": "connect_timeout", "SocketTimeoutError": "read_timeout",
    "ServerTimeoutError": "read_timeout",
    "ClientError": "connection_lost", "ClientConnectionError": "connection_lost", "ClientOSError": "connection_lost",
    "ClientConnectionResetError": "connection_lost", "ClientPayloadError": "connection_lost",
    "ServerConnectionError": "connection_lost", "ServerDisconnectedError": "connection_lost",
    "UploadAbortedError": "connection_lost",
    "ClientResponseError": "unreadable", "TooManyRedirects": "unreadable", "RedirectClientError": "unreadable",
    "InvalidUrlRedirectClientError": "unreadable", "NonHttpUrlRedirectClientError": "unreadable",
    "ContentTypeError": "not_json",
}  # fmt: skip
OPENAI = {
    "APIError": "server_error", "APIStatusError": "overloaded", "APIConnectionError": "connection_lost",
    "APITimeoutError": "read_timeout", "APIResponseValidationError": "unreadable",
    "BadRequestError": "bad_request", "AuthenticationError": "auth", "OAuthError": "auth",
    "PermissionDeniedError": "auth", "NotFoundError": "unknown_model", "ConflictError": "conflict",
    "UnprocessableEntityError": "bad_request", "RateLimitError": "rate_limit", "InternalServerError": "overloaded",
    "LengthFinishReasonError": "bad_generation", "ContentFilterFinishReasonError": "content_filter",
}  # fmt: skip
LANGCHAIN_OPENAI = {
    "OpenAIContextOverflowError": "context_length", "OpenAIAPIContextOverflowError": "context_length",
    "OpenAIAuthenticationError": "auth", "OpenAIPermissionDeniedError": "auth",
    "OpenAIInvalidRequestError": "bad_request", "OpenAIModelNotFoundError": "unknown_model",
    "OpenAIRateLimitError": "rate_limit", "OpenAIAPIError": "overloaded",
    "OpenAIConnectionError": "connection_lost", "OpenAITimeoutError": "read_timeout",
    "OpenAIRefusalError": "content_filter",
}  # fmt: skip
LANGCHAIN_CORE = {
    "OutputParserException": "bad_tool_json", "ModelAuthenticationError": "auth", "ModelPermissionDeniedError": "auth",
    "ModelInvalidRequestError": "bad_request", "ModelNotFoundError": "unknown_model",
    "ModelRateLimitError": "rate_limit", "ModelAPIError": "server_error", "ModelConnectionError": "connection_lost",
    "ModelTimeoutError": "read_timeout", "ContextOverflowError": "context_length",
    "ModelError": "unreadable", "LangChainException": "unreadable",
}  # fmt: skip
EXPECTED: Mapping[ModuleType, Mapping[str, str]] = {
    httpx: HTTPX,
    httpx2: {name: cause for name, cause in HTTPX.items() if name != "HTTPStatusError"}
    | {"SSEError": "malformed_frame"},
    aiohttp: AIOHTTP,
    openai: OPENAI,
    ollama: {"ResponseError": "overloaded"},
    langchain_openai: LANGCHAIN_OPENAI,
    langchain_core: LANGCHAIN_CORE,
}
UNREACHABLE: Mapping[ModuleType, Mapping[str, str]] = {
    httpx: {"CookieConflict": "no cookie is ever read"},
    httpx2: {"CookieConflict": "no cookie is ever read", "HTTPStatusError": "the SDK makes its own errors of it"},
    aiohttp: {
        "WSServerHandshakeError": "no web sockets",
        "WSMessageTypeError": "no web sockets",
        "WebSocketError": "no web sockets",
        "EofStream": "internal to streams",
        "BadContentDispositionHeader": "a warning about uploads",
        "BadContentDispositionParam": "a warning about uploads",
    },
    openai: {
        "OpenAIError": "only its children are raised",
        "InvalidWebhookSignatureError": "no webhooks",
        "WebSocketConnectionClosedError": "no web sockets",
        "WebSocketQueueFullError": "no web sockets",
    },
    ollama: {"RequestError": "the request is checked before it is made"},
    langchain_openai: {},
    langchain_core: {"TracerException": "nothing is traced"},
}


def exported(module: ModuleType) -> dict[str, type[BaseException]]:
    """Give the exceptions that a package has for its users; of LangChain's adapter, those that are its own."""
    is_adapter = module is langchain_openai
    names = [name for name in dir(module) if not name.startswith("_") and (name.startswith("OpenAI") or not is_adapter)]
    found = {name: getattr(module, name) for name in names}
    return {name: kind for name, kind in found.items() if inspect.isclass(kind) and issubclass(kind, BaseException)}


@pytest.mark.parametrize("module", list(EXPECTED), ids=lambda module: module.__name__)
def test_every_exported_exception_is_in_the_lists(module: ModuleType) -> None:
    assert sorted(exported(module)) == sorted([*EXPECTED[module], *UNREACHABLE[module]])


def cases() -> Iterator[Any]:
    for module, causes in EXPECTED.items():
        for name, cause in causes.items():
            yield pytest.param(module, name, cause, id=f"{module.__name__}-{name}")


@pytest.mark.parametrize(("module", "name", "cause"), list(cases()))
def test_every_exception_has_the_cause_that_is_meant(module: ModuleType, name: str, cause: str) -> None:
    error = MAKERS[module](exported(module)[name])
    read = READERS[module](error)
    assert read.cause == cause, read.message
    assert type(read).__module__ == "sentinel.errors"


@pytest.mark.parametrize(("module", "name", "cause"), list(cases()))
def test_a_chat_model_of_the_operators_choice_may_bring_any_of_them(module: ModuleType, name: str, cause: str) -> None:
    assert read_any_error(MAKERS[module](exported(module)[name]), now=NOW).cause == cause


@pytest.mark.parametrize(
    ("inner", "cause"),
    [
        (httpx2.ConnectError("no"), "connection_refused"),
        (httpx2.PoolTimeout("no"), "pool_timeout"),
        (ConnectionResetError(104, "reset"), "connection_lost"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "malformed_frame"),
    ],
)
def test_an_exception_that_wraps_another_is_what_the_other_one_is(inner: Exception, cause: str) -> None:
    for wrapper in (openai.APIConnectionError(request=REQUEST), openai.APITimeoutError(REQUEST)):
        wrapper.__cause__ = inner
        assert read_openai_error(wrapper, now=NOW).cause == cause


def test_an_exception_of_ours_is_not_classified_again() -> None:
    outer = ValueError("while reading")
    outer.__context__ = ProviderEmptyError("nothing", cause="empty_answer")
    assert from_exception(outer) is outer.__context__


def test_an_exception_that_nobody_knows_is_an_answer_that_cannot_be_read() -> None:
    error = from_exception(KeyError("choices"))
    assert (error.cause, error.outcome) == ("unreadable", Outcome.FAILURE)
    assert "KeyError" in error.message


def test_a_chain_that_bites_its_own_tail_is_followed_once() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert from_exception(first).cause == "unreadable"


def make_http(kind: Any, library: Any) -> Exception:
    if kind is library.HTTPStatusError:
        request = library.Request("POST", "http://127.0.0.1/")
        made: Exception = kind("529", request=request, response=library.Response(529, request=request, text="{}"))
        return made
    return _called(kind, {"message": "it broke"})


def make_aiohttp(kind: Any) -> Exception:
    url = URL("http://127.0.0.1/")
    given = {
        "connection_key": ConnectionKey("127.0.0.1", 1, False, True, None, None, None),
        "os_error": OSError(111, "Connection refused"),
        "certificate_error": OSError(1, "certificate"),
        "request_info": aiohttp.RequestInfo(url, "POST", CIMultiDictProxy(CIMultiDict()), url),
        "history": (),
        "url": "http://127.0.0.1/",
        "expected": b"a",
        "got": b"b",
        "host": "127.0.0.1",
        "port": 1,
    }
    return _called(kind, given)


def make_openai(kind: Any) -> Exception:
    status = getattr(kind, "status_code", None)
    text = "Your input exceeds the context window of this model" if "Overflow" in kind.__name__ else "it broke"
    given = {
        "message": text,
        "request": REQUEST,
        "response": httpx2.Response(status if isinstance(status, int) else 529, request=REQUEST),
        "body": {},
        "completion": SimpleNamespace(usage=None),
    }
    return _called(kind, given)


def _called(kind: Any, given: Mapping[str, Any]) -> Exception:
    """Make an exception of what its constructor asks for by these names; one that asks for nothing gets a text."""
    try:
        wanted = list(inspect.signature(kind).parameters)
    except ValueError:  # it has the constructor of `Exception`
        wanted = ["args"]
    known = {name: given[name] for name in wanted if name in given}
    made: Exception = kind("it broke") if "args" in wanted else kind(**known)
    return made


READERS: Mapping[ModuleType, Callable[[Exception], ProviderError]] = {
    httpx: partial(read_ollama_error, now=NOW),
    httpx2: partial(read_openai_error, now=NOW),
    aiohttp: from_exception,
    openai: partial(read_openai_error, now=NOW),
    ollama: partial(read_ollama_error, now=NOW),
    langchain_openai: partial(read_openai_error, now=NOW),
    langchain_core: partial(read_openai_error, now=NOW),
}
MAKERS: Mapping[ModuleType, Callable[[Any], Exception]] = {
    httpx: partial(make_http, library=httpx),
    httpx2: partial(make_http, library=httpx2),
    aiohttp: make_aiohttp,
    openai: make_openai,
    ollama: lambda kind: kind('{"error": "no"}', 529),
    langchain_openai: make_openai,
    langchain_core: lambda kind: kind("it broke"),
}
