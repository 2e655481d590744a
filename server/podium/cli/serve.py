"""`podium serve`: the MCP server on stdin and stdout, as an agent's client starts it."""

from collections.abc import Sequence

from podium.cli.light import log, parse, parser


def main(arguments: Sequence[str]) -> int:
    """Serve until the client closes stdin or a signal comes; return the process's exit code."""
    _, settings = parse(parser("serve", "Serve the tools to an agent over stdio (MCP)."), arguments)
    log.configure(settings.log_level)
    from podium.mcp.stdio import serve_stdio  # the SDK reads the logging set-up when it is imported

    return serve_stdio(settings)
