"""Every instrument that a score can use, from all three places."""

from pathlib import Path

from podium.instruments.builtin import builtin_profiles
from podium.instruments.profile import Profile
from podium.reader.profiles import score_profiles, user_profiles


def load_profiles(*, config_folder: Path | None = None, score_folder: Path | None = None) -> dict[str, Profile]:
    """Return the profiles by name and alias; later places win."""
    found = dict(builtin_profiles())
    if config_folder is not None:
        found |= user_profiles(config_folder)
    if score_folder is not None:
        found |= {name: profile for name, (profile, _) in score_profiles(score_folder).items()}
    return found
