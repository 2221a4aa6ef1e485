"""Lists of tools that are meant to hurt, for `misbehaving.py --lists KIND`."""

import math
from typing import Any

Json = dict[str, Any]


def nested(depth: int) -> Json:
    """A schema of schemas of schemas."""
    schema: Json = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def one_page(tools: list[Json], **more: Any) -> Json:
    """A page of a list of tools."""
    return {"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "public"} | more


def listed(name: str, **more: Any) -> Json:
    """A tool as it is listed."""
    return {"name": name, "inputSchema": {"type": "object"}} | more


REDOS = {"type": "object", "properties": {"text": {"type": "string", "pattern": "^(a+)+$"}}, "required": ["text"]}
UNSEEN = "a\u200bb\u202e" * 1_000  # characters that have to be looked at one by one
ODD = "Adds\u202e sdda\u0000\u001b[31m \u200b\u2066two\u2069 numbers\ud83d\ude00"


def hostile_page(kind: str, cursor: str | None) -> Json:
    """A page of a list that is meant to hurt; the first tool is a good one."""
    number = int(cursor or 0)
    good = [listed("echo")] if number == 0 else []
    match kind:
        case "endless":
            return one_page([*good, listed(f"tool{number}")], nextCursor=str(number + 1))
        case "thousand":
            return one_page([*good, *(listed(f"tool{each}", description="x" * 100) for each in range(4_000))])
        case "many":
            return one_page([*good, *(listed(f"tool{each}", description="x" * 100) for each in range(10_000))])
        case "deep":
            return one_page([*good, listed("deep", inputSchema=nested(400)), listed("less", inputSchema=nested(200))])
        case "wide" | "broad":
            wide = {"type": "object", "properties": {f"p{each}": {"type": "string"} for each in range(5_000)}}
            count = 8 if kind == "wide" else 2
            return one_page([*good, *(listed(f"wide{each}", inputSchema=wide) for each in range(count))])
        case "wordy" | "unseen":
            count, words = (5, "word " * 100_000) if kind == "wordy" else (199, UNSEEN)
            return one_page([*good, *(listed(f"{kind}{each}", description=words) for each in range(count))])
        case "odd":
            return one_page([*good, listed("odd", description=ODD), listed("o\u202edd\u0000"), listed("x" * 300)])
        case "unfit":
            nan = {"type": "object", "properties": {"a": {"default": math.nan}}}
            none: list[Any] = [listed("null", inputSchema=None), listed("list", inputSchema=[]), {"name": 5}, {}, None]
            return one_page([*good, listed("nan", inputSchema=nan), *none])
        case "redos":
            return one_page([*good, listed("promise", outputSchema=REDOS)])
    return one_page(good)
