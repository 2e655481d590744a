import pytest

from podium.score.patterns import PatternFault, compile_pattern


@pytest.mark.parametrize(
    "pattern", [r"\d{4}-\d{2}-\d{2}", r"(?i)## summary", r"[{(]{3}x\{5\}", "a{1,60000}", "(a{300}){300}", "(?#note)a"]
)
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    assert compile_pattern(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["(", "[a--b]", "*", "a{2,1}", "(?P<a>", "\\"])
def test_what_is_not_a_regular_expression_is_refused(pattern: str) -> None:
    with pytest.raises(PatternFault, match="is not a valid regular expression"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{1000}){1000}){1000}",
        "a{1000}{1000}",
        "(?i:a{1000}){1000}",
        "(a{1000})(?#x){1000}",
        "((a{1000})){1000}",
        "a{100001}",
    ],
)
def test_repeats_that_multiply_beyond_the_memory_are_refused_before_they_are_compiled(pattern: str) -> None:
    with pytest.raises(PatternFault, match="nested repeats"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(" * 200 + ")" * 200, "groups nested deeper"),
        ("a" * 10_001, "longer than"),
        ("(?x) (a {1000}) {1000}", "verbose"),
    ],
)
def test_patterns_that_cannot_be_measured_or_are_too_long_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(PatternFault, match=message):
        compile_pattern(pattern)


def test_a_lack_of_memory_is_not_told_as_a_fault_of_the_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(pattern: str, flags: int) -> None:
        raise MemoryError

    monkeypatch.setattr("podium.score.patterns.regex.compile", lacking)
    with pytest.raises(MemoryError):
        compile_pattern("a")
