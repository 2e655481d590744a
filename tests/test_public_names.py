"""What may be imported from outside: each package says its names, and the names are there."""

from importlib import import_module

import pytest

from tests.support.source_tree import modules

PUBLIC = {
    "podium.client": {"DaemonClient", "JobControlService", "job_control"},
    "podium.contract": {"JobActionResult", "JobStartResult", "ProcessHealth"},
    "podium_tools": {"ALL_TOOLS", "AnyTool", "ToolSpec"},
}
SAYING = sorted(name for name, module in modules().items() if "\n__all__ = " in module.path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", sorted(PUBLIC))
def test_a_public_package_says_exactly_the_names_that_programs_may_use(package: str) -> None:
    assert set(import_module(package).__all__) == PUBLIC[package]


@pytest.mark.parametrize("name", SAYING)
def test_every_name_that_a_module_says_is_there_and_said_once(name: str) -> None:
    module = import_module(name)
    said = module.__all__
    assert sorted(said) == sorted(set(said))
    assert not [each for each in said if not hasattr(module, each)]
