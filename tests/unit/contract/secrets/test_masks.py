"""Secrets are found in every form in which tools write them, wherever they stand; everything else stays as it is."""

import base64
import html
import json
import shlex
import subprocess
from collections.abc import Callable
from urllib.parse import quote
from xml.sax import saxutils

import pytest

from podium.contract.secrets.masks import MARGIN, Masker, Secret, redactor, replaced, secrets_in

TOKEN = 's3cr3t/+"quoted" välue'
KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(f"{n:02d}MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{n:02d}" for n in range(12))
    + "\n-----END PRIVATE KEY-----"
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOME", "some-long-value"),
        ("API_TOKEN", "short"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/etc/google.json"),
        ("VAULT_TOKEN", "~/.vault-token"),
        ("API_TOKEN", ""),
        ("NPM_AUTH", "required"),
        ("QUEUE_CONNECTION", "database"),
        ("AUTH_URL", "https://auth.example.com/login?next=/home"),
        ("REPOSITORY", "git@github.com:owner/name.git"),
    ],
)
def test_what_is_no_secret_stays(name: str, value: str) -> None:
    assert redactor({name: value})(f"a {value} b") == f"a {value} b"


def test_a_secret_that_begins_like_a_path_is_hidden_where_it_names_no_usual_folder() -> None:
    assert redactor({"API_TOKEN": "/9j4AAQSkZJRg"})("x /9j4AAQSkZJRg") == "x [value of API_TOKEN]"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DATABASE_URL", "postgres://app:hunter2hunter@db:5432/x", "postgres://app:[value of DATABASE_URL]@db:5432/x"),
        ("DATABASE_URL", "postgres://app:pw@db/x", "postgres://app:[value of DATABASE_URL]@db/x"),
        ("DB", "postgres://postgres:postgres@h", "postgres://postgres:[value of DB]@h"),
        ("REDIS_URL", "redis://:redispass1@h:1/0", "redis://:[value of REDIS_URL]@h:1/0"),
        (
            "ANY",
            "jdbc:postgresql://h/db?user=a&password=jdbcpass1",
            "jdbc:postgresql://h/db?user=a&password=[value of ANY]",
        ),
        ("MSSQL", "Server=x;User Id=sa;Password=Pa55word!x;", "Server=x;User Id=sa;Password=[value of MSSQL];"),
        ("PG_DSN", "host=x password='p q r s t u' user=z", "host=x password='[value of PG_DSN]' user=z"),
        ("CLONE", "https://ghp_0123456789abcdef0123@github.com/o/r", "https://[value of CLONE]@github.com/o/r"),
        (
            "SENTRY_DSN",
            "https://abcdef0123456789@o1.ingest.sentry.io/5",
            "https://[value of SENTRY_DSN]@o1.ingest.sentry.io/5",
        ),
        ("HOOK", "https://hooks.slack.com/services/T000/B000/XXXX", "https://hooks.slack.com/[value of HOOK]"),
    ],
)
def test_a_connection_string_keeps_everything_but_its_password(name: str, value: str, shown: str) -> None:
    assert redactor({name: value})(f"with {value}") == f"with {shown}"


def test_the_password_of_a_connection_string_is_hidden_as_a_program_decodes_it() -> None:
    assert redactor({"U": "amqp://u:p%40ss%2Fword1@h/"})("login p@ss/word1") == "login [value of U]"


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        json.dumps(TOKEN),
        json.dumps(TOKEN, ensure_ascii=False),
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="")
        .replace("%2F", "%2f")
        .replace("%2B", "%2b")
        .replace("%22", "%22")
        .replace("%C3", "%c3")
        .replace("%A4", "%a4"),
    ],
)
def test_a_secret_is_hidden_as_json_and_urls_write_it(text: str) -> None:
    assert redactor({"A_TOKEN": TOKEN})(f"({text})").strip('()"') == "[value of A_TOKEN]"


ODD = "pa'ss\\w$0rd \"<&>` x"


