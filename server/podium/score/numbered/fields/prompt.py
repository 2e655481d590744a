"""The keys under `prompt`."""

from pydantic import Field

from podium.score.blocks import Text, Variables
from podium.score.text.reading import Block


class NumberedPrompt(Block):
    """The template of all sheets: a prompt for an agent or a script for `cli`: for bash, which needs `set -e` to stop at a
    failure, or for the program of its `#!` line."""

    template: Text | None = Field(None, description="the text; use this or template_file")
    template_file: Text | None = Field(None, description="a file with the text, relative to the score")
    variables: Variables = Field(
        default_factory=dict,
        description="values for the template; stored and shown: do not put secrets here",
    )
    stakes: Text | None = Field(
        None, description="a text for the template, as {{ stakes }}; prompts without a template end with it"
    )
    thinking_method: Text | None = Field(None, description="the same, as {{ thinking_method }}")
    prompt_extensions: list[Text] = Field(
        default_factory=list,
        description="directives for agents, used as written: texts, or paths of .md and .txt files",
    )
