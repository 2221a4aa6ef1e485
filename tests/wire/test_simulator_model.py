"""What the scripted model says: a conversation in, an answer or tool calls out."""

import re
from dataclasses import replace

import pytest

from simulator.model import long_text, tokens
from simulator.model.conversation import Conversation, Message, Reply, Tool, ToolCall
from simulator.model.script import reply

EXPRESSION = {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}
QUERY = {
    "type": "object",
    "properties": {"limit": {"type": "integer", "minimum": 3}, "query": {"type": "string"}},
    "required": ["limit", "query"],
}
ZONE = {"type": "object", "properties": {"timezone": {"type": "string", "default": "UTC"}}}
TOOLS = (
    Tool("knowledge__read", parameters={"properties": {"path": {"type": "string"}}}),
    Tool("knowledge__search", parameters=QUERY),
    Tool("calculator__evaluate", parameters=EXPRESSION),
    Tool("clock__convert", parameters={"properties": {"time": {"type": "string"}}}),
    Tool("clock__now", parameters=ZONE),
)


def ask(question: str, *before: Message, tools: tuple[Tool, ...] = (), model: str = "sim-large") -> Reply:
    """Return the reply to a question."""
    return reply(Conversation(model, "OpenAI", (*before, Message("user", question)), tools))


def after_tool(question: str, call: ToolCall, result: str) -> str:
    """Return the answer to a question after a tool gave its result."""
    turns = (
        Message("user", question),
        Message("assistant", tool_calls=(call,)),
        Message("tool", result, tool_call_id=call.id),
    )
    return reply(Conversation("sim-large", "OpenAI", turns, TOOLS)).text


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("what is 12*(3+4)?", "12*(3+4)"),
        ("Calculate 17 * 23, please.", "17 * 23"),
        ("What is 15% of 80?", "15/100*80"),
        ("how much is 1,234.5 plus 20", "1234.5 + 20"),
        ("2^10", "2**10"),
        ("What is the square root of 144?", "sqrt(144)"),
        ("What is 7 times 6?", "7 * 6"),
        ("what is 5 squared", "5**2"),
        ("evaluate max(1, 2) + sqrt(16)", "max(1, 2) + sqrt(16)"),
        ("what is -3 * -4", "-3 * -4"),
        ("calculate (2+3", "2+3"),
    ],
)
def test_calculation_calls_the_tool_that_evaluates(question: str, expression: str) -> None:
    assert ask(question, tools=TOOLS).tool_calls == (ToolCall("calculator__evaluate", {"expression": expression}),)


@pytest.mark.parametrize(
    "question",
    [
        "How does a breaker count 5 failures in 30 seconds?",
        "Is gpt-4o-mini better than GPT-4?",
        "What is special about 2024-10-12?",
        "It costs $5 and $10.",
        "How does search work?",
        "Explain f/(f+s) to me",
    ],
)
def test_question_that_needs_no_tool_is_answered_with_text(question: str) -> None:
    answer = ask(question, tools=TOOLS)

    assert answer.tool_calls == ()
    assert answer.text


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Please search the docs for circuit breakers", "circuit breakers"),
        ("look up 'kill switch' in the docs", "kill switch"),
        ("What do the docs say about retries?", "retries"),
    ],
)
def test_look_up_calls_the_tool_that_searches_with_arguments_of_its_schema(question: str, query: str) -> None:
    assert ask(question, tools=TOOLS).tool_calls == (ToolCall("knowledge__search", {"limit": 3, "query": query}),)


def test_time_is_asked_of_the_tool_with_now_in_the_zone_that_was_named() -> None:
    assert ask("What time is it?", tools=TOOLS).tool_calls == (ToolCall("clock__now", {"timezone": "UTC"}),)
    zoned = ask("What is the time in Europe/Vienna?", tools=TOOLS)
    assert zoned.tool_calls == (ToolCall("clock__now", {"timezone": "Europe/Vienna"}),)


@pytest.mark.parametrize(
    "name", ["search", "knowledge.search", "knowledge/search", "searchDocs", "look_up", "doc-lookup"]
)
def test_tool_is_recognised_by_the_words_of_its_name(name: str) -> None:
    tools = (Tool("knowledge__open"), Tool(name, parameters=QUERY))

    assert [call.name for call in ask("look up failover", tools=tools).tool_calls] == [name]


def test_one_message_can_ask_for_several_tools() -> None:
    question = "What is 2+2 and 3*3? Also look up failover, and tell me what time is it"

    assert [call.name for call in ask(question, tools=TOOLS).tool_calls] == [
        "calculator__evaluate",
        "calculator__evaluate",
        "knowledge__search",
        "clock__now",
    ]


def test_tool_called_by_name_gets_the_arguments_given() -> None:
    answer = ask('Please call calculator__evaluate with {"expression": "1/0"}', tools=TOOLS)

    assert answer.tool_calls == (ToolCall("calculator__evaluate", {"expression": "1/0"}),)


def test_request_to_call_again_and_again_never_ends() -> None:
    question = Message("user", "call clock__now again and again")
    call = ToolCall("clock__now", {"timezone": "UTC"}, "call_1")
    turns = (question, Message("assistant", tool_calls=(call,)), Message("tool", "noon", tool_call_id="call_1"))

    assert reply(Conversation("sim-large", "OpenAI", turns, TOOLS)).tool_calls[0].name == "clock__now"


def test_without_a_fitting_tool_the_model_says_so_instead_of_guessing() -> None:
    text = ask("What is 12*(3+4)?").text

    assert "no tool for that was offered" in text
    assert "84" not in text
    assert "no tool that searches" in ask("look up failover", tools=TOOLS[2:3]).text


