"""Whatever is wrong in `sentinel.yaml` is told with its line, its key and what is allowed, all of it at once."""

import pytest

from sentinel.errors import ConfigurationError
from sentinel.settings.problems import Problem
from tests.unit.settings.conftest import Folder

PROVIDERS = "providers: {a: {kind: ollama}, b: {kind: openai}, c: {kind: langchain, class: m:C}}\n"
ROUTES = "routes: {default: {targets: [a/x]}}\n"
BASE = PROVIDERS + ROUTES  # two lines: what a test adds begins on line 3

MODEL = "models: {openai/m: {}}\n"

URL = "must be an address that begins with http:// or https://"
SECONDS = "must be a number of seconds greater than 0 and at most 86400"
COUNT = "must be a whole number from 1 to 1000000000"
MAPPING = "must be a mapping (key: value)"
NAME = "must be a name of 1 to 64 letters, digits, '.', '_' or '-' that begins with a letter or digit"

UNKNOWN_KEYS = [
    (
        "alrets: {}",
        3,
        "alrets",
        "'alerts'",
        "providers, routes, models, breaker, retry, bulkhead, health, mcpServers, tools",
    ),
    (
        "breaker:\n  failure_treshold: 3",
        4,
        "breaker.failure_treshold",
        "'failure_threshold'",
        "failure_threshold, fail",
    ),
    ("retry: {max_attempt: 3}", 3, "retry.max_attempt", "'max_attempts'", "max_attempts, same_target"),
    ("shield:\n  pii:\n    actoin: warn", 5, "shield.pii.actoin", "'action'", "action, include_local, entities"),
    ("models:\n  a/x: {price: {inputs: 1}}", 4, "models.a/x.price.inputs", "'input'", "input, output"),
    (
        "alerts: {webhooks: [{url: 'http://h', fromat: slack}]}",
        3,
        "alerts.webhooks[0].fromat",
        "'format'",
        "url, format",
    ),
    (
        "mcpServers: {s: {comand: python}}",
        3,
        "mcpServers.s.comand",
        "'command'",
        "command, args, env, cwd, url, headers",
    ),
]

