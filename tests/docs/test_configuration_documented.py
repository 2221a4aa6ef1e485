"""`docs/configuration.md` has every setting, and no other; its examples load."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, Secret
from pydantic.fields import FieldInfo

from sentinel.persistence.tables import metadata
from sentinel.settings import Settings, load_settings
from sentinel.settings.environment import Environment
from sentinel.settings.schema import FileSettings
from sentinel.settings.unused import KEYS, VARIABLES
from tests.docs.pages import ROOT, named, spans

PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
DAGGER = "†"


class Row(NamedTuple):
    """A line of a table: the setting, whether it is marked, its default and what is allowed, as written."""

    name: str
    is_marked: bool
    default: str
    allowed: str


class Leaf(NamedTuple):
    """A setting in the code: its dotted path (or variable), its field and its type."""

    name: str
    field: FieldInfo

    @property
    def literals(self) -> list[str]:
        return [value for value in get_args(bare(self.field.annotation)) if isinstance(value, str)]


def rows(first_column: str) -> list[Row]:
    tables = re.findall(rf"^\| {first_column} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    found = [re.split(r"(?<!\\) \| ", line.strip("| ")) for table in tables for line in table.splitlines()]
    return [Row(cells[0].split("`")[1], DAGGER in cells[0], cells[1], cells[2]) for cells in found]


def bare(annotation: Any) -> Any:
    """Take off Annotated and `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        return bare(members[0]) if len(members) == 1 else annotation
    return annotation


def leaves(model: type[BaseModel], path: str = "") -> Iterator[Leaf]:
    """Walk the schema down to what a person can write a plain value for."""
    for name, field in model.model_fields.items():
        yield from below(f"{path}{field.alias or name}", field.annotation, field)


def below(path: str, annotation: Any, field: FieldInfo) -> Iterator[Leaf]:
    kind = bare(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from leaves(kind, f"{path}.")
    elif origin in {Union, UnionType}:
        for member in arguments:
            yield from below(path, member, field)
    elif origin is dict and holds_models(arguments[1]):
        yield from below(f"{path}.NAME", arguments[1], field)
    elif origin is list and holds_models(arguments[0]):
        yield from below(f"{path}[]", arguments[0], field)
    else:
        yield Leaf(path, field)


def holds_models(annotation: Any) -> bool:
    members = get_args(bare(annotation)) if get_origin(bare(annotation)) in {Union, UnionType} else (annotation,)
    return all(isinstance(bare(member), type) and issubclass(bare(member), BaseModel) for member in members)


def written(field: FieldInfo) -> str:
    """Give the default as the page writes it."""
    default = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if default is None or default in ({}, []) or isinstance(default, Secret):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


VARIABLE_ROWS = rows("Variable")
KEY_ROWS = rows("Key")
KEY_LEAVES = list(
    {
        (leaf.name, written(leaf.field)): leaf for leaf in leaves(FileSettings) if not leaf.name.endswith(".kind")
    }.values()
)
"""What all kinds of providers have in common stands on the page once."""


def test_the_walk_of_the_schema_finds_what_the_contract_names() -> None:
    names = {leaf.name for leaf in KEY_LEAVES}
    assert len(KEY_LEAVES) > 50
    assert {
        "providers.NAME.class",
        "routes.NAME.deadlines.stall_seconds",
        "breaker.profiles.NAME.recovery_seconds",
        "mcpServers.NAME.headers",
        "tools.capabilities.NAME.members[].arguments",
        "alerts.webhooks[].url",
    } <= names


def test_every_variable_is_documented_and_every_documented_one_exists() -> None:
    documented = [row.name for row in VARIABLE_ROWS]
    assert sorted(documented) == sorted(name.upper() for name in Environment.model_fields)


def test_every_key_is_documented_and_every_documented_one_exists() -> None:
    documented = [row.name for row in KEY_ROWS if row.name != "providers.NAME.kind"]
    assert sorted(documented) == sorted(leaf.name for leaf in KEY_LEAVES)


def test_the_kinds_of_providers_are_documented() -> None:
    kinds = {leaf.literals[0] for leaf in leaves(FileSettings) if leaf.name == "providers.NAME.kind"}
    (row,) = [row for row in KEY_ROWS if row.name == "providers.NAME.kind"]
    assert set(re.findall(r"`(\w+)`", row.allowed)) == kinds


def test_the_defaults_of_keys_are_documented() -> None:
    documented = sorted((row.name, row.default) for row in KEY_ROWS if row.name != "providers.NAME.kind")
    assert documented == sorted((leaf.name, written(leaf.field)) for leaf in KEY_LEAVES)


@pytest.mark.parametrize("row", VARIABLE_ROWS, ids=lambda row: row.name)
def test_the_default_of_a_variable_is_documented(row: Row) -> None:
    field = Environment.model_fields[row.name.lower()]
    if field.default is not None:
        assert row.default == written(field)


@pytest.mark.parametrize(
    ("row", "leaf"),
    [
        *((row, Leaf(row.name, Environment.model_fields[row.name.lower()])) for row in VARIABLE_ROWS),
        *((row, leaf) for row in KEY_ROWS for leaf in KEY_LEAVES if leaf.name == row.name),
    ],
    ids=lambda value: value.name,
)
def test_every_allowed_word_is_documented(row: Row, leaf: Leaf) -> None:
    if get_origin(bare(leaf.field.annotation)) is Literal:
        assert re.findall(r"`(\w+)`", row.allowed) == leaf.literals


def test_the_marked_variables_are_those_without_effect() -> None:
    assert {row.name for row in VARIABLE_ROWS if row.is_marked} == set(VARIABLES)


def test_the_marked_keys_are_those_without_effect() -> None:
    prefixes = tuple(pattern.replace("*", "NAME") for pattern, _ in KEYS)
    without_effect = {
        leaf.name for leaf in KEY_LEAVES if any(f"{leaf.name}.".startswith(f"{prefix}.") for prefix in prefixes)
    }
    assert {row.name for row in KEY_ROWS if row.is_marked} == without_effect


def settings_named(page: Path) -> list[str]:
    """Give what a page names as a key of the file: `section.key`, or a part of our settings that is no section."""
    sections = {field.alias or name for name, field in FileSettings.model_fields.items()} | set(Settings.model_fields)
    dotted = (span for span in spans(page.read_text(encoding="utf-8")) if re.fullmatch(r"\w+(\.[\w\[\]]+)+", span))
    return [span for span in dotted if span.partition(".")[0] in sections]


@pytest.mark.parametrize("page", [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")], ids=named)
def test_every_key_that_a_page_names_exists(page: Path) -> None:
    """`runs.owner` is a column of the database."""
    columns = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    keys = {f"{leaf.name}." for leaf in leaves(FileSettings)}
    unknown = {name for name in settings_named(page) if not any(key.startswith(f"{name}.") for key in keys)}
    assert unknown - columns == set()


def test_the_pages_name_many_keys() -> None:
    assert len(settings_named(ROOT / "docs" / "operations.md")) > 10


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_the_example_file_loads_and_all_of_it_works(tmp_path: Path, block: str) -> None:
    (tmp_path / "sentinel.yaml").write_text(block, encoding="utf-8")
    needed = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), "some-value")
    settings = load_settings(needed, tmp_path)
    assert "default" in settings.routes
    assert settings.unused_sections == ()


@pytest.mark.parametrize("block", blocks("dotenv"))
def test_the_example_variables_load(tmp_path: Path, block: str) -> None:
    (tmp_path / ".env").write_text(block, encoding="utf-8")
    settings = load_settings({}, tmp_path)
    assert not settings.simulated


def test_the_page_has_examples() -> None:
    assert len(blocks("yaml")) == 1
    assert len(blocks("dotenv")) == 3