@pytest.mark.parametrize("options", ["set -x; : ", "printf '%q\\n' ", "declare -p ODD; : ", "echo ${ODD@Q}; : "])
def test_a_secret_is_hidden_as_bash_shows_it(options: str) -> None:
    command = ["bash", "-c", f'{options}"$ODD"']
    done = subprocess.run(command, env={"ODD": ODD}, capture_output=True, text=True, check=True, timeout=30)
    told = redactor({"ODD": "x", "DB_PASS": ODD})(done.stdout + done.stderr)
    assert "[value of DB_PASS]" in told
    assert "w$0rd" not in told.replace("\\", "")


@pytest.mark.parametrize("write", [html.escape, saxutils.escape, saxutils.quoteattr, repr, shlex.quote])
def test_a_secret_is_hidden_as_markup_and_python_write_it(write: Callable[[str], str]) -> None:
    told = redactor({"DB_PASS": ODD})(write(ODD))
    assert told.strip("'\"") == "[value of DB_PASS]"


@pytest.mark.parametrize("value", ["postgres", "changeme", "Password"])
def test_a_password_that_everybody_begins_with_is_hidden_only_where_it_is_shown_as_one(value: str) -> None:
    redact = redactor({"DB_PASSWORD": value, "DATABASE_URL": f"pg://app:{value}@db/x"})
    shown = redact(f"user {value}; DB_PASSWORD={value}; connecting to pg://app:{value}@db/x")
    assert (
        shown
        == f"user {value}; DB_PASSWORD=[value of DB_PASSWORD]; connecting to pg://app:[value of DATABASE_URL]@db/x"
    )


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "bearer"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_hidden_in_base64_wherever_it_begins(before: str, encode: object) -> None:
    coded = (base64.b64encode if encode is base64.b64encode else base64.urlsafe_b64encode)(
        f"{before}{TOKEN}!".encode()
    ).decode()
    shown = redactor({"A_TOKEN": TOKEN})(f"Basic {coded}.")
    assert "[value of A_TOKEN]" in shown
    assert (
        len(shown.replace("[value of A_TOKEN]", "")) <= len("Basic .") + 4 * (len(before) // 3 + 1) + 6
    )  # its surroundings


def test_each_line_of_a_key_is_hidden_and_so_is_the_whole_in_json_and_in_wrapped_base64() -> None:
    redact = redactor({"DEPLOY_KEY": KEY})
    for text in (KEY, KEY.replace("\n", "\r\n"), json.dumps(KEY), KEY.splitlines()[4], f"  > {KEY.splitlines()[7]} <"):
        assert "MIIEvQ" not in redact(text)
    assert redact(KEY).startswith("-----BEGIN PRIVATE KEY-----\n[value of DEPLOY_KEY]\n")
    wrapped = base64.encodebytes(f"{KEY}\n".encode()).decode()
    kept = [line for line in redact(wrapped).splitlines() if "[value of" not in line]
    assert not kept
    assert len(redact(base64.b64encode(KEY.encode()).decode())) < 40


def test_the_secrets_of_a_json_document_are_hidden_as_a_program_shows_them_that_has_read_it() -> None:
    account = {
        "type": "service_account",
        "project_id": "demo-project",
        "private_key": KEY,
        "token_uri": "https://example.com/token",
    }
    for name in ("GCP_SA", "GOOGLE_CREDENTIALS"):
        redact = redactor({name: json.dumps(account)})
        assert "MIIEvQ" not in redact(f"key:\n{KEY}\nof demo-project")
        assert redact("of demo-project at https://example.com/token") == "of demo-project at https://example.com/token"
    pretty = json.dumps(account, indent=2)
    assert "MIIEvQ" not in redactor({"GOOGLE_CREDENTIALS": pretty})(
        " ".join(pretty.split("\n"))
    )  # as `echo $NAME` prints it
    assert redactor({"A_TOKEN": "{" * 30_000})("x") == "x"


def test_a_secret_inside_a_longer_one_does_not_leave_its_rest() -> None:
    redact = redactor({"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefghijkl"})
    assert redact("abcdefghijkl abcdefgh") == "[value of B_TOKEN] [value of A_TOKEN]"


def test_secrets_that_overlap_leave_nothing_of_either() -> None:
    redact = redactor({"A_TOKEN": "abcdefghij", "B_TOKEN": "ghijklmnop"})
    assert redact("<abcdefghijklmnop>") == "<[value of A_TOKEN]>"


def test_a_secret_is_a_text_not_a_pattern() -> None:
    assert redactor({"A_TOKEN": "a.c(e)g*"})("abc(e)g* a.c(e)g*") == "abc(e)g* [value of A_TOKEN]"


def test_a_secret_is_found_at_every_place_of_a_text() -> None:
    redact = redactor({"A_TOKEN": "0123456789"})
    for before in range(9):
        for after in range(9):
            assert (
                redact("x" * before + "0123456789" + "y" * after) == "x" * before + "[value of A_TOKEN]" + "y" * after
            )


def test_a_short_secret_is_hidden_if_it_was_declared_as_one() -> None:
    assert Masker(secrets_in({"PIN": "48151"}, declared=True))("pin=48151.") == "pin=[value of PIN]."
    assert Masker(secrets_in({"CI": "true"}, declared=True))("true") == "true"


def test_bytes_that_are_no_text_are_matched_as_bytes() -> None:
    value = b"caf\xe9-s3cr3t-value".decode("utf-8", "surrogateescape")
    masker = Masker([Secret("A_TOKEN", value)])
    assert replaced(b"<caf\xe9-s3cr3t-value>", masker.spans(b"<caf\xe9-s3cr3t-value>")) == b"<[value of A_TOKEN]>"


def test_a_part_of_a_text_is_shown_without_the_secret_that_its_edge_cuts() -> None:
    data = b"aaa s3cr3t-value bbb"
    spans = Masker([Secret("T", "s3cr3t-value")]).spans(data)
    assert replaced(data, spans, 8) == b"[value of T] bbb"
    assert replaced(data, spans, 0, 9) == b"aaa [value of T]"
    assert replaced(data, spans, 6, 10) == b"[value of T]"
    assert replaced(data, spans, 16) == b" bbb"


def test_a_long_secret_is_known_from_what_stands_within_the_margin_of_an_edge() -> None:
    long = "".join(f"{n:05d}" for n in range(2000))
    data = f"<{long}>".encode()
    masker = Masker([Secret("T", long)])
    assert replaced(data, masker.spans(data)) == b"<[value of T]>"
    window = data[3000 - MARGIN : 3100 + MARGIN]
    assert replaced(window, masker.spans(window), MARGIN, MARGIN + 100) == b"[value of T]"


def test_what_is_left_of_a_secret_beside_a_gap_is_hidden() -> None:
    masker = Masker([Secret("T", "s3cr3t-value")])
    assert masker.cut(b"3t-value and more", at_start=True, at_end=False) == [(0, 8, "T")]
    assert masker.cut(b"some s3cr3t", at_start=False, at_end=True) == [(5, 11, "T")]
    assert not masker.cut(b"nothing of it", at_start=True, at_end=True)


def test_the_work_for_a_text_grows_with_the_text_and_not_with_the_secrets() -> None:
    """What is compared is only what ends like a secret; all secrets here begin alike, as does the text."""
    compared = 0

    class Counted(dict[bytes, object]):
        def __contains__(self, key: object) -> bool:
            nonlocal compared
            compared += 1
            return super().__contains__(key)

    masker = Masker(Secret(f"T{n}", f"ghp_{n:036d}{n:08x}") for n in range(200))
    masker._forms = Counted(masker._forms)  # type: ignore[assignment]
    masker("ghp_0000" * 131_072)  # 1 MiB
    assert compared < 600_000
