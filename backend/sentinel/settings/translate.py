"""From pydantic's errors to problems that name the line, the key and what is allowed.

Walks the annotations of the models along an error's path, since pydantic does not say which keys a mapping may have.
"""

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sentinel.redaction import looks_secret, redact_text
from sentinel.settings.document import Document
from sentinel.settings.environment import Environment, Variables
from sentinel.settings.fields import Model
from sentinel.settings.problems import KeyPath, did_you_mean, one_of

M = TypeVar("M", bound=Model)

_TYPES: Final = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text (put numbers and true/false in quotes)",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
}
_OPAQUE: Final = {"headers", "env", "params", "args", "url"}
_LONGEST_ECHO: Final = 60


# From the environment -------------------------------------------------------------------------------------------------


def parse_environment(variables: Variables) -> Environment:
    """Check the variables; what is wrong becomes a problem and is left at its default."""
    names = {name.upper(): name for name in Environment.model_fields}
    known = {names[name]: value for name, value in variables.values.items() if name in names}
    try:
        return Environment.model_validate(known)
    except ValidationError as error:
        for detail in _details(error):
            name = str(detail["loc"][0])
            variables.report(name.upper(), _text(detail) + _echo(known.pop(name), (name,)))
    return Environment.model_validate(known)


# From the file --------------------------------------------------------------------------------------------------------


def parse_file(model: type[M], document: Document) -> M:
    """Check the document; entries that are wrong become problems and are left out of what is given."""
    data = {key: value for key, value in document.data.items() if value is not None}
    while True:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            details = _details(error)
        for detail in details:
            _report(model, detail, document)
        drop = {_removable(detail, document) for detail in details}
        rest = _without(data, (), drop)
        data = rest if rest != data else _without(data, (), {path[:1] for path in drop})


def _details(error: ValidationError) -> Sequence[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)


def _report(model: type[BaseModel], detail: ErrorDetails, document: Document) -> None:
    path = _real_path(detail["loc"], document)
    text = _text(detail)
    match detail["type"]:
        case "extra_forbidden":
            known = known_keys(annotation_at(model, detail["loc"][:-1]))
            text = f"unknown key{did_you_mean(str(path[-1]), known)}; allowed: {', '.join(known)}"
        case "missing":
            text = "is missing"
        case "union_tag_not_found":
            path = (*path, "kind")
            text = f"is missing; must be {one_of(union_tags(annotation_at(model, detail['loc'])))}"
        case "union_tag_invalid":
            path = (*path, "kind")
            tags = union_tags(annotation_at(model, detail["loc"]))
            text = f"must be {one_of(tags)}{_document_echo(document, path)}"
        case _:
            text += _document_echo(document, path)
    document.report(path, text)


def _document_echo(document: Document, path: KeyPath) -> str:
    return "" if path in document.expanded else _echo(document.value(path), path)


def _text(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "literal_error":
            return f"must be {context['expected']}"
        case "not_allowed" | "misfit":
            return detail["msg"]
        case other:
            return _TYPES.get(other, "is not valid")


def _echo(value: Any, path: KeyPath) -> str:
    """Show the value that was found, unless it is or might be a secret."""
    names = {step for step in path if isinstance(step, str)}
    if any(_is_opaque(name) for name in names) or not isinstance(value, (str, int, float)):
        return ""
    shown = "true" if value is True else "false" if value is False else repr(value)
    is_safe = "://" not in shown and redact_text(shown) == shown and len(shown) <= _LONGEST_ECHO
    return f", not {shown}" if is_safe else ""


def _is_opaque(name: str) -> bool:
    """Tell whether what this key holds must not be shown; an address may hold a password."""
    return name in _OPAQUE or name.endswith("_url") or looks_secret(name)


def _real_path(location: Sequence[str | int], document: Document) -> KeyPath:
    """Drop what pydantic puts into a path besides the keys of the file: union tags and `[key]`."""
    path: KeyPath = ()
    for index, step in enumerate(location):
        is_last = index == len(location) - 1
        if (*path, step) in document.lines or (is_last and not _is_tag(step, path, document)):
            path = (*path, step)
    return path


def _is_tag(step: str | int, path: KeyPath, document: Document) -> bool:
    if step == "[key]":
        return True
    value = document.value(path)
    return isinstance(value, dict) and value.get("kind") == step


def _removable(detail: ErrorDetails, document: Document) -> KeyPath:
    """Say what to leave out so that the rest can be checked: an unknown key, else the entry or section it stands in."""
    path = _real_path(detail["loc"], document)
    if detail["type"] == "extra_forbidden":
        return path
    return path[:2] if path[0] in {"providers", "routes", "models", "mcpServers"} else path[:1]


def _without(value: Any, path: KeyPath, drop: set[KeyPath]) -> Any:
    if isinstance(value, list):
        return [_without(item, (*path, index), drop) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {key: _without(item, (*path, key), drop) for key, item in value.items() if (*path, key) not in drop}


# Walking the models ---------------------------------------------------------------------------------------------------


def annotation_at(model: Any, location: Sequence[str | int]) -> Any:
    """Give the type that stands at a pydantic error's path."""
    current: Any = model
    for step in location:
        current = _step_into(_bare(current), step)
    return _bare(current)


def _bare(annotation: Any) -> Any:
    """Take off Annotated and `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _bare(members[0])
    return annotation


def _step_into(annotation: Any, step: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return next(
            (field.annotation for name, field in annotation.model_fields.items() if (field.alias or name) == step), None
        )
    if get_origin(annotation) in {Union, UnionType}:
        return next((member for member in get_args(annotation) if union_tag(member) == step), None)
    arguments = get_args(annotation)
    return arguments[-1] if arguments else None


def known_keys(model: Any) -> list[str]:
    """Give the keys that a mapping of that model may have."""
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def union_tags(annotation: Any) -> list[str]:
    """Give the values of `kind` that choose between the members of a union."""
    return [tag for member in get_args(annotation) if (tag := union_tag(member))]


def union_tag(member: Any) -> str | None:
    """Give the value of `kind` that chooses this member."""
    field = getattr(member, "model_fields", {}).get("kind")
    if field is None or get_origin(field.annotation) is not Literal:
        return None
    tag: str = get_args(field.annotation)[0]
    return tag
