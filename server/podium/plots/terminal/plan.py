"""A checked score as a table of characters: its sheets in levels, each with its instrument and what it needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.contract.models import PlanSheetView, PlanView
from podium.plots.story.folding import FEWEST, fan_of
from podium.plots.story.graph import graph_of_plan, plan_label, plan_note
from podium.plots.terminal.lines import Line, wrapped
from podium.plots.words import TIMES, counted, in_line
from podium.texts.widths import cut_end, cut_middle, padded, width

FOLDED_FROM = 40  # sheets


@dataclass(frozen=True)
class _Row:
    """A sheet, or the sheets of one `foreach` that need the same and are played alike."""

    level: int
    label: str
    sheet: PlanSheetView
    needs: tuple[str, ...]


def plan_lines(plan: PlanView, columns: int, *, fold: bool = True, plain: bool = False) -> list[Line]:
    """Return the plan in lines of at most `columns` cells; `plain` is ASCII only. Large ones `fold`."""
    rows = _rows(plan, fold=fold and len(plan.sheets) > FOLDED_FROM)
    levels = max([row.level for row in rows], default=0)
    at_once = min(plan.max_concurrent, plan.sheets_total)
    head = f"{counted(plan.sheets_total, 'sheet')} in {counted(levels, 'level')}, at most {at_once} at once"
    lines: list[Line] = [[(in_line(plan.job_name), "bold"), (cut_end(f": {head}", columns - width(plan.job_name)), "")]]
    if plan.workspace:
        lines.append([(cut_middle(f"in {in_line(plan.workspace)}", columns), "dim")])
    lines += [[], *_table(rows, columns, plain=plain)]
    for warning in plan.warnings:
        words: list[tuple[str, str]] = [(f"{word} ", "yellow") for word in in_line(warning).split(" ")]
        lines += wrapped([("note: ", "yellow"), *words], columns, 6)
    return lines


def _rows(plan: PlanView, *, fold: bool) -> list[_Row]:
    level = {node.key: number for number, nodes in enumerate(graph_of_plan(plan).levels, 1) for node in nodes}
    labels = {each.sheet: plan_label(each) for each in plan.sheets}
    sizes: dict[str, int] = {}
    for label in labels.values():
        sizes[fan_of(label)] = sizes.get(fan_of(label), 0) + 1
    groups: dict[object, list[PlanSheetView]] = {}
    for each in sorted(plan.sheets, key=lambda sheet: (level[sheet.sheet], sheet.sheet)):
        fan = fan_of(labels[each.sheet]) if fold else ""
        needs = _short(each.needs, labels, sizes, fold=fold)
        key = (fan, level[each.sheet], plan_note(each), needs) if fan and sizes[fan] >= FEWEST else each.sheet
        groups.setdefault(key, []).append(each)
    return [
        _Row(
            level[members[0].sheet],
            labels[members[0].sheet]
            if len(members) == 1
            else f"{fan_of(labels[members[0].sheet])}[…] {TIMES}{len(members)}",
            members[0],
            _short(members[0].needs, labels, sizes, fold=fold),
        )
        for members in groups.values()
    ]


def _short(needs: Sequence[int], labels: dict[int, str], sizes: dict[str, int], *, fold: bool) -> tuple[str, ...]:
    """Return the labels of what a sheet needs. All sheets of a `foreach` are one; if they are folded, so is one of them."""
    names = [labels.get(need, str(need)) for need in needs]
    fans = [fan_of(name) for name in names]
    shown: list[str] = []
    for name, fan in zip(names, fans, strict=True):
        is_large = bool(fan) and sizes.get(fan, 0) >= FEWEST
        shown.append(f"{fan}[…]" if is_large and (fold or fans.count(fan) == sizes[fan]) else name)
    return tuple(dict.fromkeys(shown))


def _column(texts: Iterable[str], most: int) -> int:
    """Return the width of a column that holds these texts, as far as it may."""
    return max(5, min(max(map(width, texts), default=0), most))


def _table(rows: Sequence[_Row], columns: int, *, plain: bool) -> list[Line]:
    room = columns - 13  # what is left beside the level and the gaps
    names = _column((row.label for row in rows), room * 3 // 10)
    needs = _column((", ".join(row.needs) for row in rows), room * 3 // 10)
    notes = _column((f"  {plan_note(row.sheet)}" for row in rows), room * 4 // 10)
    rest = room - names - needs - notes
    heads = (
        "LEVEL",
        padded("SHEET", names),
        padded("NEEDS", needs),
        padded("PLAYED BY", notes),
        "RUNS" if rest > 8 else "",
    )
    lines: list[Line] = [[("  ".join(heads).rstrip(), "dim")]]
    before = 0
    for row in rows:
        number = f"{row.level:>5}" if row.level != before else " " * 5
        before = row.level
        sheet = row.sheet
        style = "red" if not sheet.instrument_found else "yellow" if sheet.hold else "dim" if sheet.satisfied else ""
        mark = "x" if plain else "✗"
        note = plan_note(sheet) if sheet.instrument_found else f"{mark} {plan_note(sheet)}"
        command = in_line(sheet.command)
        lines.append(
            [
                (number, "dim"),
                ("  " + padded(cut_middle(row.label, names), names), "dim" if sheet.satisfied else "bold"),
                ("  " + padded(cut_middle(", ".join(row.needs), needs), needs), ""),
                ("  " + padded(cut_end(note, notes), notes), style),
                *([("  " + cut_end(command, rest), "dim")] if rest > 8 and command else []),
            ]
        )
    return lines
