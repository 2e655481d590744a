"""`podium plan SCORE`: what a score would run, in which order, and what it lacks."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Env, Home, Set, Socket, settings_for, variables_of
from podium.cli.shared.environment import passed
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import print_json
from podium.cli.terminal.drawing import STDOUT, columns, is_plain, show, write
from podium.client.job_control import job_control
from podium.contract.methods import ScoreParams
from podium.contract.models import PlanView
from podium.cwd import absolute
from podium.errors import InvalidArguments

FOLDED_FROM = 100  # sheets of a graph


def command(
    score: Annotated[Path, typer.Argument(metavar="SCORE", help="the score's YAML file; - for stdin")],
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="write a picture; - for stdout")] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="print the graph in the language of Mermaid")] = False,
    dot: Annotated[bool, typer.Option("--dot", help="print the graph in the language of Graphviz")] = False,
    everything: Annotated[bool, typer.Option("--all", help="show every sheet, however many there are")] = False,
    workspace: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="run in this folder instead of the score's workspace")
    ] = None,
    start_sheet: Annotated[
        str, typer.Option(metavar="SHEET", help="start at this sheet; earlier ones count as done")
    ] = "1",
    variable: Set = None,
    env: Env = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show the sheets of a score in levels, with what each needs and what plays it. Nothing is run or stored."""
    if sum((svg is not None, mermaid, dot, as_json)) > 1:
        raise InvalidArguments("--svg, --mermaid, --dot and --json exclude each other.", fix="Give one of them.")
    settings = settings_for(home, socket)
    given = score == STDOUT
    request = ScoreParams(
        config_path=None if given else os.path.realpath(absolute(score, "The score path")),
        config_content=sys.stdin.read() if given else None,
        workspace=str(absolute(workspace, "workspace:")) if workspace else None,
        start_sheet=int(start_sheet) if start_sheet.isdecimal() else start_sheet,
        variables=variables_of(variable),
        environment=passed(env),
    )

    async def work() -> PlanView:
        async with job_control(settings) as control:
            return await control.plan(request)

    plan = wait_for(work)
    if as_json:
        print_json(plan.model_dump())
    elif svg is not None or mermaid or dot:
        _graph(plan, svg, as_mermaid=mermaid, everything=everything)
    else:
        draw_table(plan, everything=everything)


def _graph(plan: PlanView, svg: Path | None, *, as_mermaid: bool, everything: bool) -> None:
    from podium.plots.formats.dot import dot
    from podium.plots.formats.mermaid import mermaid
    from podium.plots.story.graph import folded, graph_of_plan
    from podium.plots.svg.graph import graph_svg

    graph = graph_of_plan(plan)
    if not everything:
        graph = folded(graph, FOLDED_FROM)
    if svg is not None:
        write(svg, graph_svg(graph, heading=f"{graph.name}: {plan.sheets_total} sheets"))
    else:
        write(STDOUT, mermaid(graph) if as_mermaid else dot(graph))


def draw_table(plan: PlanView, *, everything: bool) -> None:
    """Print the sheets of a plan; with `everything` each has its row."""
    from podium.plots.terminal.plan import plan_lines

    show(plan_lines(plan, columns(), fold=not everything, plain=is_plain()))
