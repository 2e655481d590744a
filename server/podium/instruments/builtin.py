"""The profiles that come with the package. They are JSON, since the conductor, which parses no YAML, reads them too."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from podium.instruments.profile import Profile


@cache
def builtin_profiles() -> Mapping[str, Profile]:
    """Return the profiles that come with the package, by name and alias."""
    folder = files("podium.instruments") / "profiles"
    texts = sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in folder.iterdir())
    return by_name(
        Profile.model_validate({"name": name.removesuffix(".json"), **json.loads(text)}) for name, text in texts
    )


def by_name(profiles: Iterable[Profile]) -> dict[str, Profile]:
    """Return the profiles under all their names."""
    return {name: profile for profile in profiles for name in (profile.name, *profile.aliases)}
