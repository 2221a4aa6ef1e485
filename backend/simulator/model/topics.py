"""What the scripted model knows: its texts about resilience and Sentinel, in Markdown.

Each topic is found by a pattern in the user's message; the first that fits answers.
"""

import re
from dataclasses import dataclass

INTRODUCTION = "I am `{model}`, a simulated model on the {wire} wire — my answers are scripted, not generated.\n\n"

_CIRCUIT_BREAKER = """\
A **circuit breaker** keeps a caller from waiting on something that is known to be broken. It watches the outcomes of
calls and, after enough failures, answers at once instead of calling.

| State | What happens to a call | What ends the state |
|---|---|---|
| closed | it goes through, its outcome is counted | too many failures in the window → open |
| open | it is refused at once, nothing is sent | the recovery time has passed → half-open |
| half-open | one trial call goes through, the others are refused | success → closed, failure → open again |

A minimal version in Python:

```python
class CircuitBreaker:
    def __init__(self, *, threshold: int = 5, recovery_seconds: float = 30.0) -> None:
        self.threshold = threshold
        self.recovery_seconds = recovery_seconds
        self.failures = 0
        self.opened_at: float | None = None

    def allows_call(self, now: float) -> bool:
        return self.opened_at is None or now - self.opened_at >= self.recovery_seconds

    def record(self, *, success: bool, now: float) -> None:
        self.failures = 0 if success else self.failures + 1
        self.opened_at = now if self.failures >= self.threshold else None
```

With $f$ failures and $s$ successes in the window, the failure rate is

$$
r = \\frac{f}{f + s}
$$

and the circuit opens when $f \\ge 5$ in a row, or when $r$ passes its limit. Three things make it work in practice:

1. **Count the right outcomes.** A rejected request (status 400) says nothing about the health of the provider.
2. **Fail over while it is open.** A refused call costs microseconds, so the next target can answer at once.
3. **Grow the open time** if trial calls keep failing, so that a broken provider is not hammered.
"""

_SENTINEL = """\
**Sentinel** is the resilience layer between an application and everything its AI depends on: model providers and MCP
tool servers. You see a response, not a crash, and the operator sees exactly what it took to give it.

| Part | What it does |
|---|---|
| runs | append events to a log; the browser only reads that log, so a reload loses nothing |
| attempt pipeline | limits, circuit breaker, timers and classification around every call that leaves the process |
| graph | `route → primary → fallback → tools → log`, explicit LangGraph nodes |
| gateway | the OpenAI wire for any client, with the same failover |
| console | chat, kill switches and breakers, live |

Ask it a question over HTTP:

```bash
curl -s http://127.0.0.1:8000/api/chat \\
  -H 'content-type: application/json' \\
  -d '{"messages": [{"role": "user", "content": "What is a circuit breaker?"}]}'
```

If targets fail independently, each with probability $p_i$, all of them fail together only with

$$
P = \\prod_{i=1}^{n} p_i
$$

so two targets at 99% give about $1 - 0.01^2$, that is 99.99%. To see it happen, turn on the **kill switch** of the
primary provider in the console and ask again: the fallback answers, and its chip says why.
"""

_FAILOVER = """\
**Failover** means that another target answers when the first one cannot. What is possible depends on the moment:

| The provider breaks … | … then |
|---|---|
| before the first word | nobody notices: the next target answers |
| in mid-answer | the next target goes on, and the seam between the two texts is verified |
| in a tool call | nothing of the call was used yet, so the next target is asked for it again |

Before any of that, a *kill switch*, an open *circuit breaker* or a pause that the target asked for skips it without
calling it at all:

```text
route ─▶ primary ──(failed, held, open or killed)──▶ fallback ─▶ log
```

The time a failover adds before the first word is roughly

$$
t = t_{\\text{detect}} + t_{\\text{first token of the fallback}}
$$

where $t_{\\text{detect}}$ is almost nothing for a refused connection, and the whole first-token timeout for a silent
one.
"""

