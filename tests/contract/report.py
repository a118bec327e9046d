"""pytest plugin: prints which rows were compared with the official clients', and the holes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.matrix.model import Case

#: Outcomes by method, option and language; the workers of pytest-xdist hand theirs over.
_compared: dict[tuple[str, str, str], set[str]] = defaultdict(set)
_INDENT = " " * 6


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what a comparison said of itself."""
    for name, value in report.user_properties:
        if name == "compared" and isinstance(value, list) and report.when == "call":
            method, option, language = value
            _compared[method, option, language].add(report.outcome)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matrix, if any of it was compared."""
    if not _compared:
        return
    from tests.contract.matrix import METHODS
    from tests.contract.matrix.model import cases

    every = list(cases(METHODS))
    terminalreporter.section("rows compared with the official clients'")
    for line in (*_table(every), *_holes(every), *_differences(every)):
        terminalreporter.line(line)


def _table(every: list["Case"]) -> Iterator[str]:
    marks: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for case in every:
        method, option, language = _key(case)
        marks[method, option][language] = _mark(case)
    languages = next(iter(marks.values()))
    yield f"{'method':<32}{'option':<30}{'  '.join(languages)}"
    last = ""
    for (method, option), found in marks.items():
        cells = "  ".join(f"{mark:<{len(language)}}" for language, mark in found.items())
        yield f"{'' if method == last else method:<32}{option or '–':<30}{cells}".rstrip()
        last = method


def _mark(case: "Case") -> str:
    if outcomes := _compared.get(_key(case)):
        return "✓" if outcomes == {"passed"} else "✗"
    return "–" if case.hole else "·"


def _holes(every: list["Case"]) -> Iterator[str]:
    from tests.contract.matrix import NOT_OFFERED, OURS_ALONE

    yield "✓ same rows, or refused by all   ✗ not so   · not in this run   – cannot be, because:"
    yield from _by_reason(
        (
            *((case.hole, " ".join(_key(case))) for case in every if case.hole),
            *((reason, f"{name} (not in ours)") for name, reason in NOT_OFFERED.items()),
            *((reason, f"{name} (in ours alone)") for name, reason in OURS_ALONE.items()),
        )
    )


def _differences(every: list["Case"]) -> Iterator[str]:
    from tests.contract.matrix import ATTRIBUTES

    yield "Ours differs on purpose, which is tested too:"
    yield from _by_reason([(ATTRIBUTES.reason, "attributes of every run that is started (python)")])
    yield from _by_reason(
        (one.reason, f"{one.column} after {case.method.name} ({case.language})")
        for case in every
        if not case.hole
        for one in case.differs
    )


def _by_reason(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for reason, place in found:
        places[reason][place] = None
    for reason, where in places.items():
        yield f"  {reason}"
        yield from wrap(", ".join(where), 100, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _key(case: "Case") -> tuple[str, str, str]:
    return case.method.name, case.option.name, case.language
