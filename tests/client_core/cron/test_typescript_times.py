"""Equality with the TypeScript SDK's own matcher: from a file, and live if it is at hand."""

import json
import os
import subprocess
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import TypedDict

from client_core.cron import InvalidCronExpression, next_times, validate_cron
from tests.client_core.cron.grid import Grid, grid, random_expressions, small_grid
from tests.contract.node import require_node, typescript_packages

HERE = Path(__file__).parent
GENERATOR = HERE / "generate_typescript_times.mjs"


class Answers(TypedDict):
    """What the generator prints; times are seconds since the one before."""

    sdk: str
    count: int
    zones: dict[str, list[int]]
    answers: dict[str, list[list[list[int]]] | None]


def mistakes(answers: Answers) -> list[str]:
    """Where ours differ from the oracle's."""
    found = []
    for expression, per_zone in answers["answers"].items():
        try:
            validate_cron(expression, dialect="typescript")
        except InvalidCronExpression:
            if per_zone is not None:
                found.append(f"{expression!r} is refused by ours alone")
            continue
        if per_zone is None:
            found.append(f"{expression!r} is accepted by ours alone")
            continue
        for (zone, instants), expected in zip(answers["zones"].items(), per_zone, strict=True):
            for after, deltas in zip(instants, expected, strict=True):
                theirs = list(accumulate(deltas, initial=after))[1:]
                ours = next_seconds(expression, zone, after, answers["count"])
                if ours != theirs:
                    found.append(f"{expression!r} {zone} after {after}: {ours} not {theirs}")
    return found


def next_seconds(expression: str, zone: str, after: int, count: int) -> list[int]:
    times = next_times(
        expression,
        dialect="typescript",
        timezone=zone,
        after=datetime.fromtimestamp(after, UTC),
        count=count,
    )
    return [int(time.timestamp()) for time in times]


def answered_by_the_sdk(question: Grid) -> Answers:
    node = require_node()
    done = subprocess.run(
        [node, str(GENERATOR)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TZ": "UTC", "DBOS_TS_SDK": str(typescript_packages(node))},
    )
    answers: Answers = json.loads(done.stdout)
    return answers


def test_the_times_in_the_file() -> None:
    answers: Answers = json.loads((HERE / "typescript_times.json").read_text())
    grid_now = small_grid()
    assert list(answers["answers"]) == list(dict.fromkeys(grid_now["expressions"]))
    assert answers["zones"] == grid_now["zones"]
    assert mistakes(answers) == []


def test_the_sdk_on_the_whole_grid() -> None:
    assert mistakes(answered_by_the_sdk(grid())) == []


def test_the_sdk_on_random_expressions() -> None:
    instants = {"Europe/Berlin": [1_774_745_999], "America/St_Johns": [1_320_543_000]}
    expressions = random_expressions(4_000, seed=3)
    answers = answered_by_the_sdk({"expressions": expressions, "zones": instants, "count": 4})
    assert sum(answer is not None for answer in answers["answers"].values()) > 300
    assert mistakes(answers) == []
