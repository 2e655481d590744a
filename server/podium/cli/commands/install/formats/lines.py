"""What the formats share: newlines, pieces of text that are whole lines, and one kind of error."""


def unfit(name: str, wanted: str) -> ValueError:
    """Return the error for a value that cannot hold the entry; `name` is the member's."""
    return ValueError(f"{name or 'its value'} is not {wanted}")


def newline_of(text: str) -> str:
    """Return the newline that a text uses."""
    return "\r\n" if "\r\n" in text else "\n"


def line_start(text: str, index: int) -> int:
    """Return where the line with this index begins."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Return where the line with this index ends, after its newline."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def insert_lines(text: str, at: int, lines: str) -> str:
    """Return the text with whole lines in front of the line that begins at an index; the final newline stays as it was."""
    newline = newline_of(text)
    lines = lines.replace("\n", newline)
    if at == len(text) and text and not text.endswith("\n"):
        return text + newline + lines.removesuffix(newline)
    return text[:at] + lines + text[at:]


def cut_lines(text: str, start: int, end: int) -> str:
    """Return the text without what is between two starts of lines; the final newline stays as it was."""
    left = text[:start] + text[end:]
    return left if text.endswith("\n") else left.removesuffix("\n").removesuffix("\r")
