"""The small pieces that pages are made of."""

import re

import pytest

from client_core import StatusString
from console.templatetags.console import (
    brief,
    copyable,
    duration,
    in_words,
    offset,
    status_badge,
    when,
)


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, "–"),
        (-5, "0 ms"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_900, "59.9 s"),
        (60_000, "1 min 0 s"),
        (3_600_000, "1 h 0 min"),
        (90_061_000, "1 d 1 h"),
    ],
)
def test_a_length_of_time(ms: int | None, words: str) -> None:
    assert in_words(ms) == words


@pytest.mark.parametrize("status", StatusString)
def test_a_status_is_icon_and_word(status: str) -> None:
    badge = status_badge(status)
    assert f"icons.svg#{status.lower()}" in badge
    assert f'title="{status}"' in badge


def test_a_status_of_the_future() -> None:
    badge = status_badge("<HIBERNATING>")
    assert "status-unknown" in badge
    assert "<HIB" not in badge


def test_a_moment_is_exact() -> None:
    assert 'datetime="2026-11-22T15:04:05.678+00:00"' in when(1_795_359_845_678)
    assert "2026-11-22 15:04:05 UTC" in when(1_795_359_845_678)
    assert when(None) == "–"
    assert when(10**18) == str(10**18)


def test_a_duration_that_goes_on_is_counted_in_the_browser() -> None:
    assert duration(1_000, 2_500) == "1.5 s"
    assert 'data-since="1000"' in duration(1_000, None)
    assert duration(None, 5) == "–"


def test_a_distance_from_the_start() -> None:
    assert "+1.5 s" in offset(1_000, 2_500)
    assert "+0 ms" in offset(1_000, 900)
    assert offset(1_000, None) == "–"


@pytest.mark.parametrize("text", ["a", "abcdef", "abcdefg", "x" * 100])
def test_an_id_is_whole_in_its_two_parts(text: str) -> None:
    [shown] = re.findall(r"<code.*?</code>", copyable(text))
    assert re.sub("<.*?>", "", shown) == text


def test_a_brief_payload_is_one_line() -> None:
    assert brief({"a": [1, 2]}) == '{ "a": [1, 2] }'
    assert len(brief("x" * 1_000)) == 80
