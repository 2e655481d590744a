"""How one setting of an instrument becomes arguments of its command."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

Option = Annotated[str, Field(pattern=r"^--?[A-Za-z]", max_length=64)]


class Setting(BaseModel):
    """A setting has an `option` that takes a `value`, a `list`, with commas between, or a `path`; an option with a value is
    written as its name alone. Or it is one of `choices`, each with the arguments that it stands for, such as `true` and `false`;
    or a list of `arguments`, which come last and as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    option: Option | None = None
    takes: Literal["value", "list", "path", "arguments"] = "value"
    choices: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, given: Any) -> Any:
        return {"option": given} if isinstance(given, str) else given

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        return self.option if self.option and self.takes == "value" else handler(self)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if [self.option is not None, bool(self.choices), self.takes == "arguments"].count(True) != 1:
            raise ValueError("a setting has an option, choices, or takes: arguments")
        return self

    def texts(self) -> list[str]:
        """Return the arguments that it may become and that no score gives."""
        return [*filter(None, [self.option]), *(each for words in self.choices.values() for each in words)]

    def arguments(self, value: Any) -> list[str]:
        """Return the arguments for a value that a score gives."""
        if self.choices:
            return list(self.choices[str(value).lower() if isinstance(value, bool) else str(value)])
        texts = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        if self.option is None:
            return texts
        return [self.option, ",".join(texts)] if texts else []
