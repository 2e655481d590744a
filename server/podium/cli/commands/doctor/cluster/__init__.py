"""What `podium doctor --engine slurm` looks at: the commands, the controller, the shared folder, and a node, by a real job."""

from collections.abc import Iterator
from dataclasses import replace

from podium.cli.commands.doctor.cluster import controller, folder, node, programs
from podium.cli.views.doctor import Finding
from podium.settings import Settings
from podium.texts.shown import cut_line

FOUND_CHARS = 2000


def examine_slurm(settings: Settings, wait_seconds: float) -> Iterator[Finding]:
    """Look at everything, as far as it does not rest on something that failed. What the cluster says comes clean.

    `wait_seconds` is how long the job for a node may wait in the queue. Nothing is left behind, whatever happens.
    """
    for each in _look(settings, wait_seconds):
        yield replace(each, found=cut_line(each.found, FOUND_CHARS))


def _look(settings: Settings, wait_seconds: float) -> Iterator[Finding]:
    commands = list(programs.examine())
    yield from commands
    place, about_folder = folder.examine(settings)
    yield from about_folder
    if any(each.verdict == "fail" for each in commands):
        return
    answers, about_controller = controller.examine()
    yield from about_controller
    if answers and place:
        yield from node.examine(place, settings.slurm_python, wait_seconds)
