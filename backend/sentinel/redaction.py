"""What a secret looks like, by its key's name and its own shape, and which were configured. Imports nothing of ours.

Used for logs, for the details of failed attempts and for messages about the configuration. They are a
net under the rule that nobody writes a secret anywhere, not a licence to break it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

MASK: Final = "***"
_SHORTEST: Final = 8
"""A shorter value may be any word, and would be masked in the midst of others."""

_CAMEL_CASE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:secrets?|passwords?|passwd|pwd|passphrase|authorization|cookies?|credentials?|bearer|token|api_?keys?)$"
    r"|(?:^|_)(?:api|access|secret|private|signing|encryption|subscription|auth|master)_?keys?(?:_|$)"
    r"|(?:^|_)(?:secret|password|credential)s?_"
)
# No shape is unbounded on both sides of what makes it one: a long hostile text must not take quadratic time.
_SHAPES: Final = (
    (
        re.compile(
            r"(?<![\w*-])(?:sk|gsk|csk|pk|rk|xai|pplx|nvapi|tvly|hf|gh[oprsu]|glpat|xox[abpsr])[-_][\w*.-]{7,}[\w*-]"
        ),
        MASK,
    ),
    (re.compile(r"(?<![\w-])(?:AIza[\w-]{16,}|AKIA[A-Z0-9]{12,}|github_pat_\w{8,})"), MASK),
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"), MASK),
    (re.compile(r"(?i)\b(bearer)\s+[^\s'\",;]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b(basic)\s+[a-z0-9+/]{16,}={0,2}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"]*):[^\s/'\"]*@"), rf"\1:{MASK}@"),
    (re.compile(r"(?i)([?&](?:[\w-]*key|[\w-]*token|[\w-]*secret|password|sig|signature)=)[^&\s#'\"]+"), rf"\1{MASK}"),
    (  # said of a key by its name: `api-key: …`, `"password": "…"`, `Incorrect API key provided: …`
        re.compile(
            r"(?i)((?:api[-_ ]?key|access[-_]key|subscription[-_ ]key|secret|token|passw(?:or)?d|authorization)"
            r"(?:\s+(?:provided|given|supplied|used))?['\"]?\s{0,3}[:=]\s{0,3}['\"]?)"
            rf"(?!{re.escape(MASK)}|bearer\b|basic\b)[^\s'\",;&}})\]]{{8,}}"
        ),
        rf"\1{MASK}",
    ),
)


def looks_secret(name: str) -> bool:
    """Tell whether a key of that name (snake_case, kebab-case, camelCase or CAPITALS) holds a secret."""
    words = _CAMEL_CASE.sub("_", name).replace("-", "_").replace(".", "_").lower()
    return _SECRET_NAME.search(words) is not None


def redact_text(text: str) -> str:
    """Give the text with everything masked that has the shape of a credential."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def redact_value(value: Any, mask: Callable[[str], str] = redact_text) -> Any:
    """Give plain data with the values of secret-looking keys masked, and credentials masked in all texts."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: redact_item(key, item, mask) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item, mask) for item in value]
    return value


def redact_item(key: object, value: Any, mask: Callable[[str], str] = redact_text) -> Any:
    """Give one value of a mapping as it may be shown."""
    if isinstance(key, str) and looks_secret(key) and value is not None and not isinstance(value, bool):
        return MASK
    return redact_value(value, mask)


class Redactor:
    """Masks the secrets that were configured, wherever they stand, and what has the shape of one.

    Also those written as in JSON or in an address, and what a cut has left of one at either end of a text. Values under
    eight characters are not known. The time is linear in the length of a text, for each secret.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know these values."""
        known = {form for each in secrets if len(each) >= _SHORTEST for form in _forms(each)}
        self._known = tuple(sorted(known, key=lambda each: (-len(each), each)))  # one may be a part of another

    def text(self, text: str) -> str:
        """Give a text as it may be shown."""
        return redact_text(self.known(text))

    def item(self, key: object, value: Any) -> Any:
        """Give one value of a mapping as it may be shown."""
        return redact_item(key, value, self.text)

    def known(self, text: str) -> str:
        """Give the text with the configured secrets masked, whatever else it holds: it may be a tool's result."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, MASK)
        for secret in self._known:
            text = _without_ends(text, secret)
        return text

    def known_in(self, value: Any) -> Any:
        """Give JSON with the configured secrets masked in all its texts and keys."""
        if not self._known:
            return value
        if isinstance(value, str):
            return self.known(value)
        if isinstance(value, dict):
            return {self.known_in(key): self.known_in(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.known_in(item) for item in value]
        return value


SHAPES_ONLY: Final = Redactor()
"""For whom no secret was configured."""


def _forms(secret: str) -> set[str]:
    return {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")}


def _without_ends(text: str, secret: str) -> str:
    """Mask the beginning of a secret at the end of a text, and the end of one at its beginning."""
    begins = text.rfind(secret[:_SHORTEST], max(0, len(text) - len(secret)))
    if begins >= 0 and secret.startswith(text[begins:]):
        text = text[:begins] + MASK
    ends = text.find(secret[-_SHORTEST:], 0, len(secret))
    if ends >= 0 and secret.endswith(text[: ends + _SHORTEST]):
        text = MASK + text[ends + _SHORTEST :]
    return text
