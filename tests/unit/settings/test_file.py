"""What a good `sentinel.yaml` becomes."""

import sys

import pytest

from sentinel.domain.routes import Deadlines, HedgePolicy, Midstream, RoutePolicy, Seam, Target
from sentinel.main.resilience import build_resilience
from sentinel.settings import LangChainSettings, OpenAISettings
from sentinel.testing.clock import FakeClock
from tests.unit.settings.conftest import Folder

WHOLE = """
providers:
  openai: {kind: openai, base_url: https://api.openai.com/v1/, api_key: "${OPENAI_API_KEY}"}
  local:  {kind: ollama, base_url: "http://${GPU_HOST:-127.0.0.1}:11434"}
  other:  {kind: langchain, class: package.module:ChatModel, params: {temperature: 0.2, nested: {a: [1, true, null]}}}
routes:
  default:
    targets: [openai/gpt-4o-mini, local/llama3.2, other/org/model]
    policy: fastest
    midstream: error
    seam: any
    hedge: {enabled: true, min_seconds: 0.5}
    deadlines: {connect_seconds: 1, first_token_seconds: 2, stall_seconds: 3, total_seconds: 4}
models:
  openai/gpt-4o-mini: {context_tokens: 128000, larger_context: openai/gpt-4.1, price: {input: 0.15, output: 0.6}}
  openai/gpt-4.1: {context_tokens: 1_000_000}
breaker:
  {failure_threshold: 4, failure_rate: 0.5, window_seconds: 60, profiles: {tool: {window_seconds: 10}}}
retry: {max_attempts: 3, same_target: 1, base_delay_seconds: 0.5, max_delay_seconds: 8, budget_ratio: 0.1}
health: {interval_seconds: 60, deep_probe: off, max_tokens: 1, skip_if_success_within_seconds: 30}
mcpServers:
  calculator: {command: python, args: ["-m", "mcp_servers.calculator"], trusted: true}
  node: {command: npx, args: ["-y", "server"], env: {TOKEN: "${SEARCH_TOKEN}"}, cwd: /srv}
  search: {url: http://127.0.0.1:9001/mcp, headers: {Authorization: "Bearer ${SEARCH_TOKEN}"}}
tools:
  defaults: {timeout_seconds: 30, max_concurrency: 8, max_result_bytes: 1000000}
  overrides: {calculator/evaluate: {effect: read_only, timeout_seconds: 5}}
  capabilities:
    calculate: {members: [{tool: calculator/evaluate}, {tool: search/calc, arguments: {expression: expr}}]}
shield:
  pii: {action: off, include_local: false, entities: [EMAIL]}
  rate_limit: {requests: 100, window_seconds: 60}
  cache: {ttl_seconds: 3600}
alerts:
  webhooks: [{url: https://hooks.example.org/x, format: slack}]
  cloudwatch: {namespace: Sentinel, region: eu-west-1}
"""
ENV = {"OPENAI_API_KEY": "sk-test-openai", "SEARCH_TOKEN": "tok-search"}


def test_every_section_of_the_contract_is_read(folder: Folder) -> None:
    settings = folder.load(WHOLE, env=ENV)
    openai, other = settings.providers["openai"], settings.providers["other"]
    assert isinstance(openai, OpenAISettings)
    assert openai.base_url == "https://api.openai.com/v1"
    assert openai.api_key is not None
    assert openai.api_key.get_secret_value() == "sk-test-openai"
    assert isinstance(other, LangChainSettings)
    assert other.class_path == "package.module:ChatModel"
    assert other.params.get_secret_value() == {"temperature": 0.2, "nested": {"a": [1, True, None]}}
    assert settings.models[Target("openai", "gpt-4o-mini")].larger_context == Target("openai", "gpt-4.1")
    assert settings.models[Target("openai", "gpt-4.1")].context_tokens == 1_000_000
    assert settings.shield.pii.action == "off"
    assert not settings.health.deep_probe
    assert settings.tool_overrides["calculator/evaluate"].effect == "read_only"
    assert settings.capabilities["calculate"].members[1].arguments == {"expression": "expr"}
    assert settings.alerts.webhooks[0].format == "slack"
    assert settings.config_file == folder.path / "sentinel.yaml"