BAD_VALUES = [
    ("breaker: {failure_threshold: 0}", 3, "breaker.failure_threshold", f"{COUNT}, not 0"),
    ("breaker: {failure_threshold: true}", 3, "breaker.failure_threshold", f"{COUNT}, not true"),
    ("breaker: {failure_threshold: many}", 3, "breaker.failure_threshold", f"{COUNT}, not 'many'"),
    ("breaker: {failure_threshold: [3]}", 3, "breaker.failure_threshold", COUNT),
    (
        "breaker: {failure_rate: 1.5}",
        3,
        "breaker.failure_rate",
        "must be a number greater than 0 and at most 1, not 1.5",
    ),
    ("breaker: {window_seconds: .nan}", 3, "breaker.window_seconds", f"{SECONDS}, not nan"),
    ("breaker: {profiles: {tols: {}}}", 3, "breaker.profiles.tols", "must be 'provider' or 'tool'"),
    ("breaker: {panic: maybe}", 3, "breaker.panic", "must be 'fail' or 'probe', not 'maybe'"),
    ("breaker: 5", 3, "breaker", f"{MAPPING}, not 5"),
    ("retry: {max_attempts: 21}", 3, "retry.max_attempts", "must be a whole number from 1 to 20, not 21"),
    ("retry: {budget_ratio: -0.1}", 3, "retry.budget_ratio", "must be a number from 0 to 1, not -0.1"),
    ("retry: {base_delay_seconds: 9}", 3, "retry.base_delay_seconds", "is longer than max_delay_seconds (8)"),
    ("health: {deep_probe: perhaps}", 3, "health.deep_probe", "must be true or false, not 'perhaps'"),
    ("health: {interval_seconds: 0}", 3, "health.interval_seconds", f"{SECONDS}, not 0"),
    ("tools: {defaults: {timeout_seconds: -1}}", 3, "tools.defaults.timeout_seconds", f"{SECONDS}, not -1"),
    ("tools: {overrides: {evaluate: {}}}", 3, "tools.overrides.evaluate", "must be written server/tool"),
    (
        "tools: {overrides: {a/b: {effect: none}}}",
        3,
        "tools.overrides.a/b.effect",
        "must be 'read_only', 'idempotent' or 'mutating', not 'none'",
    ),
    (
        "tools: {capabilities: {calc: {members: []}}}\nmcpServers: {}",
        3,
        "tools.capabilities.calc.members",
        "must have at",
    ),
    ("tools: {capabilities: {calc: {}}}", 3, "tools.capabilities.calc.members", "is missing"),
    ("mcpServers: [a]", 3, "mcpServers", MAPPING),
    ("mcpServers: {s: {}}", 3, "mcpServers.s", "must have either 'command' (stdio) or 'url' (HTTP), not both"),
    (
        "mcpServers: {s: {command: x, url: 'http://h'}}",
        3,
        "mcpServers.s",
        "must have either 'command' (stdio) or 'url'",
    ),
    ("mcpServers: {s: {url: 'http://h', args: [x]}}", 3, "mcpServers.s", "'args', 'env' and 'cwd' belong to 'command'"),
    ("mcpServers: {s: {command: x, headers: {A: b}}}", 3, "mcpServers.s", "'headers' belong to 'url'"),
    ("mcpServers: {s: {url: 'ws://h'}}", 3, "mcpServers.s.url", URL),
    ("mcpServers: {a__b: {command: x}}", 3, "mcpServers.a__b", "must be a name of 1 to 64 letters"),
    ("mcpServers: {s: {command: x, args: [1]}}", 3, "mcpServers.s.args[0]", "must be text (put numbers and true/false"),
    ("shield: {pii: {action: hide}}", 3, "shield.pii.action", "must be 'redact', 'block', 'warn' or 'off', not 'hide'"),
    ("alerts: {webhooks: [{format: slack}]}", 3, "alerts.webhooks[0].url", "is missing"),
    (
        "alerts: {webhooks: [{url: 'http://h', format: fax}]}",
        3,
        "alerts.webhooks[0].format",
        "must be 'json' or 'slack'",
    ),
    ("alerts: {cloudwatch: {region: ''}}", 3, "alerts.cloudwatch.region", "must be text that is not empty, not ''"),
    ("models: {gpt-5: {}}", 3, "models.gpt-5", "must be written provider/model"),
    ("models: {z/m: {}}", 3, "models.z/m", "unknown provider 'z'; known: a, b, c"),
    ("models: {a/x: {context_tokens: 0}}", 3, "models.a/x.context_tokens", f"{COUNT}, not 0"),
    ("models: {c/x: {prefill: true}}", 3, "models.c/x.prefill", "must be false: a model of kind 'langchain' cannot be"),
    ("models: {a/x: {larger_context: a/y}}", 3, "models.a/x.larger_context", "'a/y' is in no route and not in the"),
    ("models: {a/x: {larger_context: a/x}}", 3, "models.a/x.larger_context", "names the model itself"),
    (
        "models: {a/x: {larger_context: b/y, context_tokens: 9}, b/y: {context_tokens: 9}}",
        3,
        "models.a/x.larger_context",
        "'b/y' does not have more context_tokens",
    ),
]

BAD_PROVIDERS = [
    ("a: {}", "a.kind", "is missing; must be 'openai', 'ollama' or 'langchain'"),
    ("a: {kind: openia}", "a.kind", "must be 'openai', 'ollama' or 'langchain', not 'openia'"),
    ("a: openai", "a", f"{MAPPING}, not 'openai'"),
    ("a: {kind: ollama, api_key: x}", "a.api_key", "unknown key; allowed: kind, base_url"),
    (
        "a: {kind: openai, base_ur: 'http://h'}",
        "a.base_ur",
        "unknown key; did you mean 'base_url'?; allowed: kind, base_",
    ),
    ("a: {kind: openai, base_url: localhost}", "a.base_url", URL),
    ("a: {kind: openai, api_key: 123}", "a.api_key", "must be text (put numbers and true/false in quotes)"),
    ("a: {kind: langchain}", "a.class", "is missing"),
    ("a: {kind: langchain, class: ChatModel}", "a.class", "must be written package.module:ClassName, not 'ChatModel'"),
    ("a: {kind: langchain, class: 'm:C', params: [1]}", "a.params", MAPPING),
    ("my model: {kind: ollama}", "'my model'", NAME),
    ("all: {kind: ollama}", "all", "is a reserved name: it means every provider"),
]

