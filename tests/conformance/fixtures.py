"""The product's server with what the conformance suites need on top of it: the same wiring, transport and port.

`python -m tests.conformance.fixtures --home FOLDER` serves it over HTTP on a free port, as `podium serve --http 0` does.
"""

import sys
from collections.abc import Sequence

from podium.cli.calling.light import configure_log, parse, parser


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal comes."""
    _, settings = parse(parser("conformance", "Serve the product with the suites' fixtures."), arguments)
    configure_log(settings.log_level)
    # The SDK reads the logging set-up when it is imported.
    from podium.client.job_control import job_control
    from podium.mcp.app import Offer, build_server
    from podium.mcp.prompts.podium import PROMPTS
    from podium.mcp.resources.podium import RESOURCES
    from podium.mcp.tasks.ticket import Signer
    from podium.mcp.tasks.wait import WaitTasks
    from podium.mcp.transports.http.serving import run
    from tests.conformance import content, interaction, long_work

    offer = Offer(
        resources=[*RESOURCES, *content.RESOURCES],
        prompts=[*PROMPTS, *content.PROMPTS],
        tasks=long_work.SuiteTasks(WaitTasks(Signer(settings.home))),
    )
    server = build_server(lambda: job_control(settings), offer)
    content.add_content(server)
    interaction.add_interaction(server)
    long_work.add_long_work(server)
    return run(server, "127.0.0.1", 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
