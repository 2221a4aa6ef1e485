"""Which of the settings are secrets, by value: what must not come back out in the words of others."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from sentinel.redaction import looks_secret
from sentinel.settings.model import Settings
from sentinel.settings.provider_sections import LangChainSettings, OllamaSettings, OpenAISettings
from sentinel.settings.tool_sections import McpServerSettings

_SUGGESTS: Final = re.compile("pass|secret|token|key|pwd|auth|cred|private|cookie|session|signature", re.IGNORECASE)
_LONGEST_SCHEME_AND_VALUE: Final = 2
_SHORTEST_LINE: Final = 16


def configured_secrets(settings: Settings) -> frozenset[str]:
    """Give the values of keys, tokens and passwords, each also without what stands before it in a header."""
    return frozenset(_all(settings))


def _all(settings: Settings) -> Iterator[str]:
    for name, provider in settings.providers.items():
        if name not in settings.simulated_providers:  # their key is a word of ours
            yield from _of_provider(provider)
    for server in settings.mcp_servers.values():
        yield from _of_server(server)
    yield from _in_address(settings.database_url.get_secret_value())
    yield from _in_address(settings.redis_url.get_secret_value() if settings.redis_url else "")
    for webhook in settings.alerts.webhooks:
        yield webhook.url  # whoever knows it can post


def _of_provider(provider: OpenAISettings | OllamaSettings | LangChainSettings) -> Iterator[str]:
    if isinstance(provider, LangChainSettings):
        yield from _named(provider.params.get_secret_value())
        return
    yield from _in_address(provider.base_url)
    if isinstance(provider, OpenAISettings) and provider.api_key:
        yield provider.api_key.get_secret_value()


def _of_server(server: McpServerSettings) -> Iterator[str]:
    yield from _in_address(server.url or "")
    for name, value in (server.env | server.headers).items():
        yield from _of_variable(name, value.get_secret_value())


def _of_variable(name: str, value: str) -> Iterator[str]:
    yield from _in_address(value)
    if not _SUGGESTS.search(name) and _is_plain(value):
        return
    yield value
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE)
    words = value.split()
    if len(words) == _LONGEST_SCHEME_AND_VALUE:
        yield words[1]
        yield from _password(words[1]) if words[0].lower() == "basic" else ()


def _is_plain(value: str) -> bool:
    """Tell whether a value whose name says nothing is a path, an address, a number or a word: tools may speak of it."""
    if value.startswith(("/", ".", "~")) or "://" in value:
        return True
    return not (any(each.isdigit() for each in value) and any(each.isalpha() for each in value))


def _password(encoded: str) -> Iterator[str]:
    try:
        yield base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return


def _in_address(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)
    yield from (value for name, value in parse_qsl(parts.query) if looks_secret(name))


def _named(value: Any, name: str = "") -> Iterator[str]:
    """Give what stands under a secret-looking name, at any depth."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(item, str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _named(item, name)
    elif isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, str) and looks_secret(name):
        yield value
