"""Long answers of an exact number of words, for pacing, scrolling and cutting."""

import re
from itertools import chain, combinations

DEFAULT_WORDS = 800
MAX_WORDS = 100_000
_WORDS_PER_SECTION = 120
_ASKED_WORDS = re.compile(r"\b(\d[\d,._]{0,9})\s*-?\s*words?\b", re.IGNORECASE)
_ASKS_FOR_LENGTH = re.compile(
    r"\b(?:long|lengthy|detailed)\s+(?:\w+\s+){0,2}?(?:answer|text|story|article|explanation|report)"
    r"|\bessay\b|\bat length\b",
    re.IGNORECASE,
)
_SENTENCES = (
    "A dependable system is not one in which nothing breaks, but one in which a break has a known cost.",
    "Every call that leaves the process has a deadline, and the deadline is shared by all attempts.",
    "A provider that is slow is harder to see than a provider that is down, so time is measured at the first word.",
    "When one target fails, the next one answers, and the record says which it was and why.",
    "Retries are a loan: they buy time for one caller and charge it to everybody else.",
    "An open circuit is good news, because a refusal costs microseconds — a silent connection costs minutes.",
    "What a reader has already seen is never taken back without saying so.",
    "A log that is written before it is read can be read again after a crash.",
    "Operators trust what they can break on purpose, so a kill switch is a feature and not an accident.",
    "Small queues keep their promises; long queues only postpone the bad news.",
    "The best moment to find out that a fallback works is before it is needed.",
)
_SHORT_SENTENCES = (
    "Measure.",
    "Keep records.",
    "Nothing fails silently.",
    "Every failure is named.",
    "Plan for the bad day.",
    "A fallback is tested every day.",
    "The reader always knows who answered them.",
    "A promise without a deadline is a hope.",
)
"""One of each length from 1 to 8 words; together they end a text after any number of words."""
_SHORTEST_ENDING = 3
_WORTH_A_SECTION = 30


def words_wanted(text: str) -> int:
    """Return how many words a message asks for; 0 if it does not ask for a long answer."""
    match = _ASKED_WORDS.search(text)
    if match:
        digits = re.sub(r"\D", "", match[1])
        return max(1, min(int(digits), MAX_WORDS))
    return DEFAULT_WORDS if _ASKS_FOR_LENGTH.search(text) else 0


def write(words: int) -> str:
    """Return a text of exactly that many words, in sections with headings, that ends with a sentence."""
    parts: list[str] = []
    left = words
    while left > 0:
        parts.append(_section(len(parts) + 1, left))
        left -= len(parts[-1].split())
    return "\n\n".join(parts)


def _section(number: int, left: int) -> str:
    """Return a section; one that would leave little takes all the words that are left."""
    heading = f"## Part {number}"
    room = left - len(heading.split())
    if room < _SHORTEST_ENDING:
        return _ending(left)
    return f"{heading}\n\n{' '.join(_sentences(number - 1, room))}"


def _sentences(first: int, room: int) -> list[str]:
    chosen: list[str] = []
    left, position = room, first
    while left > 0 and (room - left < _WORDS_PER_SECTION or left < _WORTH_A_SECTION):
        sentence = _SENTENCES[position % len(_SENTENCES)]
        after = left - len(sentence.split())
        if after != 0 and after < _SHORTEST_ENDING:
            return [*chosen, _ending(left)]
        chosen.append(sentence)
        left, position = after, position + 1
    return chosen


def _ending(words: int) -> str:
    """Return short sentences of exactly that many words."""
    sizes = {len(sentence.split()): sentence for sentence in _SHORT_SENTENCES}
    choices = chain.from_iterable(combinations(sizes, count) for count in range(1, len(sizes) + 1))
    fitting = next(choice for choice in choices if sum(choice) == words)
    return " ".join(sizes[size] for size in sorted(fitting, reverse=True))
