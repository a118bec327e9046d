"""The results, as a table for people and as JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.cases import Result

_HEADINGS = ("", "ours", "theirs", "", "ratio", "target", "")


def table(results: Iterable[Result]) -> str:
    """The results, one a line, with what was to be reached and whether it was."""
    rows = [_HEADINGS, *map(_row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def write_json(results: Iterable[Result], path: Path) -> None:
    """A list of objects: name, ours, theirs, ratio, unit."""
    objects = [
        {
            "name": result.name,
            "ours": result.ours,
            "theirs": result.theirs,
            "ratio": result.ratio,
            "unit": result.unit,
        }
        for result in results
    ]
    path.write_text(json.dumps(objects, indent=2) + "\n")


def _row(result: Result) -> tuple[str, ...]:
    target = ""
    if result.target_ratio is not None:
        target = f"≤ {result.target_ratio:g} ×"
    elif result.target is not None:
        target = f"≤ {result.target:g} {result.unit}"
    return (
        result.name,
        _number(result.ours),
        "" if result.theirs is None else _number(result.theirs),
        result.unit,
        "" if result.ratio is None else f"{result.ratio:.2f}",
        target,
        {None: "", True: "met", False: "NOT MET"}[result.met],
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, ours, theirs, unit, ratio, target, verdict = (
        cell.ljust(width) if place in (0, 3, 5, 6) else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"{name}  {ours}  {theirs} {unit}  {ratio}  {target}  {verdict}".rstrip()
