"""The settings of instruments that a score gives, checked against what the instrument's profile says of them.

A profile describes a setting by the option that takes its value, or by more (see `podium.instruments.setting`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.score.text.document import Loc
from podium.score.text.problems import Problems, describe

Form = Mapping[str, Any]
_AS_BOOLEAN = {"yes": "true", "on": "true", "no": "false", "off": "false"}


@dataclass(frozen=True)
class InstrumentSettings:
    """The settings of the instrument `name`; a path among them is relative to `folder`, None if there is none."""

    name: str
    profile: Mapping[str, Any]
    folder: Path | None
    problems: Problems

    @property
    def known(self) -> list[str]:
        """The names of the settings."""
        return list(self.profile.get("settings", {}))

    def read(self, loc: Loc, config: Mapping[str, Any], *, more: Sequence[str] = ()) -> dict[str, Any]:
        """Return these values as a plan keeps them; what is wrong with one is a problem. `more` are allowed beside them."""
        found = {}
        for key, value in config.items():
            if key in self.known:
                found[key] = self.value((*loc, key), key, value)
            else:
                message = f"is not a setting of {self.name}{self.problems.near(key, self.known)}"
                self.problems.add((*loc, key), message, allowed=[*self.known, *more], key=True)
        return found

    def value(self, loc: Loc, key: str, value: Any) -> Any:
        """Return the value at `loc` of the setting `key` as a plan keeps it."""
        form = self._form(key)
        if choices := form.get("choices"):
            return self._choice(loc, list(choices), value)
        takes = form.get("takes", "value")
        if takes in {"list", "arguments"} and isinstance(value, list):
            for position, each in enumerate(value):
                self._scalar((*loc, position), each, "text or a number")
            return [str(each) for each in value]
        if takes == "arguments":
            self.problems.add(loc, f"should be a list, not {describe(value)}")
        elif takes == "path":
            return self._path(loc, value)
        else:
            self._scalar(loc, value, "a list, or text" if takes == "list" else "text or a number")
        return value

    def check_together(self, config: Mapping[str, Any], places: Mapping[str, Loc]) -> None:
        """Note what contradicts each other, and what lets the tool do what it likes; `places` are those of the settings."""
        unguarded = set(self.profile.get("unguarded", ()))
        given: dict[str, tuple[str, str]] = {}
        for key, value in config.items():
            words = list(self._words(key, value))
            if unguarded.intersection(words):
                self.problems.note(f"{self.name} runs without asking for permissions.", places[key])
            if len(words) > 1 and "takes" not in self._form(key):
                other, word = given.setdefault(words[0], (key, words[1]))
                if word != words[1]:
                    self.problems.add(places[key], f"contradicts {other}; leave one of the two out", key=True)

    def _form(self, key: str) -> Form:
        form = self.profile["settings"][key]
        return {"option": form} if isinstance(form, str) else form

    def _words(self, key: str, value: Any) -> Iterator[str]:
        """Yield the arguments that a sound value becomes."""
        form = self._form(key)
        if choices := form.get("choices"):
            yield from choices.get(_word(value), ())
            return
        if option := form.get("option"):
            yield option
        yield from map(str, value if isinstance(value, list) else [value])

    def _choice(self, loc: Loc, choices: list[str], value: Any) -> Any:
        word = _word(value)
        word = word if word in choices else _AS_BOOLEAN.get(word, word)
        if word not in choices:
            *most, last = choices
            listed = f"{', '.join(most)} or {last}" if most else last
            self.problems.add(loc, f"should be {listed}, not {describe(value)}", allowed=choices)
        return word == "true" if word in {"true", "false"} else word

    def _path(self, loc: Loc, value: Any) -> Any:
        if not isinstance(value, str) or not value:
            self.problems.add(loc, f"should be the path of a file, not {describe(value)}")
        elif self.folder is None and not Path(value).is_absolute():
            self.problems.add(loc, f"{value!r} is relative, but the score is not in a file; give an absolute path")
        else:
            return str((self.folder or Path("/")) / value)
        return value

    def _scalar(self, loc: Loc, value: Any, expected: str) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.problems.add(loc, f"should be {expected}, not {describe(value)}")


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
