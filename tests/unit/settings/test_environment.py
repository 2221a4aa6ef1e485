"""What the environment alone configures, and what is said about variables that are wrong."""

import sys
from pathlib import Path

import pytest

from sentinel.domain.routes import Deadlines, Target
from sentinel.settings import Settings, with_default_ollama, with_simulated
from tests.unit.settings.conftest import Folder

KEY = {"OPENAI_API_KEY": "sk-test-openai"}


def chain(settings: Settings, route: str = "default") -> list[str]:
    return [str(target) for target in settings.routes[route].targets]


def test_nothing_configured_leads_to_the_simulated_pair(folder: Folder) -> None:
    settings = folder.load()
    assert settings.simulated
    assert chain(settings) == ["simulated-primary/sim-large", "simulated-fallback/sim-small"]
    assert settings.providers == {}


def test_the_simulated_providers_get_the_addresses_of_the_running_simulator(folder: Folder) -> None:
    settings = with_simulated(
        folder.load(), openai_base_url="http://127.0.0.1:5001/v1", ollama_base_url="http://127.0.0.1:5002"
    )
    assert {name: (p.kind, p.base_url) for name, p in settings.providers.items() if p.kind != "langchain"} == {
        "simulated-primary": ("openai", "http://127.0.0.1:5001/v1"),
        "simulated-fallback": ("ollama", "http://127.0.0.1:5002"),
    }


@pytest.mark.parametrize(
    ("env", "targets"),
    [
        ({"OPENAI_API_KEY": "k"}, ["openai/gpt-4o-mini"]),
        ({"GROQ_API_KEY": "k"}, ["groq/llama-3.3-70b-versatile"]),
        ({"OLLAMA_BASE_URL": "http://127.0.0.1:11434"}, ["ollama/llama3.2"]),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:8001/v1", "OPENAI_MODEL": "qwen"}, ["openai/qwen"]),
        (
            {"OLLAMA_BASE_URL": "http://h:1", "GROQ_API_KEY": "k", "OPENAI_API_KEY": "k", "OLLAMA_MODEL": "a:7b"},
            ["openai/gpt-4o-mini", "groq/llama-3.3-70b-versatile", "ollama/a:7b"],
        ),
    ],
)
def test_the_default_route_has_every_provider_with_a_key_or_address_in_fixed_order(
    folder: Folder, env: dict[str, str], targets: list[str]
) -> None:
    settings = folder.load(env=env)
    assert chain(settings) == targets
    assert not settings.simulated
    assert list(settings.providers) == [target.split("/")[0] for target in targets]


@pytest.mark.parametrize("unused", ["GROQ_BASE_URL", "GROQ_MODEL", "OPENAI_MODEL", "OLLAMA_MODEL"])
def test_a_model_or_a_groq_address_alone_configures_no_provider(folder: Folder, unused: str) -> None:
    assert folder.load(env={unused: "http://127.0.0.1:1"}).simulated


def test_an_ollama_that_answers_replaces_the_simulated_pair(folder: Folder) -> None:
    settings = folder.load(env={"OLLAMA_MODEL": "qwen3"})
    assert settings.wants_ollama_probe
    settings = with_default_ollama(settings, answers=True)
    assert chain(settings) == ["ollama/qwen3"]
    assert not settings.simulated
    assert settings.providers["ollama"].kind == "ollama"
    assert not settings.wants_ollama_probe


def test_an_ollama_that_answers_comes_after_the_providers_with_a_key(folder: Folder) -> None:
    settings = with_default_ollama(folder.load(env=KEY), answers=True)
    assert chain(settings) == ["openai/gpt-4o-mini", "ollama/llama3.2"]


def test_an_ollama_that_does_not_answer_changes_nothing(folder: Folder) -> None:
    settings = with_default_ollama(folder.load(env=KEY), answers=False)
    assert chain(settings) == ["openai/gpt-4o-mini"]
    assert not settings.wants_ollama_probe
    assert with_default_ollama(folder.load(), answers=False).simulated


def test_an_ollama_with_an_address_of_its_own_is_not_probed(folder: Folder) -> None:
    settings = folder.load(env={"OLLAMA_BASE_URL": "http://gpu:11434/"})
    assert not settings.wants_ollama_probe
    assert with_default_ollama(settings, answers=True) is settings
    ollama = settings.providers["ollama"]
    assert ollama.kind == "ollama"
    assert ollama.base_url == "http://gpu:11434"


def test_the_process_environment_wins_over_the_dotenv_file(folder: Folder) -> None:
    settings = folder.load(env={"PORT": "9001"}, dotenv="PORT=9000\nHOST=localhost\n")
    assert (settings.port, settings.host) == (9001, "localhost")


