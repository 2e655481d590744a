"""`podium serve`: the MCP server on stdin and stdout, as an agent's client starts it, or on a port of this machine."""

from collections.abc import Sequence

from podium.cli.shared.light import hidden, log, parse, parser, quick_imports
from podium.cli.streams import run_for_long


def main(arguments: Sequence[str]) -> int:
    """Serve until the client closes stdin or a signal comes; return the process's exit code."""
    made = parser("serve", "Serve the tools to agents (MCP): on stdin and stdout, or over HTTP.")
    made.add_argument("--http", metavar="PORT", help="serve over HTTP on this port of the loopback interface, at /mcp")
    options, settings = parse(made, arguments)
    run_for_long()
    # Clients keep what is said here, or never read it: warnings only, unless more is asked for.
    level = settings.log_level if "log_level" in settings.model_fields_set else "warning"
    log.configure(level)  # before the import: the SDK reads the logging set-up when it is imported
    with hidden("rich"):  # the SDK would load it for a handler of log records, though the log is set up already
        with quick_imports():
            from podium.mcp.product import serve_http, serve_stdio
        return serve_stdio(settings) if options.http is None else serve_http(settings, options.http)