def test_result_of_a_tool_is_in_the_answer() -> None:
    calculated = after_tool("?", ToolCall("calculator__evaluate", {"expression": "6*7"}, "c1"), "42")
    structured = after_tool("?", ToolCall("calculator__evaluate", {"expression": "6*7"}, "c1"), '{"result": 42}')
    found = after_tool(
        "?", ToolCall("knowledge__search", {"query": "failover"}, "c1"), "# Failover\n\nIt failed.\n" * 30
    )
    told = after_tool("?", ToolCall("clock__now", {}, "c1"), "2026-11-21T00:00:00+00:00")

    assert "`6*7` is **42**" in calculated
    assert structured == calculated
    assert "found for “failover”:\n\n> # Failover\n>\n> It failed." in found
    assert "**2026-11-21T00:00:00+00:00**" in told


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (ToolCall("calculator__evaluate", {"expression": "1/0"}, "c1"), "division by zero"),
        (ToolCall("calculator__evaluate", {"expression": "1/0"}, "c1"), "The tool has failed too often and is paused."),
        (ToolCall("knowledge__search", {"query": "x"}, "c1"), "Error: no index"),
        (ToolCall("knowledge__search", {"query": "x"}, "c1"), "The tool's server is not available. Nothing was done."),
        (ToolCall("clock__now", {}, "c1"), "unknown time zone 'Mars/Base'"),
        (ToolCall("clock__now", {}, "c1"), '{"is_error": true, "message": "boom"}'),
    ],
)
def test_failed_tool_is_reported_and_nothing_is_made_up(call: ToolCall, result: str) -> None:
    text = after_tool("?", call, result)

    assert f"The tool `{call.name}` reported an error" in text
    assert "I will not make one up" in text


def test_results_of_several_tools_are_matched_by_their_ids() -> None:
    calls = (ToolCall("e", {"expression": "1+1"}, "c1"), ToolCall("e", {"expression": "2+2"}, "c2"))
    results = (Message("tool", "4", tool_call_id="c2"), Message("tool", "2", tool_call_id="c1"))
    turns = (Message("user", "?"), Message("assistant", tool_calls=calls), *results)
    text = reply(Conversation("sim-large", "OpenAI", turns)).text

    assert "`2+2` is **4**" in text
    assert "`1+1` is **2**" in text


def test_every_model_introduces_itself_once_per_conversation() -> None:
    first = ask("Hello").text
    second = ask("What is Sentinel?", Message("user", "Hello"), Message("assistant", first)).text
    other = ask("What is Sentinel?", Message("user", "Hello"), Message("assistant", first), model="sim-small").text

    assert first.startswith("I am `sim-large`, a simulated model on the OpenAI wire")
    assert "simulated model" not in second
    assert other.startswith("I am `sim-small`, a simulated model")
    assert other.endswith(second)


@pytest.mark.parametrize("question", ["What is a circuit breaker?", "Explain Sentinel", "How does failover work?"])
def test_explanations_have_a_table_code_and_both_kinds_of_formula(question: str) -> None:
    text = ask(question).text

    assert re.search(r"^\|---(\|---)+\|$", text, re.MULTILINE)
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2
    assert len(re.findall(r"^\$\$$", text, re.MULTILINE)) == 2
    assert re.search(r"[^$]\$[^$\n]+\$[^$]", text)


def test_unknown_question_is_quoted_and_not_answered() -> None:
    text = ask("Why is the sky blue?").text

    assert "You asked: “Why is the sky blue?”" in text
    assert "no scripted answer" in text


@pytest.mark.parametrize("words", [1, 2, 3, 4, 50, 120, 121, 1000, 5003])
def test_long_answer_has_exactly_the_words_asked_for(words: int) -> None:
    assert tokens.count(long_text.write(words)) == words
    assert tokens.count(ask(f"Write {words:,} words about dependability").text) >= words


def test_long_answer_of_any_length_ends_with_a_sentence() -> None:
    texts = {words: long_text.write(words) for words in (*range(1, 400), 5003)}

    assert {words: tokens.count(text) for words, text in texts.items()} == {words: words for words in texts}
    assert [words for words, text in texts.items() if not text.endswith(".")] == []


def test_long_answer_without_a_number_is_long() -> None:
    assert tokens.count(ask("Give me a long answer about anything").text) > 800


def test_prefilled_answer_is_continued_where_it_ends() -> None:
    whole = ask("What is a circuit breaker?").text
    for cut in (10, 60, len(whole) // 2, len(whole) - 1):
        begun = Message("assistant", whole[:cut])
        turns = (Message("user", "What is a circuit breaker?"), begun)
        assert whole[:cut] + reply(Conversation("sim-large", "OpenAI", turns)).text == whole


def test_answer_that_another_model_began_is_continued_where_it_ends() -> None:
    whole = ask("What is a circuit breaker?").text
    begun = Message("assistant", whole[: len(whole) // 2])
    turns = (Message("user", "What is a circuit breaker?"), begun)

    assert begun.text + reply(Conversation("sim-small", "Ollama", turns)).text == whole


def test_same_conversation_gets_the_same_answer() -> None:
    conversation = Conversation("sim-large", "OpenAI", (Message("user", "What is Sentinel?"),))

    assert reply(conversation) == reply(replace(conversation))


@pytest.mark.parametrize("text", ["", " ", "a", "a b", "  lead", "trail \n", "a\n\nb — ü", "\n"])
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokens.pieces(text)) == text


@pytest.mark.timeout(30)  # it takes milliseconds, or hours
@pytest.mark.parametrize("unit", ["(", "1+", " ", "a ", "sqrt(", "1 ", "1,", "look up ", ", ", "\n"])
def test_long_hostile_text_does_not_hold_up_the_others(unit: str) -> None:
    assert ask(unit * (200_000 // len(unit)), tools=TOOLS) is not None
