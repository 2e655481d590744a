"""Sizes of memory are read and shown with the same units, powers of 1024."""

import pytest

from podium.texts.sizes import rough_size_text, size, size_text


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("4096", 4096),
        ("64k", 65_536),
        ("64K", 65_536),
        ("512M", 512 * 1024**2),
        ("4G", 4 * 1024**3),
        (" 1.5g ", 3 * 1024**3 // 2),
        ("2T", 2 * 1024**4),
        ("0", 0),
    ],
)
def test_a_size_has_a_unit_or_is_in_bytes(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "G", "4 G", "4GB", "4Gi", "-4G", "1e9", "4P", "٤G", "1" * 16])
def test_anything_else_is_no_size(text: str) -> None:
    assert size(text) is None


@pytest.mark.parametrize(
    ("bytes_", "text"), [(4 * 1024**3, "4G"), (1536 * 1024**2, "1536M"), (65_536, "64k"), (1000, "1000"), (0, "0")]
)
def test_a_size_is_shown_in_the_largest_unit_that_loses_nothing(bytes_: int, text: str) -> None:
    assert size_text(bytes_) == text
    assert size(text) == bytes_


@pytest.mark.parametrize(
    ("bytes_", "text"), [(67_349_266_432, "62.7G"), (16 * 1024**3 - 1, "15.9G"), (512 * 1024**2, "512M"), (12, "12")]
)
def test_what_nobody_has_written_is_rounded_down(bytes_: int, text: str) -> None:
    assert rough_size_text(bytes_) == text
