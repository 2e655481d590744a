"""Which variables hold a secret, by their names and values, and which part of a value is one."""

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WELL_KNOWN = (
    r"\b(?:sk-|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|AKIA|npm_|pypi-|hf_|ya29\.|eyJ)"
    r"[A-Za-z0-9_.-]{12,}"
)
"""What tokens of well-known services look like, whatever name stands beside them."""
SHORTEST = 8  # characters of a secret that was found by its name; a shorter value may be a common word

# Each alone makes a name the name of a secret, as one of its words.
_WORDS = _words(
    "TOKEN TOKENS SECRET SECRETS PASSWORD PASSWORDS PASSWD PASS PWD PASSPHRASE PASSCODE PASSKEY CREDENTIAL CREDENTIALS CREDS "
    "PW CRED PAT APIKEY APIKEYS AUTH AUTHORIZATION BEARER JWT COOKIE COOKIES DSN SALT PEPPER OTP TOTP WEBHOOK PRIVKEY"
)
# Words run together, as in PGPASSWORD or SECRETKEY.
_ENDINGS = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|COOKIE|(?:API|ACCESS|SECRET|PRIVATE|ENCRYPTION|SIGNING|MASTER)KEY"
    r"|(?:DB|MYSQL|PG|SMTP|REDIS|ROOT|USER|ADMIN)(?:PASS|PWD|PW)|AUTHTOKEN)(?:S|B64|BASE64)?$"
)
_CONNECTION = _words("CONN CONNECTION CONNSTR CONNECTIONSTRING")
_CONNECTION_ENDINGS = _CONNECTION | _words("STRING STRINGS STR URL URI")
_CONNECTION_VALUE = re.compile("[=@]|://")
_KEY_WORDS = frozenset(("KEY", "KEYS"))
# Keys that are no secrets: those that others may know, and those that name a place in data or on a keyboard.
_OPEN_KEYS = _words(
    "PUBLIC PUB PRIMARY FOREIGN SORT PARTITION CACHE HOT SHORTCUT GROUP INDEX ROW MAP META LOOKUP SEARCH UNIQUE COMPOSE REPEAT "
    "IDEMPOTENCY REGISTRY OBJECT COLUMN"
)
# A last word that says that the value is something about the secret: where it is, how long it lives, what it is called.
_ABOUT = _words(
    "FILE FILES PATH PATHS DIR DIRS DIRECTORY FOLDER HOME ROOT SOCK SOCKET NAME NAMES TTL EXPIRY EXPIRES EXPIRATION AGE LENGTH "
    "LEN SIZE LIMIT COUNT TIMEOUT ENABLED DISABLED REQUIRED TYPE METHOD METHODS MODE ALGORITHM ALG HOST PORT PROVIDER CMD "
    "COMMAND HELPER POLICY REGION VERSION ISSUER AUDIENCE SCOPE SCOPES BACKEND PROMPT POLICIES ATTEMPTS ROUNDS DOMAIN SAMESITE "
    "SECURE FORMAT PREFIX HEADER FIELD ENDPOINT STORE PLUGIN MECHANISM SECONDS MINUTES HOURS DAYS COLOR REALM USER USERNAME "
    "SUBJECT KIND SERVICE SERVER EVENTS RATE CONSENT SECOND OWNER ARN"
)
_AMOUNTS = _words("MAX MIN NUM TOTAL COUNT OUTPUT INPUT")
_NEVER = frozenset(
    ("PWD", "OLDPWD", "INIT_CWD", "SSH_ASKPASS", "GIT_ASKPASS", "SUDO_ASKPASS", "XAUTHORITY", "SSH_CONNECTION")
)
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")

# Common values of switches whose names look like those of secrets, and the passwords that images and examples begin with. They
# would take ordinary words out of all texts, so they are hidden only where their variable, or a connection string, is shown.
COMMON = _words(
    "true false none null undefined required optional disabled enabled anonymous keychain unlimited production development "
    "localhost completed cancelled password changeme changeit postgres postgresql rabbitmq minioadmin administrator superuser"
)

_FOLDERS = "bin|boot|config|data|dev|etc|home|lib|lib64|media|mnt|nix|opt|private|proc|root|run|sbin|secrets|snap|srv|sys|tmp|usr"
_PLACE = re.compile(rf"(?:~|~?/(?:{_FOLDERS}|var|vault|work|workspaces?|Applications|Library|Users|Volumes))(?:/|$)")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]*://")
# Each repetition has a bound, so that the time for a long value grows no faster than the value.
_USER = re.compile(r"://([^\s/?#@:]{0,200})(?::([^\s]{0,500}))?@(?=[^\s/@]{1,300}(?:[/?#:,]|$))")
_PAIR = re.compile(
    r"(?:^|[;?&\s])(?:[\w ]{0,30}(?:password|passwd|pwd|passphrase|secret|token|apikey|api_key|accountkey|accesskey|access_key"
    r"|sharedaccesskey|signature)|sig|auth|key)\s{0,9}=\s{0,9}(\"[^\"]*\"|'[^']*'|[^;&\s]+)",
    re.IGNORECASE,
)
_WEBHOOK = re.compile(r"hooks?\.|webhook", re.IGNORECASE)
_SEARCHED_CHARS = 32_768
_TOKEN_CHARS = 20  # a user name in a URL that is at least so long is a token
_WEBHOOK_CHARS = 16


