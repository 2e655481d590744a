from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from podium.reader.classify import Patterns, classify, cost_in, retry_after_seconds
from tests.support.profiles import load_profiles

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()


def patterns_of(name: str) -> Patterns:
    profile = load_profiles()[name]
    return {
        "rate_limit": profile.rate_limit_patterns,
        "auth": profile.auth_patterns,
        "capacity": profile.capacity_patterns,
    }


@pytest.mark.parametrize(
    ("name", "tail", "kind"),
    [
        ("claude-code", "Claude AI usage limit reached|1787412000", "rate_limit"),
        ("claude-code", "You've hit your session limit · resets 8:20pm (Asia/Tokyo)", "rate_limit"),
        ("claude-code", "Not logged in · Please run /login", "auth"),
        ("claude-code", "API Error: Repeated 529 Overloaded errors.", "capacity"),
        ("claude-code", "the tests fail", "error"),
        ("codex-cli", "ERROR: exceeded retry limit, last status: 429 Too Many Requests, request id: 1", "rate_limit"),
        ("codex-cli", "You've hit your usage limit. Try again at 3:28 PM.", "rate_limit"),
        ("codex-cli", "unexpected status 401 Unauthorized", "auth"),
        ("gemini-cli", "You have exhausted your capacity on this model. Your quota will reset after 5s.", "rate_limit"),
        ("gemini-cli", '"status": "RESOURCE_EXHAUSTED"', "rate_limit"),
        ("aider", "litellm.RateLimitError: RateLimitError: OpenAIException", "rate_limit"),
        ("aider", "litellm.AuthenticationError: invalid", "auth"),
        ("goose", "Ran into this error: Rate limit exceeded: Max retries exceeded", "rate_limit"),
        ("opencode", 'Error: Unauthorized: {"error":{"code":401}}', "auth"),
        ("crush", "no providers configured - please run 'crush'", "auth"),
        ("cli", "HTTP 429 Too Many Requests", "error"),
    ],
)
def test_what_the_tools_print_is_recognised(name: str, tail: str, kind: str) -> None:
    assert classify(patterns_of(name), f"some output\n{tail}\n") == kind


def test_only_the_end_counts() -> None:
    assert classify(patterns_of("codex-cli"), "rate_limit_exceeded" + "x" * 20_001) == "error"


def test_a_pattern_that_never_ends_does_not_match() -> None:
    assert classify({"rate_limit": ("(x+x+)+y",), "auth": ("login",)}, "x" * 5000 + " login") == "auth"


def test_a_pattern_too_large_to_compile_does_not_match() -> None:
    assert classify({"rate_limit": ("((a{1000}){1000}){1000}",), "auth": ("login",)}, "aa login") == "auth"


@pytest.mark.parametrize(
    ("tail", "seconds"),
    [
        ("Please try again in 6.034s. Visit", 6.034),
        ("try again in 3 days 6 hours 57 minutes.", 3 * 86400 + 6 * 3600 + 57 * 60),
        ("Your quota will reset after 1h2m3s.", 3723),
        ("resets in 5 min", 300),
        ("Retry-After: 30", 30),
        ("retry_after=12", 12),
        ('"retryDelay": "34s"', 34),
        ("retry after 250ms", 0.25),
        (f"Claude AI usage limit reached|{NOW + 90:.0f}", 90),
        ("You've hit your limit · resets 8:20pm (Asia/Tokyo)", 5 * 3600 + 20 * 60),
        ("resets 3am (Asia/Tokyo)", 12 * 3600),
        ("resets at 12am (Asia/Tokyo)", 9 * 3600),
        ("try again in 5s ... try again in 7s", 7),
    ],
)
def test_the_time_that_a_tool_asks_for_is_read(tail: str, seconds: float) -> None:
    assert retry_after_seconds(f"error\n{tail}\n", NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "try again later",
        "Retrying after failure",
        "resets 8:20pm (Nowhere/Land)",
        "resets 13pm",
        "try again in 99 days",
        "usage limit reached|1000000000",
        "try again in " + "1" * 10_000,
        "try again in " + "1 " * 8_000,
        "resets 9pm (/etc/passwd)",
    ],
)
def test_what_names_no_usable_time_gives_none_or_a_bounded_wait(tail: str) -> None:
    assert retry_after_seconds(tail, NOW) in (None, 1.0)


def test_a_time_of_the_day_without_a_zone_is_this_machines() -> None:
    seconds = retry_after_seconds("try again at 3:28 PM.", NOW)
    assert seconds is not None
    then = datetime.fromtimestamp(NOW + seconds).astimezone()
    assert (then.hour, then.minute) == (15, 28)
    assert 0 < seconds <= 25 * 3600


@pytest.mark.parametrize(
    ("tail", "dollars"),
    [
        ("Tokens: 12k sent, 133 received. Cost: $0.04 message, $0.10 session.", 0.10),
        ("Cost: $0.04 message, $0.04 session.\nok\nCost: $1,000.06 message, $1,000.10 session.\n", 1000.10),
        ("Tokens: 12k sent, 133 received.", None),
    ],
)
def test_what_aider_says_of_its_costs_is_that_of_its_whole_session(tail: str, dollars: float | None) -> None:
    assert cost_in(tail, load_profiles()["aider"].cost_pattern) == dollars


@pytest.mark.parametrize("pattern", ["cost (\\S+)", "(?:cost )(\\S*)|(never)", "cost"])
@pytest.mark.parametrize("tail", ["cost free", "cost nan", "cost -1", "cost 1e300", "cost ", ""])
def test_what_is_no_amount_of_dollars_is_no_cost(pattern: str, tail: str) -> None:
    assert cost_in(tail, pattern) is None


def test_a_pattern_that_takes_for_ever_finds_no_cost() -> None:
    assert cost_in("a" * 5000, "(a*a*a*a*)*b") is None