_RETRIES = """\
**Retries** help against short faults and hurt during long ones. Good practice fits in four rules:

1. Retry in exactly one layer. Three layers with three attempts each are $3^3 = 27$ calls for one question.
2. Wait longer each time, with jitter, so that callers do not return in step:

$$
d_n = \\operatorname{random}\\left(0,\\ \\min(d_{\\max},\\ d_0 \\cdot 2^n)\\right)
$$

3. Spend from a budget: when more than about 10% of the calls are retries, stop retrying.
4. Never retry what cannot get better, such as a wrong key or an invalid request.

| Answer | Retry? |
|---|---|
| connection refused, 503 | yes, once |
| 429 with a short `Retry-After` | yes, after that time |
| 401, 404, quota used up | no |

```python
delay = random.uniform(0, min(max_delay, base_delay * 2**attempt))
```
"""

_TOOLS = """\
**MCP** (Model Context Protocol) lets a model use tools that live in servers of their own. I can use the ones that this
conversation offers me: ask me to *calculate* something, to *look something up*, or *what time it is*. A tool call goes
through the same guard as a model call, so a broken tool server costs an explanation and not the answer:

| Step | Who | What |
|---|---|---|
| 1 | model | asks for a tool with arguments |
| 2 | Sentinel | checks, calls the server within a time limit, records it |
| 3 | model | reads the result and answers |

```json
{"name": "calculator__evaluate", "arguments": {"expression": "12*(3+4)"}}
```
"""

_GREETING = """\
Hello! Ask me how a circuit breaker works, what Sentinel is, or give me something to calculate. If you break my provider
while I talk, you will see another one take over.
"""

_CAPABILITIES = """\
I follow a script, so I cannot really think, but I can show everything that Sentinel does with a real model:

- explain **circuit breakers**, **failover**, **retries**, **MCP tools** and **Sentinel** itself, with tables, code and
  formulas;
- call the tools that are offered to me: *"what is 12\\*(3+4)?"*, *"look up kill switch in the docs"*, *"what time is
  it?"*;
- talk for long: *"write 1000 words"*;
- answer as JSON if the request asks for it.
"""

_THANKS = """\
You are welcome. If you like, turn on a kill switch now and ask again: that is the quickest way to see a failover.
"""

_GENERAL = """\
You asked: “{question}”

I have no scripted answer to that, and I will not invent one. With a real model configured, its answer would stand here
and arrive in the same way: word by word, with its provider, its times and its tokens recorded. I can explain **circuit
breakers**, **failover**, **retries** or **Sentinel** itself, call tools to calculate or to look something up, and write
as many words as you want.
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """A text and the pattern of the questions that it answers."""

    pattern: re.Pattern[str]
    text: str


def _topic(pattern: str, text: str) -> Topic:
    return Topic(re.compile(pattern, re.IGNORECASE), text)


TOPICS = (
    _topic(r"circuit.?break|\bbreakers?\b|half.?open", _CIRCUIT_BREAKER),
    _topic(r"fail(?:s|ed|ing)?.?over|kill.?switch|\bfallback", _FAILOVER),
    _topic(r"\bretr(?:y|ies|ying)\b|back.?off|\bjitter\b", _RETRIES),
    _topic(r"\bsentinel\b", _SENTINEL),
    _topic(r"\bmcp\b|\btools?\b", _TOOLS),
    _topic(r"^\W*(?:hello|hi|hey|good (?:morning|evening|day)|moin|hallo)\b", _GREETING),
    _topic(r"who are you|what are you|what can you do|what (?:model|provider)|\bhelp\b|which model", _CAPABILITIES),
    _topic(r"^\W*(?:thanks|thank you|thx)\b", _THANKS),
)


def answer(question: str) -> str:
    """Return the text that answers a question, or a general one that says what can be asked."""
    for topic in TOPICS:
        if topic.pattern.search(question):
            return topic.text.rstrip()
    shown = " ".join(question.split())
    return _GENERAL.format(question=shown if len(shown) <= 200 else shown[:199] + "…").rstrip()  # noqa: PLR2004