def is_secret_name(name: str) -> bool:
    """Return whether the name of a variable says that its value is a secret.

    What a name says of a connection may be true of a value only that has the form of one: see `secret_parts`.
    """
    if name.upper() in _NEVER:
        return False
    words = [word.upper() for word in _SPLIT.split(name) if word]
    while words and words[-1].isdecimal():  # MY_TOKEN_2
        words.pop()
    if not words or words[-1] in _ABOUT or (words[-1] == "TOKENS" and _AMOUNTS.intersection(words)):
        return False
    if _WORDS.intersection(words) or any(_ENDINGS.search(word) for word in words):
        return True
    return _is_connection(words) or _has_key(words)


def _is_connection(words: list[str]) -> bool:
    return bool(_CONNECTION.intersection(words)) and words[-1] in _CONNECTION_ENDINGS


def _has_key(words: list[str]) -> bool:
    """Return whether the words speak of a key that opens something: one at the end, or an access key with its number."""
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        if word in _KEY_WORDS and (
            before in {"API", "ACCESS", "SECRET", "PRIVATE"}
            or (at == len(words) - 1 and before not in _OPEN_KEYS and at)
        ):
            return True
    return False


def secret_parts(name: str, value: str, *, declared: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each secret of a variable with the text before it by which it is known if it is short, mostly "".

    Of a connection string only its password is one, whatever the variable is called. Of a JSON document, such as a service
    account, those members are secrets too whose names say so. A `declared` value is one as a whole.
    """
    found = list(dict.fromkeys(_of_connection(name, value)))
    yield from found
    yield from (("", secret) for secret in _of_document(value))
    if declared or (not found and _is_whole_secret(name, value)):
        yield "", value


def _is_whole_secret(name: str, value: str) -> bool:
    """Return whether all of a value is a secret: the name says so, and it has not the form of something else."""
    if not is_secret_name(name) or len(value) < SHORTEST or _PLACE.match(value) or _URL.match(value):
        return False
    speaks_of_connection = _is_connection([word.upper() for word in _SPLIT.split(name) if word])
    return not speaks_of_connection or bool(_CONNECTION_VALUE.search(value))


def _of_connection(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the passwords in a connection string, in a URL with one, and the path of a webhook."""
    value = value[:_SEARCHED_CHARS]
    for found in _USER.finditer(value):
        user, password = found[1], found[2]
        if password:
            known = _is_alone(password) and value.count(password) == 1  # not postgres://postgres:postgres@
            yield "" if known else f"//{user}:", password
            if (plain := unquote(password)) != password and len(plain) >= SHORTEST:
                yield "", plain
        if user and (len(user) >= _TOKEN_CHARS or (not password and is_secret_name(name) and len(user) >= SHORTEST)):
            yield "", user
    for found in _PAIR.finditer(value) if "=" in value else ():
        secret = found[1].strip("\"'")
        if _is_alone(secret):
            yield "", secret
        elif secret:
            yield value[max(found.start(), found.start(1) - 40) : found.start(1)].lstrip(), secret
    if (url := _URL.match(value)) and (_WEBHOOK.search(name) or _WEBHOOK.search(value)):
        path = value[url.end() :].partition("/")[2]
        if len(path) >= _WEBHOOK_CHARS:
            yield "", path


def _is_alone(secret: str) -> bool:
    """Return whether a password of a connection string is one wherever it stands."""
    return len(secret) >= SHORTEST and secret.lower() not in COMMON


def _of_document(value: str) -> Iterator[str]:
    """Yield the secrets in a JSON document, as a program shows them that has read it."""
    if not value.lstrip().startswith("{") or len(value) > _SEARCHED_CHARS:
        return
    try:
        ahead = [("", json.loads(value))]
    except (ValueError, RecursionError):
        return
    while ahead:
        name, found = ahead.pop()
        if isinstance(found, dict):
            ahead += found.items()
        elif isinstance(found, list):
            ahead += [(name, each) for each in found]
        elif isinstance(found, str) and _is_whole_secret(name, found):
            yield found


def is_place(value: str) -> bool:
    """Return whether a value names files: a path, or a list of them as in PATH. Nothing is looked up."""
    return all(_PLACE.match(each) for each in value.split(":"))
