"""`podium serve`: the MCP server on stdin and stdout, as an agent's client starts it, or on a port of this machine."""

from collections.abc import Sequence

from podium.cli.shared.light import log, parse, parser


def main(arguments: Sequence[str]) -> int:
    """Serve until the client closes stdin or a signal comes; return the process's exit code."""
    made = parser("serve", "Serve the tools to agents (MCP): on stdin and stdout, or over HTTP.")
    made.add_argument("--http", metavar="PORT", help="serve over HTTP on this port of the loopback interface, at /mcp")
    options, settings = parse(made, arguments)
    log.configure(settings.log_level)
    # The SDK reads the logging set-up when it is imported.
    if options.http is not None:
        from podium.mcp.transports.http import serve_http

        return serve_http(settings, options.http)
    from podium.mcp.transports.stdio import serve_stdio

    return serve_stdio(settings)
