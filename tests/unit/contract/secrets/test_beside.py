"""Secrets that a text names itself: what stands beside a secret name is not shown, and everything else is."""

import pytest

from podium.contract.secrets.beside import hidden_value, without_named_secrets

HIDDEN = {
    "env: {API_KEY: sk-live-1234, PORT: 80}": "env: {API_KEY: [value of API_KEY], PORT: 80}",
    "  API_KEY: sk-aaa  # mine": "  API_KEY: [value of API_KEY]  # mine",
    "# API_KEY: sk-aaa": "# API_KEY: [value of API_KEY]",
    "TOKEN:\n  next-line\nrest: 1": "TOKEN:\n  [value of TOKEN]\nrest: 1",
    "TOKEN: first-part\n  second\nrest: 1": "TOKEN: [value of TOKEN]\n\nrest: 1",
    "TOKEN: |\n  one two\n\n  three\nrest: 1": "TOKEN: |\n  [value of TOKEN]\n\n  [value of TOKEN]\nrest: 1",
    "SECRETS:\n- one-secret\n- two-secret\n": "SECRETS:\n- [value of SECRETS]\n- [value of SECRETS]\n",
    'PASSWORD: "multi\n  line"\nrest: 1': "PASSWORD: [value of PASSWORD]\n\nrest: 1",
    "SHORT_PW: abc1": "SHORT_PW: [value of SHORT_PW]",
    "run: export TOKEN=abcd1234 && true": "run: export TOKEN=[value of TOKEN] && true",
    "run: PASSWORD='a b c d' ./x": "run: PASSWORD=[value of PASSWORD] ./x",
    "run: tool --password hunter22 --api-key=qqqq1111": (
        "run: tool --password [value of password] --api-key=[value of api-key]"
    ),
    'args: ["--token", "tttt2222"]': 'args: ["--token", [value of token]]',
    "curl -H 'Authorization: Bearer zzzyyyxxx'": "curl -H 'Authorization: Bearer [value of Authorization]'",
    "curl -H 'X: Bearer zzzyyyxxx'": "curl -H 'X: Bearer [value of a password]'",
    "curl -u bob:pass1 x": "curl -u bob:[value of a password] x",
    'curl -H "Cookie: a=b; c=d" x': 'curl -H "Cookie: [value of Cookie]" x',
    "db: postgres://bob:s3cret@db/x": "db: postgres://bob:[value of a password]@db/x",
    '{"run": "export TOKEN=\\"esc-1\\" x"}': '{"run": "export TOKEN=[value of TOKEN] x"}',
    "-----BEGIN PRIVATE KEY-----\nabc\n-----END": "-----BEGIN PRIVATE KEY-----[value of a private key]\n\n-----END",
}


@pytest.mark.parametrize("text", HIDDEN)
def test_what_stands_beside_a_secret_name_is_hidden_and_lines_keep_their_numbers(text: str) -> None:
    shown = without_named_secrets(text)
    assert shown == HIDDEN[text]
    assert shown.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "env_pass: [GITHUB_TOKEN]",
        "env_pass:\n  - GITHUB_TOKEN\n",
        "env: {TOKEN: {from_env: MY_TOKEN}}",
        "TOKEN:\n  from_env: MY_TOKEN",
        "SECRETS:\n  inner:\n    name: plain",
        "TOKEN: ${GITHUB_TOKEN}",
        'TOKEN: "{{ token }}"',
        "run: TOKEN=$(cat f) x",
        "MAX_TOKENS: 4096",
        "TOKEN_FILE: /etc/token",
        "USE_TOKEN: true",
        'run: curl "$TOKEN" https://example.com:80/x',
        "sheets: [{name: pass, run: make}]",
    ],
)
def test_everything_else_stays_as_it_is_written(text: str) -> None:
    assert without_named_secrets(text) == text


@pytest.mark.parametrize("piece", ["TOKEN=", "API_KEY: ", "TOKEN='", '--token "', "TOKEN:\n", "- ", "://a:", " ", "a-"])
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    assert without_named_secrets(text).count("\n") == text.count("\n")


def test_a_short_value_is_hidden_only_beside_its_name() -> None:
    assert hidden_value("DB_PASSWORD", "hunter2")
    assert not hidden_value("DB_PASSWORD", "no")
    assert not hidden_value("WORD", "hunter2")


@pytest.mark.parametrize("token", ["sk-proj-AbCdEfGh1234567890", "ghp_0123456789abcdefghij", "AKIAIOSFODNN7EXAMPLE"])
def test_a_token_of_a_well_known_service_is_hidden_without_a_name_beside_it(token: str) -> None:
    assert without_named_secrets(f'run: test -z "{token}"') == 'run: test -z "[value of a token]"'


@pytest.mark.parametrize(
    "text",
    [
        "variables: {credentials: {password: hunter2-Xy9}}",
        "secrets: {password: hunter2-Xy9, mode: fast}",
        "- name: API_KEY\n  value: hunter2-Xy9",
        "password:\n    value: hunter2-Xy9",
        "  - API_KEY=correct hunter2-Xy9",
    ],
)
def test_a_value_that_belongs_to_a_name_in_another_place_is_hidden(text: str) -> None:
    assert "hunter2" not in without_named_secrets(text)
    assert without_named_secrets(text).count("[value of ") == 1
