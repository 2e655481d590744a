"""The `#!` line of a script: the program that plays it instead of bash, as Linux reads such a line."""

import os
import posixpath
import re
import shlex
import shutil
from dataclasses import dataclass

_SPLIT = re.compile(r"(?:-[0iv]*S|--split-string(?=[\s=]))[\s=]*")  # options of env: what follows are several arguments
_OPTIONS = ("-u", "--unset", "-C", "--chdir")  # options of env with a value of their own
_SHELLS = frozenset({"bash", "sh", "dash", "ksh", "zsh"})


@dataclass(frozen=True)
class Interpreter:
    """What a `#!` line names: a program, and what follows as one argument, "" for none. `fault` says why it cannot be used."""

    program: str
    argument: str = ""
    fault: str = ""

    def command(self, script: str) -> tuple[str, ...]:
        """Return the command that plays the script in this file."""
        return (self.program, *([self.argument] if self.argument else []), script)

    @property
    def sought(self) -> str:
        """The program that `env` looks for in PATH, "" if it is not asked to."""
        if posixpath.basename(self.program) != "env" or not self.argument:
            return ""
        split = _SPLIT.match(self.argument)
        if split is None:
            return self.argument
        try:
            words = iter(shlex.split(self.argument[split.end() :]))
        except ValueError:
            return ""  # env says what is wrong with it
        for word in words:
            if word in _OPTIONS:
                next(words, "")
            elif word.startswith("PATH="):
                return ""  # where env looks then, only it knows
            elif "=" not in word and not word.startswith("-"):
                return "" if "${" in word else word
        return ""


def interpreter(script: str) -> Interpreter | None:
    """Return what the first line of a script names, None for a script without `#!`."""
    if not script.startswith("#!"):
        return None
    words = script[2:].partition("\n")[0].strip().split(None, 1)
    program, argument = (*words, "", "")[:2]
    if not program:
        return Interpreter("", fault="the #! line names no program")
    if not program.startswith("/"):
        fault = f"the #! line needs the absolute path of a program; write #!/usr/bin/env {program}"
    elif posixpath.basename(program) == "env" and len(argument.split()) > 1 and not _SPLIT.match(argument):
        fault = f"env takes {argument!r} for the name of one program; write #!{program} -S {argument}"
    elif posixpath.basename(program) in _SHELLS and len(argument.split()) > 1:
        fault = f"{program} takes {argument!r} for one option; write #!/usr/bin/env -S {program} {argument}"
    else:
        fault = ""
    return Interpreter(program, argument, fault)


def missing_program(found: Interpreter, path: str, folder: str) -> str:
    """Return which program is not there, "" if all are. `path` has the form of PATH; relative folders in it are in `folder`."""
    if not os.access(found.program, os.X_OK) or os.path.isdir(found.program):  # noqa: PTH112 -- Path.is_dir raises for a long path
        return found.program
    sought = found.sought
    if not sought:
        return ""
    places = [os.path.join(folder, each) for each in path.split(os.pathsep)]  # noqa: PTH118
    where = f"{folder}/{sought}" if "/" in sought and not sought.startswith("/") else sought
    return "" if shutil.which(where, path=os.pathsep.join(places)) else sought


def is_plain_shell(found: Interpreter) -> bool:
    """Return whether this is bash or sh without options, as commands are played in any case."""
    return _name(found) in {"bash", "sh"} and found.argument in {"", found.sought}


def is_shell(script: str) -> bool:
    """Return whether the `#!` line of a script names a shell."""
    found = interpreter(script)
    return found is not None and _name(found) in _SHELLS


def _name(found: Interpreter) -> str:
    return posixpath.basename(found.sought or found.program)
