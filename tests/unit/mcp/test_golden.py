"""Everything that a client sees of the definitions is a golden file."""

import pytest

from podium.errors import BY_CODE, CODES
from podium.mcp.app import build_server
from podium.mcp.calls.arguments import check
from podium.mcp.instructions import instructions
from podium_tools import ALL_TOOLS
from tests.support.golden import GOLDEN, check_golden
from tests.support.port import ScriptedPort
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

REFUSED: dict[str, tuple[str, dict[str, object]]] = {
    "unknown argument": ("start_job", {"config": "a.yaml"}),
    "missing argument": ("get_job", {}),
    "out of bounds": ("list_jobs", {"limit": 500}),
    "no such choice": ("list_jobs", {"status": "done"}),
    "wrong type": ("wait_for_job", {"job_ids": 1.5, "timeout_seconds": "soon"}),
    "no score": ("start_job", {}),
    "two scores": ("validate_score", {"config_path": "a.yaml", "config_content": "name: x"}),
    "not a variable": ("start_job", {"config_path": "a.yaml", "variables": ["x"]}),
    "variable twice": ("start_job", {"config_path": "a.yaml", "variables": ["x=1", "x=2"]}),
    "search without pattern": ("read_job_log", {"job_id": "a", "mode": "search"}),
    "pattern without search": ("read_job_log", {"job_id": "a", "pattern": "x"}),
    "unknown job": ("get_job", {"job_id": "bild-x7k2q"}),
}


async def test_every_tool_definition_is_golden() -> None:
    server = build_server(ScriptedPort().opened)
    for tool in await server.list_tools():
        check_golden(f"tools/{tool.name}.json", tool.model_dump(by_alias=True, exclude_none=True, mode="json"))


def test_no_golden_file_is_left_of_a_tool_that_is_gone() -> None:
    assert {path.stem for path in (GOLDEN / "tools").iterdir()} == {spec.name for spec in ALL_TOOLS}


async def test_the_error_texts_of_the_tools_are_golden() -> None:
    texts = {}
    for case, (tool, arguments) in REFUSED.items():
        with pytest.raises(Exception) as caught:  # noqa: PT011  the golden file says which one
            await use(ScriptedPort(), tool, arguments)
        texts[case] = caught.value.as_dict()  # type: ignore[attr-defined]
    codes = {code: {"retryable": BY_CODE[code].retryable} for code in CODES}
    check_golden("errors.json", {"codes": codes, "refused": texts})


def test_the_instructions_are_golden() -> None:
    check_golden("instructions.json", instructions([spec.name for spec in ALL_TOOLS]).split("\n"))


def test_the_check_of_arguments_knows_every_tool() -> None:
    for spec in ALL_TOOLS:
        required = [name for name, field in spec.arguments.model_fields.items() if field.is_required()]
        given = {name: ["a"] if name == "job_ids" else "a" for name in required}
        checked = check(spec.name, spec.arguments, given)
        assert type(checked) is spec.arguments
        assert checked.model_dump(exclude_unset=True) == given
