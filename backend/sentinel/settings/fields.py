"""The building blocks of the schema: the frozen base model, and field types that say in words what they allow."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, LiteralString
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sentinel.domain.routes import Target

_DAY: Final = 86_400
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class Model(BaseModel):
    """Base of all settings: frozen, no unknown keys, no input in error texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True)
class Allowed:
    """Says what a field allows; the whole text of the error, whatever was wrong with the value."""

    text: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap the field's own validation."""
        return core_schema.no_info_wrap_validator_function(self._check, handler(source))

    def _check(self, value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
        try:
            if isinstance(value, bool):  # pydantic would take `true` for the number 1
                raise self._error()
            return inner(value)
        except ValidationError:
            raise self._error() from None

    def _error(self) -> PydanticCustomError:
        return PydanticCustomError("not_allowed", "must be {allowed}", {"allowed": self.text})


def misfit(text: LiteralString) -> PydanticCustomError:
    """Make the error of values that do not fit together."""
    return PydanticCustomError("misfit", text)


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError
    return url.rstrip("/")


def _checked_target(value: Any) -> Any:
    return Target.parse(value) if isinstance(value, str) else value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Seconds = Annotated[
    float, Field(gt=0, le=_DAY, allow_inf_nan=False), Allowed("a number of seconds greater than 0 and at most 86400")
]
Delay = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False), Allowed("a number of seconds from 0 to 3600")]
Share = Annotated[float, Field(gt=0, le=1), Allowed("a number greater than 0 and at most 1")]
Ratio = Annotated[float, Field(ge=0, le=1), Allowed("a number from 0 to 1")]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False), Allowed("a number of 0 or more")]
Count = Annotated[int, Field(ge=1, le=1_000_000_000), Allowed("a whole number from 1 to 1000000000")]
CountOrZero = Annotated[int, Field(ge=0, le=1_000_000_000), Allowed("a whole number from 0 to 1000000000")]
Connections = Annotated[int, Field(ge=1, le=1000), Allowed("a whole number from 1 to 1000")]
Days = Annotated[int, Field(ge=0, le=36_500), Allowed("a whole number of days from 0 to 36500")]
Tries = Annotated[int, Field(ge=1, le=20), Allowed("a whole number from 1 to 20")]
Repeats = Annotated[int, Field(ge=0, le=5), Allowed("a whole number from 0 to 5")]
Port = Annotated[int, Field(ge=0, le=65_535), Allowed("a port number from 1 to 65535, or 0 for any free port")]
Text = Annotated[str, Field(min_length=1), Allowed("text that is not empty")]
Url = Annotated[str, AfterValidator(_checked_url), Allowed("an address that begins with http:// or https://")]
Name = Annotated[
    str,
    Field(pattern=_NAME),
    Allowed("a name of 1 to 64 letters, digits, '.', '_' or '-' that begins with a letter or digit"),
]
TargetField = Annotated[Target, BeforeValidator(_checked_target), Allowed("written provider/model")]
Secret = Annotated[SecretStr | None, BeforeValidator(_none_if_empty)]