def test_a_route_becomes_a_route_of_the_domain(folder: Folder) -> None:
    route = folder.load(WHOLE, env=ENV).routes["default"]
    assert [str(target) for target in route.targets] == ["openai/gpt-4o-mini", "local/llama3.2", "other/org/model"]
    assert (route.policy, route.midstream, route.seam) == (RoutePolicy.FASTEST, Midstream.ERROR, Seam.ANY)
    assert route.hedge == HedgePolicy(enabled=True, min_seconds=0.5, share=0.05)
    assert route.deadlines == Deadlines(connect_seconds=1, first_token_seconds=2, stall_seconds=3, total_seconds=4)


def test_tool_servers_keep_their_shape_and_python_is_our_own_interpreter(folder: Folder) -> None:
    servers = folder.load(WHOLE, env=ENV).mcp_servers
    assert list(servers) == ["calculator", "node", "search"]
    assert servers["calculator"].command == sys.executable
    assert servers["node"].command == "npx"
    assert servers["node"].env["TOKEN"].get_secret_value() == "tok-search"
    assert servers["search"].headers["Authorization"].get_secret_value() == "Bearer tok-search"
    assert not servers["search"].trusted


def test_an_empty_mcp_section_starts_no_tool_server(folder: Folder) -> None:
    assert folder.load("mcpServers: {}\n").mcp_servers == {}


def test_breaker_profiles_fill_in_what_they_do_not_say(folder: Folder) -> None:
    breaker = folder.load(WHOLE, env=ENV).breaker
    assert breaker.config("provider").failure_threshold == 4
    tool = breaker.config("tool")
    assert (tool.failure_threshold, tool.window_seconds, tool.recovery_seconds) == (3, 10.0, 30.0)


def test_a_panic_fails_unless_it_is_to_probe(folder: Folder) -> None:
    assert folder.load("# nothing\n").breaker.panic == "fail"
    assert folder.load("breaker: {panic: probe}\n").breaker.panic == "probe"


def test_when_a_stream_is_slow_can_be_set(folder: Folder) -> None:
    assert folder.load("# nothing\n").breaker.slow_first_token_seconds == 10.0
    settings = folder.load("breaker: {slow_first_token_seconds: 25}\n")
    assert build_resilience(settings, FakeClock()).protection.slow_first_token_seconds == 25.0


def test_a_wide_window_and_a_long_pause_widen_the_outer_limits(folder: Folder) -> None:
    config = folder.load("breaker: {window_seconds: 900, recovery_seconds: 1200}\n").breaker.config("provider")
    assert (config.max_window_seconds, config.max_open_seconds) == (900.0, 1200.0)


def test_what_has_no_effect_yet_is_listed(folder: Folder) -> None:
    env = ENV | {"REDIS_URL": "redis://127.0.0.1:6379/0", "PII_ACTION": "BLOCK"}
    assert folder.load(WHOLE, env=env).unused_sections == (
        "routes.default.policy",
        "health",
        "shield",
        "alerts",
        "PII_ACTION",
    )


def test_what_works_or_says_the_default_is_not_listed(folder: Folder) -> None:
    settings = folder.load(
        "routes: {default: {targets: [ollama/x], policy: ordered, midstream: error, hedge: {enabled: false}}}\n"
        "models: {ollama/x: {prefill: false}}\nbreaker: {failure_threshold: 3}\nretry: {max_attempts: 2}\nshield:\n"
    )
    assert settings.unused_sections == ()


def test_providers_without_routes_make_a_default_route_over_the_known_models(folder: Folder) -> None:
    settings = folder.load(
        "providers: {b: {kind: ollama}, a: {kind: ollama}}\nmodels: {a/one: {}, b/two: {}, a/three: {}}\n"
    )
    assert [str(target) for target in settings.routes["default"].targets] == ["b/two", "a/one", "a/three"]


