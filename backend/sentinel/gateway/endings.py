"""The last frames of a stream: one finish, one usage block that adds up what was really spent, and the end marker."""

from typing import Any

from sentinel.domain.attempts import Usage
from sentinel.gateway.frames import DONE, Chunk, raw_frames
from sentinel.gateway.outgoing import Identity, frame_of


def usage_block(usage: Usage, original: dict[str, Any] | None) -> dict[str, Any]:
    """Give the usage as OpenAI's clients read it; the serving target's own details are kept."""
    block = {
        **(original or {}),
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    return block | {"estimated": True} if usage.estimated else block


def closing_frames(
    tail: list[Chunk], *, spent: Usage, is_spliced: bool, identity: Identity, wants_usage: bool
) -> bytes:
    """Give everything after the last content.

    Frames go as they came when nothing has to be added to them: the caller asked for usage, the provider counted it,
    and no other attempt has spent anything. Else the finish is written anew, with the usage in it, or with a usage
    frame behind it if the caller asked for one.
    """
    original = next((chunk.data["usage"] for chunk in reversed(tail) if chunk.usage), None)
    counted = next((chunk.usage for chunk in reversed(tail) if chunk.usage), None)
    if wants_usage and counted == spent and not is_spliced:
        return raw_frames(tail) + DONE
    finishes = [_finish(chunk, identity, is_spliced=is_spliced) for chunk in tail if chunk.finish_reasons]
    for finish in finishes:
        finish.pop("usage", None)
    block = usage_block(spent, original)
    if wants_usage:
        finishes.append({**finishes[-1], "choices": [], "usage": block})
    else:
        finishes[-1]["usage"] = block
    return b"".join(frame_of(finish) for finish in finishes) + DONE


def _finish(chunk: Chunk, identity: Identity, *, is_spliced: bool) -> dict[str, Any]:
    """Give the finishing chunk; the text in that of a spliced stream has passed the seam, and was sent before."""
    data = {**chunk.data, **identity.fields}
    if is_spliced:
        data["choices"] = [{**choice, "delta": {}} for choice in data.get("choices") or ()]
    return data
