"""Values of secrets are not repeated; everything else is."""

import pytest
from mcp.types import TextContent

from podium.contract.secrets import redactor
from podium.mcp.calls import results
from podium_tools.results import Result


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "token", "APIKEY", "MY_TOKEN_2"],
)
def test_the_value_of_a_secret_is_named_instead(name: str) -> None:
    assert redactor({name: "s3cr3t-value"})("key=s3cr3t-value!") == f"key=[value of {name}]!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOME", "some-long-value"),
        ("TOKENIZERS_PARALLELISM", "some-long-value"),
        ("API_TOKEN", "short"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/etc/google.json"),
        ("API_TOKEN", ""),
    ],
)
def test_what_is_no_secret_stays(name: str, value: str) -> None:
    assert redactor({name: value})(f"a {value} b") == f"a {value} b"


def test_a_secret_inside_a_longer_one_does_not_leave_its_rest() -> None:
    redact = redactor({"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefghijkl"})
    assert redact("abcdefghijkl abcdefgh") == "[value of B_TOKEN] [value of A_TOKEN]"


def test_a_secret_is_a_text_not_a_pattern() -> None:
    assert redactor({"A_TOKEN": "a.c(e)g*"})("abc(e)g* a.c(e)g*") == "abc(e)g* [value of A_TOKEN]"


def test_results_are_redacted_after_they_are_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "redact", redactor({"A_TOKEN": "s3cr3t-value"}))
    shown = results.success(Result(summary="s3cr3t\x1b[0m-value", next=""))
    assert shown.structured_content["summary"] == "[value of A_TOKEN]"
    (block,) = shown.content
    assert isinstance(block, TextContent)
    assert "s3cr3t" not in block.text