BAD_ROUTES = [
    ("default: {targets: []}", "default.targets", "must have at least one target (provider/model)"),
    ("default: {}", "default.targets", "is missing"),
    ("default: {targets: a/x}", "default.targets", "must be a list, not 'a/x'"),
    ("default: {targets: [x]}", "default.targets[0]", "must be written provider/model, not 'x'"),
    ("default: {targets: [a/]}", "default.targets[0]", "must be written provider/model, not 'a/'"),
    ("default: {targets: [a/x, oen/y]}", "default.targets[1]", "unknown provider 'oen'; known: one, a"),
    (
        "default: {targets: [a/x, a/y], hedge: {enabled: true}}",
        "default.hedge.enabled",
        "needs a target of a second provider to ask",
    ),
    ("default: {targets: [a/x, one/y, a/x]}", "default.targets[2]", "'a/x' stands in this route twice"),
    ("default: {targets: [a/x], policy: random}", "default.policy", "must be 'ordered' or 'fastest', not 'random'"),
    (
        "default: {targets: [a/x], midstream: stop}",
        "default.midstream",
        "must be 'continue', 'restart' or 'error', not",
    ),
    ("default: {targets: [a/x], seam: some}", "default.seam", "must be 'verified' or 'any', not 'some'"),
    ("default: {targets: [a/x], hedge: true}", "default.hedge", f"{MAPPING}, not true"),
    (
        "default: {targets: [a/x], deadlines: {stall_seconds: 0}}",
        "default.deadlines.stall_seconds",
        f"{SECONDS}, not 0",
    ),
    ("fast: {targets: [a/x]}", "", "must have a route named 'default': it serves requests that name none"),
]


@pytest.mark.parametrize(("yaml", "line", "key", "near", "allowed"), UNKNOWN_KEYS)
def test_an_unknown_key_is_named_with_its_line_the_allowed_keys_and_the_nearest(
    folder: Folder, yaml: str, line: int, key: str, near: str, allowed: str
) -> None:
    (problem,) = [text for text in folder.problems(BASE + yaml) if "unknown key" in text]
    assert problem.startswith(f"sentinel.yaml:{line}: {key}: unknown key; did you mean {near}?; allowed: {allowed}")


@pytest.mark.parametrize(("yaml", "line", "key", "text"), BAD_VALUES)
def test_a_bad_value_is_named_with_its_line_and_what_is_allowed(
    folder: Folder, yaml: str, line: int, key: str, text: str
) -> None:
    (problem,) = folder.problems(BASE + yaml)
    assert problem.startswith(f"sentinel.yaml:{line}: {key}: {text}")


@pytest.mark.parametrize(("yaml", "key", "text"), BAD_PROVIDERS)
def test_a_bad_provider_is_named_with_its_line(folder: Folder, yaml: str, key: str, text: str) -> None:
    (problem,) = folder.problems(
        f"providers:\n  ok: {{kind: ollama}}\n  {yaml}\nroutes: {{default: {{targets: [ok/x]}}}}\n"
    )
    assert problem.startswith(f"sentinel.yaml:3: providers.{key}: {text}")


@pytest.mark.parametrize(("yaml", "key", "text"), BAD_ROUTES)
def test_a_bad_route_is_named_with_its_line(folder: Folder, yaml: str, key: str, text: str) -> None:
    problems = folder.problems(f"providers: {{one: {{kind: ollama}}, a: {{kind: ollama}}}}\nroutes:\n  {yaml}\n")
    line, place = (3, f"routes.{key}") if key else (2, "routes")
    assert len(problems) == 1
    assert problems[0].startswith(f"sentinel.yaml:{line}: {place}: {text}")


def test_an_unknown_provider_is_told_with_the_nearest_known_one(folder: Folder) -> None:
    (problem,) = folder.problems("providers: {openai: {kind: openai}}\nroutes: {default: {targets: [opena/x]}}\n")
    assert problem.endswith("unknown provider 'opena'; known: openai; did you mean 'openai'?")


def test_all_problems_of_all_sources_are_told_together_in_order(folder: Folder) -> None:
    problems = folder.problems(
        "providers:\n  a: {kind: olama}\n"
        "routes:\n  default: {targets: [a/x, z/x], polcy: ordered}\n"
        "retry: {same_target: 9}\n",
        env={"PORT": "x"},
        dotenv="APP_ENV=x\n",
    )
    assert [problem.split(": ")[0] for problem in problems] == [
        ".env:1",
        "environment",
        "sentinel.yaml:2",
        "sentinel.yaml:4",
        "sentinel.yaml:4",
        "sentinel.yaml:5",
    ]


def test_the_message_counts_the_problems(folder: Folder) -> None:
    with pytest.raises(ConfigurationError, match=r"^the configuration has 1 problem:\n  sentinel.yaml:1: x: unknown"):
        folder.load("x: 1\n")
    with pytest.raises(ConfigurationError, match=r"^the configuration has 2 problems:\n"):
        folder.load("x: 1\ny: 2\n")


