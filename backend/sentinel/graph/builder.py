"""The graph's shape.

START ─▶ route ─▶ primary ─┬─▶ tools ─▶ route (which prefers the serving target)
             └──▶ fallback ◀┤
                   │  └─▶ fallback (next target)
                   └────────┴─▶ log ─▶ END
"""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from sentinel.graph import nodes
from sentinel.graph.context import RunContext
from sentinel.graph.state import RunState, target_of

RECURSION_LIMIT = 200
"""Steps of one run; above what `max_steps` model calls with failovers and tools need, so it is only a backstop."""

BEGINS = "__begins"
"""Set among a config's `configurable`: nothing is kept of this run yet, so that nothing has to be looked for."""

AgentGraph = CompiledStateGraph[RunState, RunContext, RunState, RunState]

_AFTER_ATTEMPT = ["primary", "fallback", "tools", "log"]


def build_graph(checkpointer: BaseCheckpointSaver[str]) -> AgentGraph:
    """Compile the agent's graph on a checkpointer."""
    graph = StateGraph(RunState, context_schema=RunContext)
    graph.add_node("route", nodes.route)
    graph.add_node("primary", nodes.attempt)
    graph.add_node("fallback", nodes.attempt)
    graph.add_node("tools", nodes.tools)
    graph.add_node("log", nodes.log)
    graph.add_edge(START, "route")
    graph.add_conditional_edges("route", next_node, ["primary", "fallback", "log"])
    graph.add_conditional_edges("primary", next_node, _AFTER_ATTEMPT)
    graph.add_conditional_edges("fallback", next_node, _AFTER_ATTEMPT)
    graph.add_edge("tools", "route")
    graph.add_edge("log", END)
    return graph.compile(checkpointer=checkpointer)


async def next_node(state: RunState, runtime: Runtime[RunContext]) -> str:
    """Follow the planner's word: a target, tools to call, or the end.

    Async, though it waits for nothing: LangGraph takes plain functions to another thread, which costs more than this.
    """
    target = target_of(state["next_target"])
    if target is not None:
        return str(runtime.context.route.tier(target))
    wants_tools = state["pending"] and state["give_up"] is None
    if wants_tools and state["steps"] < runtime.context.parts.max_steps:
        return "tools"
    return "log"
