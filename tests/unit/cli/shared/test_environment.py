"""What a command says of the environment in which sheets run."""

import pytest

from podium.cli.shared.environment import difference


@pytest.fixture(autouse=True)
def _ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/ours/bin:/bin")
    monkeypatch.setenv("VIRTUAL_ENV", "/ours")


def test_nothing_is_said_where_programs_are_the_same_or_nothing_is_known() -> None:
    assert difference({"PATH": "/ours/bin:/bin", "VIRTUAL_ENV": "/ours"}) == ""
    assert difference({}) == ""


def test_the_difference_is_named_with_what_can_be_done() -> None:
    note = difference({"PATH": "/bin"})
    assert "its PATH is /bin and it has no VIRTUAL_ENV" in note
    assert "podium run --env PATH --env VIRTUAL_ENV, or env_pass: [PATH, VIRTUAL_ENV]" in note


def test_what_comes_with_the_start_makes_no_difference() -> None:
    assert difference({"PATH": "/bin", "VIRTUAL_ENV": "/ours"}, ["PATH"]) == ""


def test_what_only_the_conductor_has_cannot_be_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV")
    assert difference({"PATH": "/ours/bin:/bin", "VIRTUAL_ENV": "/theirs"}).endswith("/theirs. Restart it from here.")
