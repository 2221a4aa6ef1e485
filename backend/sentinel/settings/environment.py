"""The environment variables that Sentinel knows, and `.env`. The process environment wins over the file.

An empty variable is an unset one, as container tools write them. Unknown variables are nobody's business here.
"""

import io
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from dotenv.parser import parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from sentinel.settings.fields import (
    Allowed,
    Count,
    CountOrZero,
    Delay,
    Model,
    Port,
    Seconds,
    Secret,
    Text,
    Tries,
    Url,
)
from sentinel.settings.problems import Problems

ENVIRONMENT: Final = "environment"
_DATABASE: Final = re.compile(r"(?P<engine>sqlite|postgresql|postgres)(\+\w+)?://(?P<rest>\S+)")
_HOST: Final = re.compile(r"\*|[\w.-]+|[0-9a-f:]+")
_REDIS: Final = re.compile(r"(?P<scheme>redis|rediss|unix)://\S+")
_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _database(value: SecretStr) -> SecretStr:
    """Name the asynchronous driver; which one is our choice, not the operator's."""
    match = _DATABASE.fullmatch(value.get_secret_value())
    if match is None:
        raise ValueError
    return SecretStr(f"{_DRIVERS[match['engine']]}://{match['rest']}")


def _hosts(value: str) -> str:
    if not all(_HOST.fullmatch(name) for name in host_names(value)):
        raise ValueError
    return value


def host_names(text: str) -> frozenset[str]:
    """Give the names of a list that commas separate, as `Host` headers have them: in small letters, without ports."""
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _redis(value: SecretStr) -> SecretStr:
    found = _REDIS.fullmatch(value.get_secret_value())
    if found is None or (found["scheme"] != "unix" and not _is_redis_server(urlsplit(value.get_secret_value()))):
        raise ValueError
    return value


def _is_redis_server(parts: SplitResult) -> bool:
    """Tell whether the client library reads it as it is meant; a port that is no number is a ValueError."""
    return parts.port != 0 and re.fullmatch(r"(/\d*)?", parts.path) is not None


DatabaseUrl = Annotated[
    SecretStr, AfterValidator(_database), Allowed("sqlite:///PATH or postgresql://USER@HOST/DATABASE")
]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis), Allowed("redis://HOST:PORT/NUMBER (or rediss://, unix://)")]
Hosts = Annotated[Text, AfterValidator(_hosts), Allowed("host names without ports, separated by commas, or '*'")]
Pace = Annotated[
    float, Field(ge=0, le=1_000_000, allow_inf_nan=False), Allowed("a number of words per second from 0 to 1000000")
]
Word = BeforeValidator(_lower)


class Environment(Model):
    """Every variable; its name is that of the field, in capitals. `docs/configuration.md` has each; a test compares."""

    openai_api_key: Secret = None
    openai_base_url: Url | None = None
    openai_model: Text = "gpt-4o-mini"
    groq_api_key: Secret = None
    groq_base_url: Url = "https://api.groq.com/openai/v1"
    groq_model: Text = "llama-3.3-70b-versatile"
    ollama_base_url: Url | None = None
    ollama_model: Text = "llama3.2"

    host: Text = "127.0.0.1"
    port: Port = 8000
    worker_port: Port = 8001
    worker_concurrency: Count | None = None
    sentinel_embedded_worker: Annotated[Literal["on", "off"] | None, Word] = None
    app_env: Annotated[Literal["development", "staging", "production"], Word] = "development"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Word] = "info"
    sentinel_config: Text | None = None
    sentinel_data_dir: Text = "data"
    sentinel_allowed_hosts: Hosts | None = None
    sentinel_auth: Annotated[Literal["auto", "keys", "off"], Word] = "auto"
    sentinel_chaos: Annotated[Literal["on", "off"] | None, Word] = None
    database_url: DatabaseUrl | None = None
    redis_url: RedisUrl | None = None
    simulated_words_per_second: Pace = 40.0
    max_input_chars: Count = 100_000
    max_body_bytes: Count = 4_194_304
    idempotency_window_seconds: Seconds = 86_400.0

    files_roots: Text | None = None
    searxng_url: Url | None = None
    tavily_api_key: Secret = None

    circuit_breaker_failure_threshold: Count | None = None
    circuit_breaker_recovery_timeout: Seconds | None = None
    retry_max_attempts: Tries | None = None
    retry_base_delay: Delay | None = None
    retry_max_delay: Delay | None = None
    request_timeout_seconds: Seconds | None = None
    health_check_interval_seconds: Seconds | None = None
    rate_limit_max_requests: CountOrZero | None = None
    rate_limit_window_seconds: Seconds | None = None
    pii_action: Annotated[Literal["redact", "block", "warn", "off"] | None, Word] = None


@dataclass(frozen=True, slots=True)
class Variables:
    """All variables that are set, and where those of `.env` stand in it."""

    problems: Problems
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def report(self, name: str, text: str) -> None:
        """Note what is wrong with a variable."""
        line = self.lines.get(name, 0)
        self.problems.add(text, source=".env" if line else ENVIRONMENT, line=line, key=name)


def read_variables(environ: Mapping[str, str], cwd: Path, problems: Problems) -> Variables:
    """Read `.env` in `cwd`, if there is one, under the variables of the process."""
    from_file = _read_dotenv(cwd / ".env", problems)
    values = {name: value for name, (value, _) in from_file.items()} | dict(environ)
    lines = {name: line for name, (_, line) in from_file.items() if name not in environ}
    return Variables(problems, {name: value.strip() for name, value in values.items() if value.strip()}, lines)


def _read_dotenv(path: Path, problems: Problems) -> dict[str, tuple[str, int]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.add(f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}", source=".env")
        return {}
    found: dict[str, tuple[str, int]] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            problems.add("a line must be NAME=value", source=".env", line=binding.original.line)
        elif binding.key and binding.value is not None:
            found[binding.key] = (binding.value, binding.original.line)
    return found
