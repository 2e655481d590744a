"""Values of secrets are not repeated in results."""

import pytest
from mcp.types import TextContent

from podium.contract.secrets.masks import redactor
from podium.mcp.calls import results
from podium_tools.results import Result


def test_results_are_redacted_after_they_are_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "redact", redactor({"A_TOKEN": "s3cr3t-value"}))
    shown = results.success(Result(summary="s3cr3t\x1b[0m-value", next=""))
    assert shown.structured_content["summary"] == "[value of A_TOKEN]"
    (block,) = shown.content
    assert isinstance(block, TextContent)
    assert "s3cr3t" not in block.text
