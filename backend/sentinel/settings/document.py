"""A YAML file as plain data that still knows its lines, with `${VAR}` filled in from the environment.

PyYAML parses and resolves the scalars; this module walks its node tree, because plain loading forgets lines and lets
the second of two equal keys win in silence.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from sentinel.settings.problems import KeyPath, Problems, dotted

_VARIABLE: Final = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_BODY: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_QUOTED: Final = re.compile(r"""'.'|"."|'<[^'"]*'|(?P<word>(['"])[^'"]+\2)""")
_TAB: Final = r"'\t'"
"""As the parser writes it."""
_SWALLOWED: Final = "mapping values are not allowed here"
"""Also said of a key behind a tab: without indentation, its line belongs to the value before it."""
_INDENTED_BY_TAB: Final = re.compile(r" *\t")
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_TAG: Final = "tag:yaml.org,2002:"
_MAX_NODES: Final = 20_000
_BOOLEANS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its data, the line of every key and item, which values came from variables, and from which."""

    source: str
    problems: Problems
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    expanded: set[KeyPath] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)

    def line(self, path: KeyPath) -> int:
        """Give the line of the path, or of the nearest thing around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def report(self, path: KeyPath, text: str) -> None:
        """Note what is wrong at the path."""
        self.problems.add(text, source=self.source, line=self.line(path), key=dotted(path))

    def value(self, path: KeyPath) -> Any:
        """Give what stands at the path, None if nothing does."""
        value: Any = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def parse_document(text: bytes, *, source: str, variables: Mapping[str, str], problems: Problems) -> Document:
    """Parse YAML; whatever is wrong goes to `problems`, and the rest of the file is given all the same."""
    document = Document(source, problems)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        problems.add(_syntax_problem(error, text), source=source, line=_syntax_line(error))
        return document
    except RecursionError:
        problems.add("is nested too deeply", source=source)
        return document
    if root is None or root.tag == f"{_TAG}null":
        return document
    if not isinstance(root, yaml.MappingNode):
        problems.add("must be a mapping of sections (name: value)", source=source, line=1)
        return document
    _Builder(document, variables).fill(root)
    return document


def _syntax_problem(error: yaml.YAMLError, text: bytes) -> str:
    """Say what the parser says, without the text that it quotes: that could be a secret."""
    problem = getattr(error, "problem", None) or "it cannot be read as text"
    if (_TAB in problem or problem == _SWALLOWED) and _is_indented_by_tab(text, _syntax_line(error)):
        return "is not valid YAML: the line begins with a tab; indent it with spaces"
    if _TAB in problem:
        return "is not valid YAML: there is a tab where only spaces may stand"
    told = _QUOTED.sub(lambda quoted: "(a word)" if quoted["word"] else quoted[0], str(problem))
    return f"is not valid YAML: {told}"


def _is_indented_by_tab(text: bytes, number: int) -> bool:
    lines = _LINE_BREAK.split(text.decode(errors="replace"))
    return number <= len(lines) and _INDENTED_BY_TAB.match(lines[number - 1]) is not None


def _syntax_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 0


class _Builder:
    """Turns nodes into data, noting lines on the way."""

    def __init__(self, document: Document, variables: Mapping[str, str]) -> None:
        self._document = document
        self._variables = variables
        self._open: set[int] = set()
        self._seen = 0

    def fill(self, root: yaml.MappingNode) -> None:
        self._document.data.update(self._mapping(root, ()))

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._seen += 1
        with self._entered(node) as is_new:
            if not is_new or self._seen > _MAX_NODES:
                self._problem("refers to itself, or the file has too many values", node, path)
                return None
            if not node.tag.startswith(_TAG):
                self._problem("tags (!…) are not supported", node, path)
                return None
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return self._sequence(node, path)
            return self._scalar(node, path)

    @contextmanager
    def _entered(self, node: yaml.Node) -> Iterator[bool]:
        """Guard against anchors that contain themselves."""
        is_new = id(node) not in self._open
        self._open.add(id(node))
        yield is_new
        if is_new:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self._problem("a key must be text", key_node, path)
                continue
            place = (*path, key)
            line = key_node.start_mark.line + 1
            if key in data:
                self._duplicate(place, line)
                continue
            self._document.lines[place] = line
            data[key] = self._value(value_node, place)
        return data

    def _duplicate(self, place: KeyPath, line: int) -> None:
        first = self._document.lines[place]
        text = f"duplicate key; it stands on line {first} already"
        self._document.problems.add(text, source=self._document.source, line=line, key=dotted(place))

    def _sequence(self, node: yaml.SequenceNode, path: KeyPath) -> list[Any]:
        items = []
        for index, item in enumerate(node.value):
            place = (*path, index)
            self._document.lines[place] = item.start_mark.line + 1
            items.append(self._value(item, place))
        return items

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        text: str = node.value
        if "${" in text:
            self._document.expanded.add(path)
            return _VARIABLE.sub(lambda match: self._variable(match, node, path), text)
        return _plain(node.tag.removeprefix(_TAG), text)

    def _variable(self, match: re.Match[str], node: yaml.Node, path: KeyPath) -> str:
        if match.group() == "$${":
            return "${"
        body = _BODY.fullmatch(match.group("body") or "")
        if body is None:
            self._problem("a variable is written ${NAME} or ${NAME:-default}", node, path)
            return ""
        self._document.variables.add(body["name"])
        value = self._variables.get(body["name"]) or body["default"]
        if value is None:
            name = body["name"]
            # No word stands for the default: behind the name of a key it would be taken for the key, and masked.
            text = f"the variable {name} is not set; set it, or give a default with ${{{name}:-…}}"
            self._problem(text, node, path)
        return value or ""

    def _problem(self, text: str, node: yaml.Node, path: KeyPath) -> None:
        line = node.start_mark.line + 1
        self._document.problems.add(text, source=self._document.source, line=line, key=dotted(path))


def _plain(tag: str, text: str) -> Any:
    """Give a scalar its type: number, null, `true` or `false`; all else, `on`, `off` and dates too, stays text."""
    if tag == "null":
        return None
    if tag == "bool":
        return _BOOLEANS.get(text.lower(), text)
    if tag in {"int", "float"}:
        return yaml.safe_load(text) if ":" not in text else text
    return text
