"""Fixtures that every test may use: the event loop, short folders for sockets, a home and a real conductor in it."""

import gc
import logging
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

import podium
import podium_tools
from podium.settings import Settings
from tests.support import nursed
from tests.support.examples import CAMPAIGN, ORDINARY
from tests.support.podium_home import Conductor, make_home

# No variable of the developer's shell may make a test pass or fail, or lead it to a conductor of theirs: tests, and all that they
# start, see what a fresh user has. pytest's own variables stay, and those that say how to run these tests.
KEPT = ("HOME", "PATH", "PYTEST_", "COVERAGE_", "PODIUM_UPDATE_GOLDEN")
for name in [name for name in os.environ if not name.startswith(KEPT)]:
    del os.environ[name]
os.environ["PODIUM_CONFIG"] = os.devnull
# A shell that runs `make test &` lets it ignore the first two, `nohup make test` the third, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

Conductor.quick = nursed.POSSIBLE
LAZY_LOGGER = type(structlog.get_logger())
# Where no command has set the log up, an exception is written as the commands do: rich draws one with all that every function of
# pytest holds, which takes seconds, and on a busy machine longer than a test may.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback

# Neither the machine's load nor a lucky draw may decide a test: no deadline an example, and every run draws the same ones.
settings.register_profile(
    "podium",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=ORDINARY,
    derandomize=True,
    database=None,
)
# `make fuzz` draws new ones, by its seed: pytest -m hypothesis --hypothesis-profile=campaign --hypothesis-seed=1 tests/property tests/unit
settings.register_profile(
    "campaign", settings.get_profile("podium"), max_examples=ORDINARY * CAMPAIGN, derandomize=False
)
settings.load_profile("podium")


def pytest_configure(config: pytest.Config) -> None:
    """Let a worker use the nurseries of its run."""
    nursed.Place.folder = getattr(config, "workerinput", {}).get("nurseries")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Say to a new worker where the nurseries are."""
    node.workerinput["nurseries"] = nursed.place()


def pytest_collection() -> None:
    """Look for no garbage while tests are collected: there is none, and each look goes through all that is there."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was loaded and collected out of every later look for garbage."""
    gc.freeze()
    gc.enable()


@cache
def _load_everything() -> None:
    for package in (podium, podium_tools):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)


@pytest.fixture(autouse=True)
def _the_same_seed_draws_the_same(request: pytest.FixtureRequest) -> None:
    """Load every module of ours before a property is tried: hypothesis draws from the constants of those that are loaded."""
    if request.node.get_closest_marker("hypothesis"):
        _load_everything()


@pytest.fixture(autouse=True)
def _no_log_of_an_earlier_test() -> Iterator[None]:
    """Undo the set-up of the log by a command that ran in this process: it writes to a stream that pytest has closed since.

    Each module's logger that wrote a line keeps that set-up in its `bind`, so that goes too; as does what the standard library's
    log has of it.
    """
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        for handler in [each for each in logging.root.handlers if type(each) is logging.StreamHandler]:
            logging.root.removeHandler(handler)
        logging.root.setLevel(logging.WARNING)
        for name, module in sys.modules.items():
            if name.startswith("podium") and isinstance(logger := vars(module).get("log"), LAZY_LOGGER):
                vars(logger).pop("bind", None)


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only."""
    return "asyncio"


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """Return a temporary folder with a path short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(short_tmp: Path) -> Settings:
    """Return the settings of an empty home."""
    return make_home(short_tmp)


@pytest.fixture(scope="module")
def shared_conductor() -> Iterator[Conductor]:
    """Return a conductor that the tests of a module share: for those that look only at their own jobs."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    running = Conductor(make_home(folder)).start()
    yield running
    running.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def revived_conductor(shared_conductor: Conductor) -> Iterator[Conductor]:
    """Return the conductor of the module to a test that kills it: the next test finds it running, whatever this one did."""
    yield shared_conductor
    if not shared_conductor.answers():
        shared_conductor.kill()
        shared_conductor.start()


@pytest.fixture
def conductor(home: Settings) -> Iterator[Conductor]:
    """Return a running conductor on `home`; what its sheets left is ended with it."""
    running = Conductor(home).start()
    yield running
    running.end()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return both ends of a pipe, the reading one first."""
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        os.close(end)
