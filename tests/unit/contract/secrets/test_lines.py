"""Lines that somebody wrote are shown without the secrets in them, in whichever form these stand there."""

import pytest

from podium.contract.secrets.beside import without_named_secrets
from podium.contract.secrets.lines import SecretLines

SECRET = "hunter2-Xy9"


@pytest.mark.parametrize(
    "line",
    [
        "env: {API_KEY: hunter2-Xy9, MODE: x}",
        '  API_KEY: "hunter2-Xy9, b}" # note',
        "  'DB_PASSWORD' : 'hunter2-Xy9'",
        '{"token": "hunter2-Xy9"}',
        "  PASSWORD: correct hunter2-Xy9 staple",
        "  - API_KEY=correct hunter2-Xy9",
        "env: [API_KEY=hunter2-Xy9]",
        "run: API_KEY=hunter2-Xy9 npm test",
        "run: export GITHUB_TOKEN='a hunter2-Xy9'; make",
        "- {name: API_KEY, value: hunter2-Xy9}",
        "rnu: mysql --password hunter2-Xy9 db",
        "rnu: mysql --password=hunter2-Xy9 db",
        'rnu: curl -H "Authorization: Bearer hunter2-Xy9"',
        "rnu: curl -H 'X-Api-Key: hunter2-Xy9'",
        "url: postgres://me:hunter2-Xy9@db/x",
        "url: https://x.org/?token=hunter2-Xy9",
        "apiKey: hunter2-Xy9",
    ],
)
def test_a_secret_beside_its_name_is_not_shown(line: str) -> None:
    assert SECRET not in without_named_secrets(line)
    assert "value of" in without_named_secrets(line)
    text = SecretLines(f"name: x\n{line}\n")
    assert SECRET not in text.line(2)
    assert SECRET not in text.hide(f"should be a list, not the text {line.strip()!r}")


@pytest.mark.parametrize(
    "line",
    [
        "  rnu: pytest -q",
        "- {name: auth, run: pytest, needs: [tokens]}",
        "env: {TOKEN: {from_env: GITHUB_TOKEN}}",
        "run: TOKEN=$CI_TOKEN make",
        "run: TOKEN=$(cat token) make",
        "run: cat password.txt",
        "tokens_file: /srv/token",
        "max_tokens: 4096",
    ],
)
def test_a_line_without_a_secret_is_shown_as_it_is(line: str) -> None:
    assert without_named_secrets(line) == line
    assert SecretLines(line).line(1) == line


def test_lines_under_the_name_of_a_secret_are_not_shown() -> None:
    text = SecretLines("env:\n  API_KEY: |\n    hunter2\n    more\n  password:\n    value: hunter2\n  MODE: fast\n")
    assert "hunter2" not in "".join(text.line(number) for number in range(1, 8))
    assert text.line(7).strip() == "MODE: fast"


def test_what_is_said_elsewhere_does_not_repeat_a_secret_of_the_text() -> None:
    text = SecretLines("env:\n  API_KEY: hunter2-Xy9\nsheets:\n- rnu: hunter2-Xy9\n")
    assert text.line(4) == "- rnu: [value of API_KEY]"
    assert text.hide("not the text 'hunter2-Xy9'") == "not the text '[value of API_KEY]'"


def test_a_token_that_its_first_letters_show_is_hidden_without_a_name() -> None:
    assert without_named_secrets("rnu: login ghp_0123456789abcdefghij") == "rnu: login [value of a token]"


def test_lines_are_counted_as_yaml_counts_them() -> None:
    text = SecretLines("a: 1\r\nb: 2\rc: 3\x85d: 4\u2028e: 5")
    assert [text.line(number) for number in range(7)] == ["", "a: 1", "b: 2", "c: 3", "d: 4", "e: 5", ""]
