"""Every command: its group and what `podium --help` says of it in a line. Each is a file or folder of its name in `commands/`."""

GROUPS: dict[str, dict[str, str]] = {
    "Jobs": {
        "run": "Run a score and follow it.",
        "list": "List jobs, newest first.",
        "show": "Show a job and its sheets.",
        "wait": "Wait until jobs have ended.",
        "explain": "Say why a job failed or waits, and what to do.",
    },
    "Scores": {
        "schema": "Print the JSON Schema of a score.",
        "demo": "Run a complete example once: agent, server, conductor, job.",
    },
    "Conductor": {
        "start": "Start the conductor.",
        "stop": "Stop the conductor.",
        "status": "Show the conductor and its newest jobs.",
        "service": "Have the conductor started at each login.",
        "doctor": "Check this machine and Podium's home folder.",
    },
    "Agents": {
        "call": "Call a tool exactly as an agent would.",
        "serve": "Serve the tools to an agent over stdio or HTTP (MCP).",
        "install": "Add Podium to an MCP client.",
    },
    "This command": {
        "help": "Show the help of a command.",
        "version": "Print the version.",
    },
}
"""Group -> its commands in the order of the help. A line fits 80 columns."""

COMMANDS = {name: says for commands in GROUPS.values() for name, says in commands.items()}
ALIASES = {"ps": "list"}
"""Another name -> the command that it is, where that is certain; `shared/words.py` has the words that only lead to one."""
