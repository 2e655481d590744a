"""A text that is no YAML is answered with what its author has to change."""

import pytest

from podium.score.text.document import DocumentFault, load

HEAD = "name: x\nsheets:\n"
TAB = "indent with spaces: YAML does not allow a tab there"
FENCE = "leave out the ``` fence: the score is the text inside it"
WHOLE_RUN = "put the whole value of run in quotes, or on separate lines under `run: |`"
INDENT = "the indentation does not match the lines above, or a multi-line value is not under `|`"
FLOW = "inside { } and [ ] a value that contains any of { } [ ] , : needs quotes"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (f"{HEAD}\t- run: x\n", 3, TAB),
        (f"{HEAD}  - name: a\n\t  run: x\n", 4, TAB),
        (f"```yaml\n{HEAD}- run: x\n```\n", 1, FENCE),
        (f"{HEAD}- run: x\n```\n", 4, FENCE),
        (f'{HEAD}- run: echo "a: b" && echo: c\n', 3, WHOLE_RUN),
        (f'{HEAD}- run: "one" && two\n', 3, WHOLE_RUN),
        (f"{HEAD}- run: [ -f x ] && y\n", 3, WHOLE_RUN),
        (f"{HEAD}- run: `ls`\n", 3, WHOLE_RUN),
        (f"{HEAD}- needs: [a[b], c]\n", 3, 'in needs put each entry with brackets in quotes, such as ["name[item]"]'),
        (f"{HEAD}- name: a: b\n", 3, "put the whole value of name in quotes"),
        (f"{HEAD}- run: {{{{ x }}}}\n", 3, "a value that begins with {{ needs quotes"),
        (f"{HEAD}- {{run: echo {{{{ x }}}} }}\n", 3, FLOW),
        ("name: x\n  sheets:\n- run: x\n", 2, INDENT),
        (f"{HEAD}  - name: a\n   run: x\n", 4, INDENT),
        (f"{HEAD}- run: |\n  a\n bad\n", 5, INDENT),
        (f"{HEAD}- run: 'it\n- run: x\n", 5, "the quote that begins on line 3 is not closed"),
        (f'{HEAD}- run: "a\\d"\n', 3, "in double quotes \\ begins an escape, so use single quotes or write \\\\"),
    ],
)
def test_the_error_names_what_to_change(text: str, line: int, told: str) -> None:
    with pytest.raises(DocumentFault) as caught:
        load(text)
    assert caught.value.message.endswith(f"; {told}")
    assert caught.value.line == line
