"""What a changed score changes, in lines for people."""

from podium.cli.terminal.door import in_line
from podium.cli.terminal.states import some
from podium.contract.changed import Labels, ScoreChange
from podium.contract.models import ActionView
from podium_tools.results import counted

_WHAT = {
    "added": "added",
    "removed": "removed",
    "unfinished": "to run with the new text",
    "running": "running, to end with the old text",
    "finished": "finished with the old text, not to run again",
}


def change_lines(view: ActionView) -> list[str]:
    """Return what differs, sheets and settings, and what is kept; nothing of a change that changed nothing."""
    if view.change is None:  # no change, or an older conductor, which says no more
        groups = {"finished": Labels(labels=view.changed, total=view.changed_total)} if view.changed_total else {}
        change = ScoreChange(sheets=groups)
    else:
        change = view.change
    lines = [
        f"  {_WHAT.get(name, name)}: {some(group.labels, group.total)}"
        for name, group in sorted(change.sheets.items(), key=lambda each: list(_WHAT).index(each[0]))
    ]
    if change.settings:
        lines.append(f"  settings: {', '.join(map(in_line, change.settings))}")
    if view.kept_total:
        lines.append(f"  {counted(view.kept_total, 'finished sheet')} kept: {some(view.kept, view.kept_total)}")
    if stale := change.sheets.get("finished"):
        again = in_line(stale.labels[0]) if stale.labels else "SHEET"
        lines.append(f"  To run a finished sheet again, with all that depend on it, give --from {again}.")
    if change.on_pending:
        lines.append("  The edit was made in the change that was still pending; both come into effect together.")
    if change.file:
        lines.append(f"  The file {in_line(change.file)} was not changed.")
    return [*lines, *(f"  new warning: {in_line(each)}" for each in change.warnings)]


def changes_nothing(view: ActionView) -> bool:
    """Return whether a changed score runs as the one before: no sheet of it differs, and no setting."""
    return view.change is not None and not view.change.sheets and not view.change.settings
