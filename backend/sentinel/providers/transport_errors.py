"""What libraries raise when there is no answer to read, as data, by the names of the exceptions' classes.

By name, because httpx, httpx2, httpcore, requests and anyio share names without sharing classes, and a chat model of
the operator's choice may bring any of them. A test goes through all exceptions that the installed libraries export.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final


def _names(**causes: str) -> Mapping[str, str]:
    return MappingProxyType({name: cause for cause, names in causes.items() for name in names.split()})


TRANSPORT_CAUSES: Final = _names(
    # Nothing was sent: refused, no usable address.
    connection_refused="""
        ConnectError ProxyError UnsupportedProtocol InvalidURL
        ClientConnectorError ClientProxyConnectionError ClientHttpProxyError
        InvalidUrlClientError NonHttpUrlClientError
        ConnectionError ConnectionRefusedError
    """,
    # Nor here: no such name, TLS failed.
    dns_failure="gaierror ClientConnectorDNSError",
    tls_failure="""
        SSLError ClientSSLError ClientConnectorSSLError ClientConnectorCertificateError ServerFingerprintMismatch
    """,
    connect_timeout="ConnectTimeout ConnectionTimeoutError",
    pool_timeout="PoolTimeout",
    read_timeout="ReadTimeout WriteTimeout TimeoutException ServerTimeoutError SocketTimeoutError TimeoutError",
    connection_lost="""
        ReadError WriteError CloseError NetworkError TransportError ProtocolError RemoteProtocolError
        ServerDisconnectedError ServerConnectionError ClientConnectionError ClientConnectionResetError ClientOSError
        ClientPayloadError UploadAbortedError
        ConnectionResetError ConnectionAbortedError BrokenPipeError IncompleteReadError
        EndOfStream BrokenResourceError ClosedResourceError ChunkedEncodingError
    """,
    malformed_frame="DecodingError SSEError JSONDecodeError UnicodeDecodeError",
    not_json="ContentTypeError",
    unreadable="""
        TooManyRedirects RedirectClientError InvalidUrlRedirectClientError NonHttpUrlRedirectClientError
        ClientResponseError LocalProtocolError StreamError StreamConsumed StreamClosed ResponseNotRead RequestNotRead
        APIResponseValidationError
    """,
    # What chat models raise of an answer that they could not make sense of.
    content_filter="ContentFilterFinishReasonError OpenAIRefusalError",
    bad_generation="LengthFinishReasonError",
    bad_tool_json="OutputParserException",
)
"""What is certain, whatever wraps it."""

WRAPPER_CAUSES: Final = _names(
    read_timeout="APITimeoutError ModelTimeoutError",
    connection_lost="APIConnectionError ModelConnectionError RequestError HTTPError ClientError",
    # LangChain's own words, for chat models whose SDK gives no status.
    auth="ModelAuthenticationError ModelPermissionDeniedError",
    rate_limit="ModelRateLimitError",
    unknown_model="ModelNotFoundError",
    context_length="ContextOverflowError",
    bad_request="ModelInvalidRequestError",
    server_error="ModelAPIError",
)
"""What is said of an exception that wraps another one, if the other one says nothing."""


_CERTIFICATE_ERRORS: Final = frozenset(
    {"SSLCertVerificationError", "ClientConnectorCertificateError", "ServerFingerprintMismatch"}
)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and what it was raised from, outermost first."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def certain_cause(link: BaseException) -> str | None:
    """Give the cause of an exception that says what happened by itself."""
    return _named(link, TRANSPORT_CAUSES)


def transport_cause(chain: Iterable[BaseException]) -> tuple[str, BaseException] | None:
    """Find the link of a chain that says what happened; give its cause and itself."""
    links = list(chain)
    for table in (TRANSPORT_CAUSES, WRAPPER_CAUSES):
        for link in links:
            cause = _named(link, table)
            if cause is not None:
                return (_why_refused(links) if cause == "connection_refused" else None) or (cause, link)
    return None


def distrusts_certificate(chain: Iterable[BaseException]) -> bool:
    """Tell whether a certificate was not trusted: it would not be a moment later."""
    return any(kind.__name__ in _CERTIFICATE_ERRORS for link in chain for kind in type(link).__mro__)


def _why_refused(links: Iterable[BaseException]) -> tuple[str, BaseException] | None:
    """Find the name or the TLS that a connection failed for; some libraries have one word for all of these."""
    named = ((_named(link, TRANSPORT_CAUSES), link) for link in links)
    return next(((cause, link) for cause, link in named if cause in {"dns_failure", "tls_failure"}), None)


def _named(link: BaseException, table: Mapping[str, str]) -> str | None:
    return next((table[kind.__name__] for kind in type(link).__mro__ if kind.__name__ in table), None)