def test_an_empty_variable_is_unset_and_hides_the_one_in_the_dotenv_file(folder: Folder) -> None:
    settings = folder.load(env={"OPENAI_API_KEY": ""}, dotenv="OPENAI_API_KEY=sk-test-openai\n")
    assert settings.simulated


def test_dotenv_quotes_comments_and_export_are_understood(folder: Folder) -> None:
    settings = folder.load(dotenv="# mine\nexport OPENAI_MODEL='gpt 5'  # newest\nOPENAI_API_KEY=\"k\"\n\nFOO\n")
    assert chain(settings) == ["openai/gpt 5"]


def test_a_value_of_the_dotenv_file_is_taken_as_it_stands(folder: Folder) -> None:
    settings = folder.load(dotenv="OPENAI_API_KEY=a$b${HOME}c\n")
    openai = settings.providers["openai"]
    assert openai.kind == "openai"
    assert openai.api_key is not None
    assert openai.api_key.get_secret_value() == "a$b${HOME}c"


def test_a_bad_line_of_the_dotenv_file_is_named_without_its_text(folder: Folder) -> None:
    assert folder.problems(dotenv="PORT=1\n'sk-very-secret\n") == [".env:2: a line must be NAME=value"]


def test_a_dotenv_file_that_is_not_text_is_named(folder: Folder) -> None:
    (folder.path / ".env").write_bytes(b"\xff\xfe\x00A")
    assert folder.problems() == [".env: cannot be read: it is not UTF-8 text"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PORT", "http", "must be a port number from 1 to 65535, or 0 for any free port, not 'http'"),
        ("PORT", "70000", "must be a port number from 1 to 65535, or 0 for any free port, not '70000'"),
        ("APP_ENV", "prod", "must be 'development', 'staging' or 'production', not 'prod'"),
        ("LOG_LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error', not 'loud'"),
        ("SENTINEL_CHAOS", "maybe", "must be 'on' or 'off', not 'maybe'"),
        ("SENTINEL_AUTH", "none", "must be 'auto', 'keys' or 'off', not 'none'"),
        ("PII_ACTION", "hide", "must be 'redact', 'block', 'warn' or 'off', not 'hide'"),
        ("RETRY_MAX_ATTEMPTS", "0", "must be a whole number from 1 to 20, not '0'"),
        ("RETRY_MAX_ATTEMPTS", "2.5", "must be a whole number from 1 to 20, not '2.5'"),
        ("RETRY_BASE_DELAY", "-1", "must be a number of seconds from 0 to 3600, not '-1'"),
        ("CIRCUIT_BREAKER_FAILURE_THRESHOLD", "0", "must be a whole number from 1 to 1000000000, not '0'"),
        (
            "CIRCUIT_BREAKER_RECOVERY_TIMEOUT",
            "nan",
            "must be a number of seconds greater than 0 and at most 86400, not 'nan'",
        ),
        ("REQUEST_TIMEOUT_SECONDS", "0", "must be a number of seconds greater than 0 and at most 86400, not '0'"),
        ("RATE_LIMIT_MAX_REQUESTS", "-1", "must be a whole number from 0 to 1000000000, not '-1'"),
        ("MAX_INPUT_CHARS", "many", "must be a whole number from 1 to 1000000000, not 'many'"),
        ("OLLAMA_BASE_URL", "gpu:11434", "must be an address that begins with http:// or https://"),
        ("OPENAI_BASE_URL", "http://", "must be an address that begins with http:// or https://"),
        ("OPENAI_BASE_URL", "http://h:99999", "must be an address that begins with http:// or https://"),
        (
            "DATABASE_URL",
            "mysql://root:secret@h/d",
            "must be sqlite:///PATH or postgresql://USER@HOST/DATABASE",
        ),
        ("DATABASE_URL", "postgresql:/u:word@h/d", "must be sqlite:///PATH or postgresql://USER@HOST/DATABASE"),
        ("REDIS_URL", "h:6379", "must be redis://HOST:PORT/NUMBER (or rediss://, unix://)"),
        ("REDIS_URL", "redis://h:port/0", "must be redis://HOST:PORT/NUMBER (or rediss://, unix://)"),
        ("REDIS_URL", "redis://:a/word@h:1/0", "must be redis://HOST:PORT/NUMBER (or rediss://, unix://)"),
        ("REDIS_URL", "redis://:word[@h/0", "must be redis://HOST:PORT/NUMBER (or rediss://, unix://)"),
        ("REDIS_URL", "redis://h/first", "must be redis://HOST:PORT/NUMBER (or rediss://, unix://)"),
        ("SENTINEL_ALLOWED_HOSTS", "a.example:80", "must be host names without ports, separated by commas, or '*'"),
        ("SENTINEL_AUTH", "keys", "keys do not exist yet in this version; must be 'auto' or 'off'"),
    ],
)
def test_a_bad_variable_is_named_with_what_is_wrong_and_what_is_allowed(
    folder: Folder, name: str, value: str, problem: str
) -> None:
    (line,) = folder.problems(env={name: value})
    expected = f"environment: {name}: {problem}"
    assert line == expected if ", not " in problem or name.endswith("_URL") else line.startswith(expected)