def test_providers_of_the_file_hide_those_of_the_environment(folder: Folder) -> None:
    settings = folder.load(
        "providers: {mine: {kind: ollama}}\nroutes: {default: {targets: [mine/x]}}\n", env={"GROQ_API_KEY": "k"}
    )
    assert list(settings.providers) == ["mine"]
    assert not settings.wants_ollama_probe


@pytest.mark.parametrize("yaml", ["# nothing\n", "providers: {}\n", "providers:\nroutes:\nbreaker:\n", "---\n"])
def test_empty_files_and_sections_configure_nothing(folder: Folder, yaml: str) -> None:
    settings = folder.load(yaml)
    assert settings.simulated
    assert settings.wants_ollama_probe


def test_a_configured_path_replaces_the_file_in_the_folder(folder: Folder) -> None:
    (folder.path / "etc").mkdir()
    (folder.path / "etc" / "s.yaml").write_text("retry: {max_attempts: 7}\n")
    settings = folder.load("retry: {max_attempts: 2}\n", env={"SENTINEL_CONFIG": "etc/s.yaml"})
    assert settings.retry.max_attempts == 7


# Variables in the file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"${A}"', "one"),
        ("x-${A}-${B:-two}-y", "x-one-two-y"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${B:-}x", "x"),
        ("${B:-http://h:1/a?b=c}", "http://h:1/a?b=c"),
        ("$${A}", "${A}"),
        ("$A", "$A"),
        ("cost 5$", "cost 5$"),
    ],
)
def test_variables_are_filled_in(folder: Folder, text: str, value: str) -> None:
    settings = folder.load(f"mcpServers: {{s: {{command: x, args: [{text!r}]}}}}\n", env={"A": "one", "EMPTY": ""})
    if text.startswith('"'):
        text = text.strip('"')
        settings = folder.load(f'mcpServers: {{s: {{command: x, args: ["{text}"]}}}}\n', env={"A": "one"})
    assert settings.mcp_servers["s"].args == [value]


def test_variables_of_the_dotenv_file_are_filled_in_too(folder: Folder) -> None:
    assert folder.load("retry: {max_attempts: '${TRIES}'}\n", dotenv="TRIES=7\n").retry.max_attempts == 7


def test_a_filled_in_number_stays_text_where_text_is_wanted(folder: Folder) -> None:
    settings = folder.load(
        "providers: {a: {kind: openai, api_key: '${KEY}'}}\nroutes: {default: {targets: [a/x]}}\n", env={"KEY": "12345"}
    )
    provider = settings.providers["a"]
    assert isinstance(provider, OpenAISettings)
    assert provider.api_key is not None
    assert provider.api_key.get_secret_value() == "12345"


def test_an_empty_key_is_no_key(folder: Folder) -> None:
    settings = folder.load("providers: {a: {kind: openai, api_key: '${KEY:-}'}}\nroutes: {default: {targets: [a/x]}}\n")
    provider = settings.providers["a"]
    assert isinstance(provider, OpenAISettings)
    assert provider.api_key is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${NOPE}", "the variable NOPE is not set; set it, or give a default with ${NOPE:-…}"),
        ("${}", "a variable is written ${NAME} or ${NAME:-default}"),
        ("${1A}", "a variable is written ${NAME} or ${NAME:-default}"),
        ("${A-b}", "a variable is written ${NAME} or ${NAME:-default}"),
        ("${A", "a variable is written ${NAME} or ${NAME:-default}"),
    ],
)
def test_a_variable_that_cannot_be_filled_in_is_named_with_key_and_line(
    folder: Folder, text: str, problem: str
) -> None:
    yaml = f"mcpServers:\n  s:\n    url: '{text}'\n"
    assert folder.problems(yaml, env={"A": "x"}) == [f"sentinel.yaml:3: mcpServers.s.url: {problem}"]
