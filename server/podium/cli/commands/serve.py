"""`podium serve`: the MCP server on stdin and stdout, as an agent's client starts it, or on a port of this machine."""

from collections.abc import Sequence

from podium.cli.calling.light import Parser, configure_log, hidden, parse, parser, quick_imports
from podium.cli.streams import run_for_long, was_closed
from podium.errors import InvalidArguments


def arguments() -> Parser:
    """Return the parser of the command line."""
    made = parser("serve", "Serve the tools to agents (MCP): on stdin and stdout, or over HTTP.")
    made.add_argument("--http", metavar="PORT", help="serve over HTTP on this port of the loopback interface, at /mcp")
    made.add_argument(
        "--allowed-host",
        metavar="NAME[:PORT]",
        action="append",
        default=[],
        help="with --http: serve requests under this name too, as a proxy or tunnel in front of it passes them on",
    )
    made.add_argument(
        "--any-local-user",
        action="store_true",
        help="with --http: serve every user of this machine, each of whom can then run commands as you",
    )
    return made


def main(words: Sequence[str]) -> int:
    """Serve until the client closes stdin or a signal comes; return the process's exit code."""
    made = arguments()
    options, settings = parse(made, words)
    if options.http is None:
        if options.allowed_host or options.any_local_user:
            made.error("--allowed-host and --any-local-user need --http")
        _check_streams()
    run_for_long()
    # Clients keep what is said here, or never read it: warnings only, unless more is asked for.
    level = settings.log_level if "log_level" in settings.model_fields_set else "warning"
    configure_log(level)  # before the import: the SDK reads the logging set-up when it is imported
    with hidden("rich"):  # the SDK would load it for a handler of log records, though the log is set up already
        with quick_imports():
            from podium.mcp.product import serve_http, serve_stdio
        if options.http is None:
            return serve_stdio(settings)
        return serve_http(settings, options.http, hosts=options.allowed_host, any_local_user=options.any_local_user)


def _check_streams() -> None:
    """Refuse to serve on a stream that is not there: without this the process would end, or answer nobody, silently."""
    for number, name in enumerate(("stdin", "stdout")):
        if was_closed(number):
            raise InvalidArguments(
                f"{name} (descriptor {number}) is closed, and podium serve speaks MCP on it.",
                fix="Start it from an MCP client, which gives it both streams, or serve over HTTP with --http PORT.",
            )