def test_a_bad_variable_of_the_dotenv_file_is_named_with_its_line(folder: Folder) -> None:
    assert folder.problems(dotenv="\nHOST=localhost\nAPP_ENV=live\n") == [
        ".env:3: APP_ENV: must be 'development', 'staging' or 'production', not 'live'"
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_address_that_other_machines_reach_is_refused(folder: Folder, host: str) -> None:
    (problem,) = folder.problems(env={"HOST": host})
    assert problem.startswith(f"environment: HOST: {host!r} can be reached from other machines")
    assert "must be '127.0.0.1', '::1' or 'localhost', unless SENTINEL_AUTH=off" in problem


def test_an_address_that_other_machines_reach_is_taken_from_who_says_that_it_is_guarded(folder: Folder) -> None:
    settings = folder.load(env={"HOST": "0.0.0.0", "SENTINEL_AUTH": "off"})
    assert (settings.host, settings.is_open) == ("0.0.0.0", True)
    assert not folder.load(env={"SENTINEL_AUTH": "off"}).is_open


@pytest.mark.parametrize(
    ("given", "names"),
    [("*", {"*"}), (" Sentinel.example , api,", {"sentinel.example", "api"}), ("::1", {"::1"}), ("", set())],
)
def test_other_names_of_the_server_are_a_list(folder: Folder, given: str, names: set[str]) -> None:
    assert folder.load(env={"SENTINEL_ALLOWED_HOSTS": given}).allowed_hosts == names


@pytest.mark.parametrize(
    ("given", "host"),
    [("127.0.0.1", "127.0.0.1"), ("127.1.2.3", "127.1.2.3"), ("[::1]", "::1"), ("LocalHost", "LocalHost")],
)
def test_a_loopback_address_is_taken(folder: Folder, given: str, host: str) -> None:
    assert folder.load(env={"HOST": given}).host == host


def test_unknown_variables_are_ignored(folder: Folder) -> None:
    assert folder.load(env={"PATH": "/bin", "OPENAI_ORGANISATION": "x"}, dotenv="FOO=bar\n").simulated


def test_data_lives_in_the_data_folder_of_the_working_directory(folder: Folder) -> None:
    settings = folder.load()
    assert settings.data_dir == folder.path / "data"
    assert settings.database_url.get_secret_value() == f"sqlite+aiosqlite:///{folder.path}/data/sentinel.sqlite3"
    assert settings.checkpoint_path == folder.path / "data" / "checkpoints.sqlite3"


def test_the_data_folder_can_be_elsewhere(folder: Folder) -> None:
    settings = folder.load(env={"SENTINEL_DATA_DIR": "/srv/sentinel"})
    assert settings.checkpoint_path == Path("/srv/sentinel/checkpoints.sqlite3")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:5432/d?ssl=require", "postgresql+asyncpg://u:p@h:5432/d?ssl=require"),
        ("postgresql+psycopg://h/d", "postgresql+asyncpg://h/d"),
    ],
)
def test_the_database_address_names_the_asynchronous_driver(folder: Folder, given: str, used: str) -> None:
    settings = folder.load(env={"DATABASE_URL": given})
    assert settings.database_url.get_secret_value() == used


@pytest.mark.parametrize(
    ("env", "enabled"),
    [
        ({}, True),
        ({"APP_ENV": "staging"}, True),
        ({"APP_ENV": "production"}, False),
        ({"APP_ENV": "production", "SENTINEL_CHAOS": "ON"}, True),
        ({"SENTINEL_CHAOS": "off"}, False),
    ],
)
def test_chaos_is_off_in_production_unless_switched_on(folder: Folder, env: dict[str, str], *, enabled: bool) -> None:
    assert folder.load(env=env).chaos_enabled is enabled


def test_variables_win_over_the_file_in_breaker_and_retry(folder: Folder) -> None:
    settings = folder.load(
        "breaker: {failure_threshold: 7, failure_rate: 0.25}\nretry: {max_attempts: 9}\n",
        env={"CIRCUIT_BREAKER_FAILURE_THRESHOLD": "2", "CIRCUIT_BREAKER_RECOVERY_TIMEOUT": "600"},
    )
    config = settings.breaker.config("provider")
    assert (config.failure_threshold, config.failure_rate, config.recovery_seconds) == (2, 0.25, 600.0)
    assert settings.retry.max_attempts == 9
    assert folder.load(env={"RETRY_MAX_ATTEMPTS": "4"}).retry.max_attempts == 4


