from podium.score.model.plan import Plan
from tests.unit.score.helpers import compiled, numbered

SHEETS = 10_000


def test_ten_thousand_named_sheets_compile_and_survive_their_json() -> None:
    entries = (
        f"  - {{name: s{n}, run: 'echo {n} > {{{{ workspace }}}}/out', needs: [{f's{n - 1}' if n else ''}]}}\n"
        for n in range(SHEETS)
    )
    plan = compiled("name: big\nsheets:\n" + "".join(entries))
    assert len(plan.sheets) == SHEETS
    assert plan.sheets[-1].needs == (SHEETS - 1,)
    text = plan.model_dump_json(exclude_defaults=True)
    assert len(text) < 2_000_000
    assert Plan.model_validate_json(text) == plan


def test_ten_thousand_numbered_sheets_share_their_template_and_validations() -> None:
    rest = "validations: [{type: file_exists, path: '{sheet_num}.txt', condition: sheet_num >= 5000}]"
    plan = compiled(numbered(rest, sheet=f"size: 1, total_items: {SHEETS}", template="echo {{ sheet_num }}"))
    assert (len(plan.sheets), len(plan.templates), len(plan.validations)) == (SHEETS, 1, 1)
    assert sum(len(sheet.validations) for sheet in plan.sheets) == 5001
