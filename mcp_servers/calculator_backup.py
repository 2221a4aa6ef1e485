"""An MCP server with one tool: arithmetic on decimal numbers, the stand-in for `calculator`.

Its parser and its arithmetic share nothing with the first one's, and its tool has other names on purpose: what
stands in for a tool is seldom its twin.
"""

from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from mcp_servers.decimal_expressions import MAX_LENGTH, calculate
from mcp_servers.decimal_numbers import CalculationError
from mcp_servers.serving import LOOKS_ONLY, argument_parser, serve, text_field

DESCRIPTION = (
    "Calculate an arithmetic expression with decimal numbers (34 digits; whole numbers are exact). Operators: + - * / "
    "// % ** and parentheses. Functions: sqrt, sin, cos, tan (radians), log (natural, or log(value, base)), log10, "
    "exp, abs, round, floor, ceil, min, max, factorial. Constants: pi, e, tau. Example: (17 * 23 + 4) / sqrt(2)"
)
Expression = Annotated[str, text_field("The expression, such as 0.1 + 0.2 or factorial(20).", most=MAX_LENGTH)]


async def calc(expr: Expression) -> str:
    """Return the value of `expr`; the error of a bad one is meant for its author."""
    try:
        return calculate(expr)
    except CalculationError as exc:
        raise ToolError(str(exc)) from exc


def build_server() -> MCPServer[None]:
    """Return the server, not yet running."""
    server: MCPServer[None] = MCPServer("calculator-backup", version="1.0.0", log_level="WARNING")
    server.add_tool(calc, title="Decimal calculator", description=DESCRIPTION, annotations=LOOKS_ONLY)
    return server


def main() -> None:
    """Run the server as a program."""
    parser = argument_parser(module="mcp_servers.calculator_backup", description="Bounded decimal arithmetic.")
    serve(build_server(), http_port=parser.parse_args().http)


if __name__ == "__main__":
    main()
