"""Loading: environment and file in, checked settings out, or one error that tells everything that is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from sentinel.settings.checks import Checker, check_environment, check_retry_variables
from sentinel.settings.defaults import environment_offers
from sentinel.settings.document import Document, parse_document
from sentinel.settings.environment import Environment, Variables, host_names, read_variables
from sentinel.settings.fields import Model
from sentinel.settings.model import Limits, Settings
from sentinel.settings.operation_sections import QueueSettings
from sentinel.settings.own_tools import tool_capabilities, tool_servers
from sentinel.settings.problems import Problems
from sentinel.settings.routing import Routing, plan_routing
from sentinel.settings.schema import FileSettings
from sentinel.settings.translate import parse_environment, parse_file
from sentinel.settings.unused import idle_offers, unknown_variables, unused_sections

FILE_NAME: Final = "sentinel.yaml"
M = TypeVar("M", bound=Model)

_BREAKER_VARIABLES: Final = {
    "failure_threshold": "circuit_breaker_failure_threshold",
    "recovery_seconds": "circuit_breaker_recovery_timeout",
}
_RETRY_VARIABLES: Final = {
    "max_attempts": "retry_max_attempts",
    "base_delay_seconds": "retry_base_delay",
    "max_delay_seconds": "retry_max_delay",
}
_HEALTH_VARIABLES: Final = {"interval_seconds": "health_check_interval_seconds"}
_LIMIT_VARIABLES: Final = {"requests": "rate_limit_max_requests", "window_seconds": "rate_limit_window_seconds"}
_PII_VARIABLES: Final = {"action": "pii_action"}
_QUEUE_VARIABLES: Final = {"concurrency": "worker_concurrency"}


def load_settings(environ: Mapping[str, str], cwd: Path) -> Settings:
    """Read `.env` and `sentinel.yaml` in `cwd`; the given variables win over `.env`, and both over YAML.

    Raises:
        ConfigurationError: something is wrong; the message has one line for each problem.
    """
    problems = Problems()
    variables = read_variables(environ, cwd, problems)
    environment = parse_environment(variables)
    check_environment(environment, variables)
    path = _config_path(environment, variables, cwd)
    document = _read_document(path, cwd, variables)
    file = parse_file(FileSettings, document)
    routing = plan_routing(file, document, environment)
    Checker(document, file).check(routing)
    settings = _assemble(file=file, environment=environment, routing=routing, cwd=cwd)
    check_retry_variables(settings.retry, variables)
    problems.raise_if_any()
    notes = {
        "config_file": path,
        "unused_sections": unused_sections(document, variables),
        "idle_offers": idle_offers(document, environment_offers(environment), routing.routes),
        "unknown_variables": unknown_variables(variables),
    }
    return settings.model_copy(update=notes)


def _config_path(environment: Environment, variables: Variables, cwd: Path) -> Path | None:
    if environment.sentinel_config is None:
        path = cwd / FILE_NAME
        return path if path.exists() else None
    path = cwd / Path(environment.sentinel_config).expanduser()
    if not path.is_file():
        variables.report("SENTINEL_CONFIG", f"there is no file {str(path)!r}")
        return None
    return path


def _read_document(path: Path | None, cwd: Path, variables: Variables) -> Document:
    if path is None:
        return Document(FILE_NAME, variables.problems)
    source = str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        variables.problems.add(f"cannot be read: {error.strerror}", source=source)
        return Document(source, variables.problems)
    return parse_document(text, source=source, variables=variables.values, problems=variables.problems)


def _assemble(*, file: FileSettings, environment: Environment, routing: Routing, cwd: Path) -> Settings:
    env = environment
    data_dir = cwd / Path(env.sentinel_data_dir).expanduser()
    database_url = env.database_url or SecretStr(f"sqlite+aiosqlite:///{data_dir / 'sentinel.sqlite3'}")
    shield = file.shield
    return Settings(
        environment=env.app_env,
        host=env.host.strip("[]"),
        port=env.port,
        allowed_hosts=host_names(env.sentinel_allowed_hosts or ""),
        worker_port=env.worker_port,
        log_level=env.log_level,
        data_dir=data_dir,
        database_url=database_url,
        checkpoint_path=data_dir / "checkpoints.sqlite3",
        redis_url=env.redis_url,
        auth=env.sentinel_auth,
        chaos_enabled=_is_chaos_enabled(env),
        limits=_limits(env),
        config_file=None,
        providers=dict(routing.providers),
        routes=dict(routing.routes),
        models=file.models,
        simulated_providers=routing.simulated,
        simulated_words_per_second=env.simulated_words_per_second,
        wants_ollama_probe=routing.wants_ollama_probe,
        ollama_model=env.ollama_model,
        breaker=_overridden(file.breaker, env, _BREAKER_VARIABLES),
        retry=_overridden(file.retry, env, _RETRY_VARIABLES),
        bulkhead=file.bulkhead,
        health=_overridden(file.health, env, _HEALTH_VARIABLES),
        mcp_servers=tool_servers(file.mcp_servers, env),
        tool_defaults=file.tools.defaults,
        tool_overrides=file.tools.overrides,
        capabilities=tool_capabilities(file.tools.capabilities, file.mcp_servers, env),
        tool_budget=file.tools.budget,
        shield=shield.model_copy(
            update={
                "pii": _overridden(shield.pii, env, _PII_VARIABLES),
                "rate_limit": _overridden(shield.rate_limit, env, _LIMIT_VARIABLES),
            }
        ),
        alerts=file.alerts,
        database=file.database,
        retention=file.retention,
        sharing=file.sharing,
        queue=_queue(file.queue, env),
        runs=file.runs,
        unused_sections=(),
    )


def _limits(environment: Environment) -> Limits:
    return Limits(
        max_input_chars=environment.max_input_chars,
        max_body_bytes=environment.max_body_bytes,
        idempotency_window_seconds=environment.idempotency_window_seconds,
    )


def _is_chaos_enabled(environment: Environment) -> bool:
    if environment.sentinel_chaos is None:
        return environment.app_env != "production"
    return environment.sentinel_chaos == "on"


def _queue(section: QueueSettings, environment: Environment) -> QueueSettings:
    section = _overridden(section, environment, _QUEUE_VARIABLES)
    embedded = environment.sentinel_embedded_worker
    return section if embedded is None else section.model_copy(update={"embedded_worker": embedded == "on"})


def _overridden(section: M, environment: Environment, variables: Mapping[str, str]) -> M:
    """Give the section with the values of those variables that are set."""
    update: dict[str, Any] = {
        key: value for key, variable in variables.items() if (value := getattr(environment, variable)) is not None
    }
    return section.model_copy(update=update)
