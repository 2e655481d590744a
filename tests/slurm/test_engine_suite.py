"""What every engine promises, on a real cluster: the fixture `ground` of this folder is one."""

from tests.fault.test_engine_suite import *  # noqa: F403 -- the same tests