@pytest.mark.parametrize(
    ("yaml", "problem"),
    [
        (
            "routes:\n  default:\n\t  targets: []\n",
            "sentinel.yaml:3: is not valid YAML: the line begins with a tab; indent it with",
        ),
        (
            "a:\r\n  b: 1\r\n \tc: 2\r\n",
            "sentinel.yaml:3: is not valid YAML: the line begins with a tab; indent it with",
        ),
        ("a: b\n\tc: d\n", "sentinel.yaml:2: is not valid YAML: the line begins with a tab; indent it with"),
        ("a:\n  - \t- b\n", "sentinel.yaml:2: is not valid YAML: there is a tab where only spaces may stand"),
        ("a: @hunter2\n", "sentinel.yaml:1: is not valid YAML: found character '@' that cannot start any token"),
        ('a: [\n"hunter2\n', "sentinel.yaml:3: is not valid YAML: found unexpected end of stream"),
        ("retry: {}\nretry: {}\n", "sentinel.yaml:2: retry: duplicate key; it stands on line 1 already"),
        (
            "routes:\n  default:\n    targets: [simulated-primary/sim-large]\n    targets: []\n",
            "sentinel.yaml:4: routes.default.targets: duplicate key; it stands on line 3 already",
        ),
        ("- a\n", "sentinel.yaml:1: must be a mapping of sections (name: value)"),
        ("routes: [\n", "sentinel.yaml:2: is not valid YAML: expected the node content, but found '<stream end>'"),
        ("a: [b\n", "sentinel.yaml:2: is not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: *hunter2\n", "sentinel.yaml:1: is not valid YAML: found undefined alias (a word)"),
        ("a: b: c\n", "sentinel.yaml:1: is not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2\n", "sentinel.yaml:2: is not valid YAML: but found another document"),
        ("retry: !python/name:os.system {}\n", "sentinel.yaml:1: retry: tags (!…) are not supported"),
        (
            "retry: &x {max_attempts: *x}\n",
            "sentinel.yaml:1: retry.max_attempts: refers to itself, or the file has too",
        ),
        ("retry: {? [a] : b}\n", "sentinel.yaml:1: retry: a key must be text"),
        ("[" * 500, "sentinel.yaml: is nested too deeply"),
    ],
)
def test_a_file_that_is_not_proper_yaml_is_told_with_the_line(folder: Folder, yaml: str, problem: str) -> None:
    (found,) = folder.problems(yaml)
    assert found.startswith(problem)


def test_the_hint_at_a_variable_that_is_not_set_can_be_copied_as_it_is_printed(folder: Folder) -> None:
    (problem,) = folder.problems('providers:\n  openai: {kind: openai, api_key: "${OPENAI_API_KEY}"}\n' + MODEL)
    assert problem == (
        "sentinel.yaml:2: providers.openai.api_key: the variable OPENAI_API_KEY is not set; "
        "set it, or give a default with ${OPENAI_API_KEY:-…}"
    )


def test_a_problem_of_a_key_with_a_secrets_name_is_told_in_whole(folder: Folder) -> None:
    yaml = "providers:\n  openai:\n    kind: openai\n    api_key: hunter2hunter2\n    api_key: hunter3hunter3\n" + MODEL
    (problem,) = folder.problems(yaml)
    assert problem == "sentinel.yaml:5: providers.openai.api_key: duplicate key; it stands on line 4 already"


def test_a_secret_that_stands_in_a_problem_is_masked_in_each_of_its_parts() -> None:
    secret = "sk-" + "a1" * 12
    shown = str(Problem(secret, 3, f"providers.{secret}", f"is not valid: api_key={secret}, Bearer hunter2x"))
    assert shown == "***:3: providers.***: is not valid: api_key=***, Bearer ***"


def test_an_alias_that_grows_without_end_is_refused(folder: Folder) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    problems = folder.problems("l0: &l0 [x]\n" + levels)
    assert any("the file has too many values" in problem for problem in problems)


def test_a_file_that_is_not_text_is_told(folder: Folder) -> None:
    (folder.path / "sentinel.yaml").write_bytes(b"\x80\x81")
    assert folder.problems() == ["sentinel.yaml: is not valid YAML: it cannot be read as text"]


def test_a_config_path_without_a_file_is_told(folder: Folder) -> None:
    (problem,) = folder.problems(env={"SENTINEL_CONFIG": "other.yaml"})
    assert problem == f"environment: SENTINEL_CONFIG: there is no file '{folder.path / 'other.yaml'}'"


def test_problems_name_the_file_that_was_configured(folder: Folder) -> None:
    (folder.path / "other.yaml").write_text("x: 1\n")
    (problem,) = folder.problems("y: 1\n", env={"SENTINEL_CONFIG": "other.yaml"})
    assert problem.startswith("other.yaml:1: x: unknown key")


def test_providers_without_routes_and_without_models_need_a_route(folder: Folder) -> None:
    problems = folder.problems("providers:\n  a: {kind: ollama}\n  b: {kind: openai}\nmodels: {b/m: {}}\n")
    assert problems == [
        "sentinel.yaml:2: providers.a: there are no routes, and no model of 'a' is known; "
        "add a section routes, or list a model as a/MODEL in the section models"
    ]
