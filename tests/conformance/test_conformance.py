"""The official conformance suites against the product's server and against the same wiring with the suites' fixtures."""

import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.settings import Settings
from tests.conformance.suites import SUITES
from tests.support import node
from tests.support.http_server import HttpServer, http_server, serving
from tests.support.podium_home import make_home
from tests.support.source_tree import REPOSITORY

pytestmark = pytest.mark.timeout(600)

EXPECTED = Path(__file__).with_name("expected_failures.toml")
MOST_EXPECTED = 44  # may only be lowered
BOTH = pytest.mark.parametrize("name", SUITES)


def expected() -> dict[str, list[str] | None]:
    """Return the scenarios that fail on the product's server, with the checks that do where only some of them may."""
    entries: list[dict[str, Any]] = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))["expected"]
    return {scenario: entry.get("checks") for entry in entries for scenario in entry["scenarios"]}


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    node.required()
    with tempfile.TemporaryDirectory(prefix="pod-", dir="/tmp") as folder:
        yield make_home(Path(folder))


@pytest.fixture(scope="module")
def product(settings: Settings) -> Iterator[HttpServer]:
    with http_server(serving(settings)) as running:
        yield running


@pytest.fixture(scope="module")
def with_fixtures(settings: Settings) -> Iterator[HttpServer]:
    command = [sys.executable, "-m", "tests.conformance.fixtures", "--home", str(settings.home)]
    with http_server(command, {"PYTHONPATH": str(REPOSITORY)}) as running:
        yield running


@BOTH
def test_every_scenario_passes_on_the_wiring_with_the_suites_fixtures(
    with_fixtures: HttpServer, tmp_path: Path, name: str
) -> None:
    found = SUITES[name].failures(with_fixtures.url, tmp_path)
    assert not {scenario: checks for scenario, checks in found.items() if checks}


@BOTH
def test_the_product_fails_exactly_where_it_is_expected_to(product: HttpServer, tmp_path: Path, name: str) -> None:
    found = SUITES[name].failures(product.url, tmp_path)
    failed = {scenario: checks for scenario, checks in found.items() if checks}
    wanted = {scenario: checks for scenario, checks in expected().items() if scenario in found}
    assert sorted(failed) == sorted(wanted)
    assert {scenario: failed[scenario] for scenario, checks in wanted.items() if checks} == {
        scenario: checks for scenario, checks in wanted.items() if checks
    }


def test_the_list_of_expected_failures_only_shrinks() -> None:
    assert len(expected()) <= MOST_EXPECTED
    entries = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))["expected"]
    assert sum(len(entry["scenarios"]) for entry in entries) == len(expected())
    assert all(entry["reason"].endswith(".") for entry in entries)
