"""An MCP server with one tool: exact, bounded arithmetic (see `arithmetic`), for models that cannot count."""

from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from mcp_servers.arithmetic import MAX_LENGTH, ExpressionError
from mcp_servers.arithmetic import evaluate as evaluate_arithmetic
from mcp_servers.serving import LOOKS_ONLY, argument_parser, serve, text_field

DESCRIPTION = (
    "Calculate an arithmetic expression and return its value. Operators: + - * / // % ** and parentheses. "
    "Functions: sqrt, sin, cos, tan (radians), log (natural, or log(value, base)), log10, exp, abs, round, floor, "
    "ceil, min, max, factorial. Constants: pi, e, tau. Integers are exact. Example: (17 * 23 + 4) / sqrt(2)"
)
Expression = Annotated[str, text_field("The expression, such as 2**64 or log(8, 2).", most=MAX_LENGTH)]


async def evaluate(expression: Expression) -> str:
    """Return the value of `expression`; the error of a bad one is meant for its author."""
    try:
        return evaluate_arithmetic(expression)
    except ExpressionError as exc:
        raise ToolError(str(exc)) from exc


def build_server() -> MCPServer[None]:
    """Return the server, not yet running."""
    server: MCPServer[None] = MCPServer("calculator", version="1.0.0", log_level="WARNING")
    server.add_tool(evaluate, title="Calculator", description=DESCRIPTION, annotations=LOOKS_ONLY)
    return server


def main() -> None:
    """Run the server as a program."""
    options = argument_parser(module="mcp_servers.calculator", description="Exact, bounded arithmetic.").parse_args()
    serve(build_server(), http_port=options.http)


if __name__ == "__main__":
    main()