def test_a_first_delay_above_the_longest_is_refused(folder: Folder) -> None:
    assert folder.problems(env={"RETRY_BASE_DELAY": "9"}) == [
        "environment: RETRY_BASE_DELAY: the first delay (9 s) is above the longest (8 s)"
    ]


def test_the_request_timeout_is_the_default_of_every_route(folder: Folder) -> None:
    yaml = "routes: {default: {targets: [openai/a]}, slow: {targets: [openai/a], deadlines: {total_seconds: 300}}}"
    settings = folder.load(yaml, env=KEY | {"REQUEST_TIMEOUT_SECONDS": "45"})
    assert settings.routes["default"].deadlines == Deadlines(total_seconds=45)
    assert settings.routes["slow"].deadlines == Deadlines(total_seconds=300)


def test_the_request_timeout_holds_without_a_file_too(folder: Folder) -> None:
    for env in ({}, KEY):
        settings = folder.load(env=env | {"REQUEST_TIMEOUT_SECONDS": "45"})
        assert settings.routes["default"].deadlines == Deadlines(total_seconds=45)


def test_our_own_tool_servers_start_when_none_are_configured(folder: Folder) -> None:
    servers = folder.load().mcp_servers
    assert list(servers) == ["calculator", "calculator_backup", "knowledge", "clock", "http_fetch"]
    calculator = servers["calculator"]
    assert (calculator.command, calculator.args) == (sys.executable, ["-m", "mcp_servers.calculator"])
    assert calculator.trusted


def test_tool_servers_that_need_something_start_when_they_have_it(folder: Folder) -> None:
    """What they need goes to them alone, and not onto a command line."""
    given = {"FILES_ROOTS": "/srv/notes", "SEARXNG_URL": "http://127.0.0.1:8888", "TAVILY_API_KEY": "tvly-secret"}
    settings = folder.load(env=given)
    assert list(settings.mcp_servers)[-3:] == ["files", "searxng", "tavily"]
    for name, variable in (("files", "FILES_ROOTS"), ("searxng", "SEARXNG_URL"), ("tavily", "TAVILY_API_KEY")):
        server = settings.mcp_servers[name]
        assert {key: value.get_secret_value() for key, value in server.env.items()} == {variable: given[variable]}
        assert given[variable] not in server.args
    assert settings.mcp_servers["tavily"].args[-2:] == ["--engine", "tavily"]


def test_our_own_tools_that_are_equivalent_are_declared_so(folder: Folder) -> None:
    """A search of the web falls back to the documentation, but the documentation alone is none."""
    capabilities = folder.load().capabilities
    assert list(capabilities) == ["calculate"]
    assert [(member.tool, member.arguments) for member in capabilities["calculate"].members] == [
        ("calculator/evaluate", {}),
        ("calculator_backup/calc", {"expression": "expr"}),
    ]
    capabilities = folder.load(env={"TAVILY_API_KEY": "tvly-secret"}).capabilities
    assert [member.tool for member in capabilities["web_search"].members] == ["tavily/search", "knowledge/search"]
    assert capabilities["web_search"].fallback_on_error


def test_configured_capabilities_win_over_our_own(folder: Folder) -> None:
    """With servers of their own, ours are not there at all."""
    yaml = "tools: {capabilities: {calculate: {members: [{tool: calculator/evaluate}]}}}"
    assert len(folder.load(yaml).capabilities["calculate"].members) == 1
    assert folder.load("mcpServers: {}").capabilities == {}


def test_a_route_may_name_the_simulated_pair(folder: Folder) -> None:
    settings = folder.load(
        "routes: {default: {targets: [openai/gpt-5, simulated-fallback/sim-small], midstream: restart}}", env=KEY
    )
    settings = with_simulated(settings, openai_base_url="http://127.0.0.1:1/v1", ollama_base_url="http://127.0.0.1:2")
    assert list(settings.providers) == ["openai", "simulated-fallback"]
    assert settings.simulated


def test_a_route_may_name_ollama_at_its_default_address(folder: Folder) -> None:
    settings = folder.load("routes: {default: {targets: [ollama/llama3.2]}}")
    ollama = settings.providers["ollama"]
    assert ollama.kind == "ollama"
    assert ollama.base_url == "http://localhost:11434"
    assert settings.routes["default"].primary == Target("ollama", "llama3.2")
    assert not settings.wants_ollama_probe


def test_a_route_to_openai_without_a_key_says_which_variable_is_missing(folder: Folder) -> None:
    assert folder.problems("routes:\n  default: {targets: [openai/gpt-5]}\n") == [
        "sentinel.yaml:2: routes.default.targets[0]: unknown provider 'openai'; none is configured; "
        "set OPENAI_API_KEY, or declare it under providers"
    ]
