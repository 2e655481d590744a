"""The inventory of the tools, in the order in which clients see them."""

from podium_tools.artifacts import LIST_ARTIFACTS, READ_ARTIFACT
from podium_tools.clear import CLEAR_JOBS
from podium_tools.conductor import CONDUCTOR_STATUS
from podium_tools.control import CANCEL_JOB, PAUSE_JOB, RESUME_JOB
from podium_tools.delete import DELETE_JOB
from podium_tools.describe import DESCRIBE_SCORE
from podium_tools.explain import EXPLAIN_JOB
from podium_tools.health import VERIFY_PROCESS_HEALTH
from podium_tools.jobs import GET_JOB
from podium_tools.listing import LIST_JOBS
from podium_tools.logs import READ_JOB_LOG
from podium_tools.modify import MODIFY_JOB
from podium_tools.score import VALIDATE_SCORE
from podium_tools.spec import AnyTool
from podium_tools.start import START_JOB
from podium_tools.wait import WAIT_FOR_JOB

ALL_TOOLS: tuple[AnyTool, ...] = (
    START_JOB,
    PAUSE_JOB,
    RESUME_JOB,
    CANCEL_JOB,
    MODIFY_JOB,
    DELETE_JOB,
    CLEAR_JOBS,
    VERIFY_PROCESS_HEALTH,
    LIST_JOBS,
    GET_JOB,
    WAIT_FOR_JOB,
    READ_JOB_LOG,
    LIST_ARTIFACTS,
    READ_ARTIFACT,
    EXPLAIN_JOB,
    VALIDATE_SCORE,
    DESCRIBE_SCORE,
    CONDUCTOR_STATUS,
)
