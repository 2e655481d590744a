"""Every command: its group and what `podium --help` says of it in a line. Each is a file or folder of its name in `commands/`."""

GROUPS: dict[str, dict[str, str]] = {
    "Jobs": {
        "run": "Run a score or a command and follow it.",
        "list": "List jobs, newest first.",
        "show": "Show a job and its sheets.",
        "logs": "Show what a job's sheets wrote.",
        "explain": "Say why a job failed or waits, and what to do.",
        "wait": "Wait until jobs have ended.",
        "top": "Watch jobs live, and control them.",
        "pause": "Pause jobs when their running sheets have ended.",
        "resume": "Continue a job, approve what it holds, or withdraw a pause.",
        "cancel": "End jobs and every process that they started.",
        "retry": "Run again what a job has not completed.",
        "edit": "Change a job's score in your editor.",
        "rm": "Remove ended jobs with their logs.",
        "timeline": "Show what each sheet of a job did when.",
        "report": "Write a job's record as a page or as JUnit XML.",
    },
    "Scores": {
        "init": "Write a first score.",
        "validate": "Check scores without running them.",
        "plan": "Show the sheets of a score and what they need.",
        "env": "Show what a sheet gets as its environment.",
        "schema": "Print the JSON Schema of a score.",
        "demo": "Run a complete example once: agent, server, conductor, job.",
    },
    "Conductor": {
        "start": "Start the conductor.",
        "stop": "Stop the conductor.",
        "status": "Show the conductor and its newest jobs.",
        "service": "Have the conductor started at each login.",
        "settings": "Show every setting, and where its value comes from.",
        "doctor": "Check this machine and Podium's home folder.",
    },
    "Agents": {
        "call": "Call a tool exactly as an agent would.",
        "serve": "Serve the tools to an agent over stdio or HTTP (MCP).",
        "install": "Add Podium to an MCP client.",
    },
    "This command": {
        "completion": "Print the completion script of a shell.",
        "help": "Show the help of a command.",
        "version": "Print the version.",
    },
}
"""Group -> its commands in the order of the help. A line fits 80 columns."""

COMMANDS = {name: says for commands in GROUPS.values() for name, says in commands.items()}
ALIASES = {"ps": "list"}
"""Another name -> the command that it is, where that is certain; `calling/words.py` has the words that only lead to one."""
