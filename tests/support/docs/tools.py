"""The page about the tools: what each does, its parameters, its result, and a call."""

import json
from typing import Any

from pydantic import BaseModel

from podium_tools import ALL_TOOLS, AnyTool
from tests.support.docs.markdown import classes_in, code, comments, document, plain, sentence, table
from tests.support.docs.values import Schema, bounds, default, kind

_INTRO = (
    "The tools that an agent calls over MCP. `podium call TOOL name=value ...` makes the same call from a shell. Each result "
    "begins with `summary`, one true sentence, and has `next`, the call that comes next; what there is none of is left out. "
    "An error has a code, a message and a fix: [all of them](errors.md)."
)
_RISKS = {
    "read": "reads only",
    "run": "runs commands",
    "control": "changes jobs",
    "destroy": "removes something for good",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "start_job": {"config_path": "nightly.yaml", "variables": ["branch=main"], "idempotency_key": "nightly-2026-11-30"},
    "pause_job": {"job_id": "nightly-x5rqa"},
    "resume_job": {"job_id": "nightly-x5rqa", "from_sheet": "report"},
    "cancel_job": {"job_id": "nightly-x5rqa"},
    "modify_job": {"job_id": "nightly-x5rqa", "find": "--maxfail=1", "replace": "--maxfail=5"},
    "delete_job": {"job_id": "nightly-x5rqa"},
    "clear_jobs": {"older_than_hours": 168, "keep_newest": 5},
    "verify_process_health": {"job_id": "nightly-x5rqa"},
    "list_jobs": {"status": "active"},
    "get_job": {"job_id": "nightly-x5rqa", "detail": "full"},
    "wait_for_job": {"job_ids": ["nightly-x5rqa"], "pattern": "listening on", "timeout_seconds": 300},
    "read_job_log": {"job_id": "nightly-x5rqa", "sheet": "tests", "mode": "search", "pattern": "FAILED"},
    "list_artifacts": {"job_id": "nightly-x5rqa"},
    "read_artifact": {"job_id": "nightly-x5rqa", "path": "report.md"},
    "explain_job": {"job_id": "nightly-x5rqa"},
    "validate_score": {"config_path": "nightly.yaml"},
    "describe_score": {"topic": "retry"},
    "conductor_status": {},
}
"""Tool -> the arguments of an example call."""


def tools_page() -> str:
    """Return the page."""
    parts: dict[str, Schema] = {}
    sections = [_section(tool, parts) for tool in ALL_TOOLS]
    return document("Tool reference", _INTRO, *sections, "## Parts of results", *_parts(parts))


def _section(tool: AnyTool, parts: dict[str, Schema]) -> str:
    arguments, result = tool.arguments.model_json_schema(), _result(tool.result)
    parts |= dict.fromkeys(result.get("$defs", {}), result)
    needed = " or ".join(code(name) for name in tool.arguments.needs_one_of)
    return "\n\n".join(
        [
            f"## {tool.name}",
            plain(tool.description.replace("\n", "\\n")),
            f"**Risk:** {tool.risk} ({_RISKS[tool.risk]}){'; the same call again changes nothing more' if tool.hints.idempotent else ''}.",
            f"**Parameters**{f' (one of {needed} is needed)' if needed else ''}",
            _parameters(arguments) or "It takes none.",
            "**Result**",
            plain(sentence(tool.result.__doc__)),
            _fields(tool.result, result),
            f"**Call:** {code(call(tool.name))}",
        ]
    )


def call(tool: str) -> str:
    """Return the example call of a tool as agents write it."""
    return f"{tool}({', '.join(f'{name}={_value(value)}' for name, value in EXAMPLES[tool].items())})"


def _value(value: Any) -> str:
    return str(value) if isinstance(value, bool) else json.dumps(value)


def _result(result: type[BaseModel]) -> Schema:
    return result.model_json_schema(mode="serialization")


def _parameters(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        (
            code(name),
            kind(each),
            bounds(each),
            "required" if name in required else default(each),
            plain(each.get("description", "")),
        )
        for name, each in schema.get("properties", {}).items()
    ]
    return table(("name", "value", "limits", "default", "meaning"), rows)


def _fields(cls: type, schema: Schema) -> str:
    told, fields = comments(cls), getattr(cls, "model_fields", {})
    rows = [
        (
            code(name),
            kind(each),
            plain(each.get("description", "") or told.get(name, "")),
            "if there is none" if getattr(fields.get(name), "exclude_if", None) else "",
        )
        for name, each in schema.get("properties", {}).items()
    ]
    return table(("name", "value", "meaning", "left out"), rows)


def _parts(parts: dict[str, Schema]) -> list[str]:
    classes = {name: cls for tool in ALL_TOOLS for name, cls in classes_in(tool.result).items()}
    made: list[str] = []
    for name in sorted(parts):
        schema = parts[name]["$defs"][name]
        text = sentence(schema.get("description", ""))
        made += [f"### {name}", plain(text), _fields(classes[name], schema)]
    return made
