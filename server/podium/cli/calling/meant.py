"""What a wrong command line probably means, as the whole command to type."""

import difflib
import shlex
import shutil
from collections.abc import Iterable, Sequence

from podium.cli.calling.words import HARMLESS, LEADS, NOUNS, OF_SERVICE, TOOLS, WITHOUT_WORDS
from podium.cli.inventory import ALIASES, COMMANDS
from podium.cli.terminal.saying import COMMAND_OF

SCORE_ENDINGS = (".yaml", ".yml")
_WITH_VALUE = ("--home", "--socket", "--log-level", "--workspace", "--start-sheet", "--set", "--env", "--name")
_PLAYERS = {".py": "python3", ".sh": "bash", ".js": "node"}  # who runs a file that is no program itself
_OF_RUNS = ("list", "view", "watch", "rerun", "cancel", "delete")  # `gh run list`
_LIKE, _MUCH_LIKE = 0.7, 0.8
_KNOWN = (*LEADS, *COMMAND_OF)
_RESTART = "podium stop`, then `podium start"


def command_for(word: str, rest: Sequence[str] = ()) -> str:
    """Return the whole command that an unknown word may mean, with the arguments that follow it; "" if none is near."""
    word, *rest = _plain([word, *rest])
    if word in COMMANDS or word in ALIASES:
        return shlex.join(["podium", word, *rest])
    if word == "restart" and not rest:
        return _RESTART
    if word == "get":
        return _typed("show" if rest else "list", rest)
    if word in COMMAND_OF and not rest:
        return f"podium {COMMAND_OF[word]}"
    if word == "new-session" or (word == "new" and rest[:1] and rest[0].startswith("-")):
        return _run("run --detach", _without_name(rest))
    if word in _KNOWN:
        return _typed(COMMAND_OF.get(word) or LEADS[word], rest)
    if slip := near(word, [*COMMANDS, *ALIASES], _LIKE):
        return shlex.join(["podium", slip[0], *rest])
    if slip := near(word, _KNOWN, _MUCH_LIKE):
        return _typed(COMMAND_OF.get(slip[0]) or LEADS[slip[0]], rest)
    if having := [tool for tool in COMMAND_OF if word in tool.split("_")]:
        return "` or `".join(f"podium call {tool}" for tool in having[:3])
    return _typed("run", [word, *rest]) if shutil.which(word) or word.startswith("./") else ""


def command_instead(command: str, arguments: Sequence[str], unknown: str = "") -> str:
    """Return what may be meant by arguments, an option among them, that a command does not take; "" for anything else."""
    start = _first_word(arguments)
    words = [word for word in arguments[start:] if not word.startswith("-")]
    if not words:
        return ""
    if command == "run":
        return run_instead(arguments[start:], [] if unknown in arguments[:start] else arguments[:start])
    if command == "service" and words[0] in OF_SERVICE:
        return f"podium {OF_SERVICE[words[0]]}"
    if command in ("start", "stop", "status") and words[0] in NOUNS:
        return f"podium {command}"
    starting = "run" if words[0].endswith((*SCORE_ENDINGS, *_PLAYERS)) else "resume"
    if meant := {"start": starting, "stop": "cancel", "status": "show", "version": "help", "top": "show"}.get(command):
        return _typed(meant, words)
    return ""


def run_instead(words: Sequence[str], options: Sequence[str] = ()) -> str:
    """Return how to run words that are no score, after options of `podium run`; "" if they begin with a score."""
    if words[0] in _OF_RUNS:
        return command_for(words[0], words[1:])
    if words[0].endswith(SCORE_ENDINGS):
        return ""
    return shlex.join(["podium", "run", *options, "--", *_player(words[0]), *words])


def near(word: str, known: Iterable[str], like: float) -> list[str]:
    """Return what a word is like, the nearest first. A slip leaves the first letter, or swaps the first two."""
    found = difflib.get_close_matches(word, list(known), n=3, cutoff=like)
    return [each for each in found if each[:1] == word[:1] or each[:2] == word[1::-1]]


def _plain(words: list[str]) -> list[str]:
    """Return words without the name of another tool before them, and without a noun behind the first one."""
    known = {*COMMANDS, *ALIASES, *_KNOWN, *TOOLS}
    while len(words) > 1 and words[0] in {*TOOLS, "job"} and words[1] in known:
        words = words[1:]
    return [words[0], *words[2:]] if words[1:2] and words[1] in NOUNS else words


def _first_word(arguments: Sequence[str]) -> int:
    """Return the place of the first argument that is neither an option nor its value."""
    pairs = enumerate(zip(("", *arguments), arguments, strict=False))
    plain = (at for at, (before, word) in pairs if not word.startswith("-") and before not in _WITH_VALUE)
    return next(plain, len(arguments))


def _typed(words: str, rest: Sequence[str]) -> str:
    """Return a command with what followed the word, if that is plain: options of another tool mean something else here."""
    if words.startswith("run"):
        return _run(words, rest)
    if words.startswith("call") and rest:
        rest = [f"job_id={rest[0]}"]
    if words == "settings":
        rest = [word for word in rest if word not in ("get", "list")]
    if words in WITHOUT_WORDS:
        rest = []
    plain = all(word and (not word.startswith("-") or word in HARMLESS) for word in rest)
    return " ".join(["podium", words, *(shlex.quote(word) for word in rest if plain and word not in HARMLESS)])


def _without_name(rest: Sequence[str]) -> list[str]:
    """Return the words of `tmux new -s NAME CMD` without the name."""
    named = rest.index("-s") if "-s" in rest else len(rest)
    return [*rest[:named], *rest[named + 2 :]]


def _run(words: str, rest: Sequence[str]) -> str:
    """Return how a score among the words is run, or else the words as a command."""
    if "--" in rest:
        command = list(rest)[rest.index("--") + 1 :]
    elif score := [word for word in rest if word.endswith(SCORE_ENDINGS)]:
        return f"podium {words} {shlex.quote(score[0])}"
    else:
        command = [] if set(rest[:1]) - HARMLESS and rest[0].startswith("-") else [w for w in rest if w not in HARMLESS]
    return f"podium {words} -- {shlex.join([*_player(command[0]), *command]) if command else 'CMD'}"


def _player(file: str) -> list[str]:
    """Return the program that runs a file of this name, if it takes one."""
    return [player for ending, player in _PLAYERS.items() if file.endswith(ending)]
