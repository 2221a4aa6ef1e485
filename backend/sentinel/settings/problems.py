"""Problems of the configuration, collected so that all of them are told at once.

A problem names its source (a file or the environment), the line, the key, and what is allowed. It shows the value that
it found only where that cannot be a secret.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from sentinel.errors import ConfigurationError
from sentinel.redaction import redact_text

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, at one place."""

    source: str
    line: int
    """0 where there are no lines, as in the environment."""
    key: str
    text: str

    def __str__(self) -> str:
        # Each part by itself: behind the key `api_key` our own first word would look like the secret.
        source, key, text = map(redact_text, (self.source, self.key, self.text))
        place = f"{source}:{self.line}" if self.line else source
        return f"{place}: {key}: {text}" if key else f"{place}: {text}"


@dataclass(slots=True)
class Problems:
    """Collects problems; one per place."""

    found: list[Problem] = field(default_factory=list)

    def add(self, text: str, *, source: str, line: int = 0, key: str = "") -> None:
        """Note a problem, unless one is already known for the same key."""
        if key and any((known.source, known.key) == (source, key) for known in self.found):
            return
        self.found.append(Problem(source, line, key, text))

    def raise_if_any(self) -> None:
        """Raise ConfigurationError with all problems, one per line."""
        if not self.found:
            return
        lines = [str(problem) for problem in sorted(self.found)]
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        message = "\n  ".join([f"the configuration has {count}:", *lines])
        raise ConfigurationError(message, problems=lines)


def dotted(path: KeyPath) -> str:
    """Write a path as people do: `routes.default.targets[0]`; odd keys in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + _key(step)
    return text


def _key(key: str) -> str:
    plain = key.isprintable() and not any(char in key for char in " .[]'\"")
    return key if plain and key else repr(key)


def one_of(values: Iterable[str]) -> str:
    """List allowed values: `'a', 'b' or 'c'`."""
    quoted = [repr(value) for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def did_you_mean(word: str, known: Sequence[str], *, prefix: str = "") -> str:
    """Give `; did you mean 'x'?`, or nothing when no known word is near. A `prefix` makes no two words alike."""
    forms = {_compared(name, prefix): name for name in known}
    near = get_close_matches(_compared(word, prefix), forms, n=1, cutoff=0.6)
    return f"; did you mean {forms[near[0]]!r}?" if near else ""


def _compared(word: str, prefix: str) -> str:
    return word.lower().removeprefix(prefix.lower())
