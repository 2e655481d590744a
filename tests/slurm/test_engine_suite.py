"""What every engine promises, on a real cluster: the fixture `ground` of this folder is one. These are the same tests."""

from tests.fault.engines.test_cancels import *  # noqa: F403
from tests.fault.engines.test_ends import *  # noqa: F403
from tests.fault.engines.test_handovers import *  # noqa: F403
from tests.fault.engines.test_places import *  # noqa: F403
