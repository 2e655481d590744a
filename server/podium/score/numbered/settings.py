"""The settings of instruments in a numbered score: those of the profile, and the words of the original for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from podium.score.numbered.limits import KEYS
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc

Layer = tuple[Loc, Mapping[str, Any]]
"""Settings and where they stand."""

_MODEL, _FOLDER = "cli_model", "working_directory"
_OF_AGENTS = (
    "skip_permissions",
    "disable_mcp",
    "output_format",
    _MODEL,
    "allowed_tools",
    "system_prompt_file",
    "cli_extra_args",
)
_WITHOUT_EFFECT = ("max_output_capture_bytes", "api_key_env", "max_tokens", "temperature")


class Settings:
    """Reads the settings that a sheet's instrument is given."""

    def __init__(self, parts: PartBuilder, workspace: str | None) -> None:
        self.parts = parts
        self.problems = parts.problems
        self.workspace = workspace

    def merged(self, name: str, layers: Sequence[Layer]) -> dict[str, Any]:
        """Return the settings of the instrument `name`; of `layers` the last one that gives a setting wins."""
        settings, found, places = self.parts.settings(name), dict[str, Any](), dict[str, Loc]()
        for loc, config in layers:
            for key, value in config.items():
                where: Loc = (*loc, key)
                own = "model" if key == _MODEL and _MODEL not in settings.known and "model" in settings.known else key
                if own != key and own in config and config[own] != value:
                    self.problems.add(where, f"is the same setting as {own}, which has another value", key=True)
                if key in KEYS or self._is_done(where, name, own, value, known=settings.known):
                    continue
                if own == key:
                    found.update(settings.read(loc, {key: value}, more=KEYS))
                else:
                    found.update({own: settings.value(where, own, value)})
                places[own] = where
        settings.check_together(found, places)
        return found

    def _is_done(self, where: Loc, name: str, key: str, value: Any, *, known: list[str]) -> bool:
        """Return whether nothing is left to do about a setting, which is said."""
        if key in known:
            return False
        if key == _FOLDER:
            if value != self.workspace:
                self.problems.add(
                    where, "not supported: sheets run in the workspace; set workspace, or name the folder in the prompt"
                )
            return True
        if key in _WITHOUT_EFFECT:
            self.problems.note(f"{key} has no effect.", where)
        elif key in _OF_AGENTS:
            self.problems.note(f"{key} has no effect with {name}.", where)
        else:
            return False
        return True
