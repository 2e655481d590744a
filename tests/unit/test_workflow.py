"""The workflow file is YAML, and runs what a developer runs on every Python that the package says it supports."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.support.source_tree import REPOSITORY

WORKFLOW: dict[Any, Any] = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
COMMANDS = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in JOBS.items()}


def test_the_tests_run_on_each_supported_python_and_on_one_mac() -> None:
    matrix = JOBS["test"]["strategy"]["matrix"]
    classifiers = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    supported = [
        found[1] for each in classifiers if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each))
    ]
    assert matrix["python"] == supported
    assert matrix["system"] == ["ubuntu-latest"]
    assert [extra["system"] for extra in matrix["include"]] == ["macos-latest"]


def test_it_runs_the_tests_the_documentation_and_a_smoke_test_of_the_wheel() -> None:
    assert COMMANDS["test"] == ["make test PYTHON=python"]
    assert COMMANDS["slurm"][-1] == "make test-slurm PYTHON=python"
    assert COMMANDS["docs"] == ["make docs PYTHON=python"]
    assert "sh .ci/smoke dist/*.whl" in COMMANDS["wheel"]


def test_every_job_has_the_tags_that_the_version_comes_from_and_a_time_limit() -> None:
    for job in JOBS.values():
        assert job["timeout-minutes"] <= 60
        assert job["steps"][0]["with"]["fetch-depth"] == 0


@pytest.mark.parametrize("command", [run for runs in COMMANDS.values() for run in runs])
def test_what_it_runs_is_there(command: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    if target := re.match(r"make ([a-z-]+)", command):
        assert re.search(rf"^{target[1]}:", makefile, re.MULTILINE)
    for file in re.findall(r"(?:sh|python) (\.ci/\S+)", command):
        assert (REPOSITORY / file).is_file()


def test_it_may_only_read_and_runs_on_pushes_and_pull_requests() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW[True].keys() == {"push", "pull_request"}  # YAML 1.1 reads the key `on` as a truth value
