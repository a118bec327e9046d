"""The benchmarks run, and their results have the promised shape; no number is asked about."""

import json
import re
from pathlib import Path

from benchmarks import live, schedules
from benchmarks.bulk import measure
from benchmarks.cases import Result, Scale
from benchmarks.report import table, write_json
from benchmarks.session import run
from tests.contract.node import find_node
from tests.postgres import server_url

SCALE = Scale(
    rows=300,
    enqueues=20,
    rounds=1,
    calls_per_round=1,
    wake_ups=1,
    page_rounds=1,
    wait_seconds=(0.0, 0.0),
)


def test_everything_is_measured_with_every_client(tmp_path: Path) -> None:
    said: list[str] = []
    results = run(server_url, SCALE, said.append)
    write_json(results, tmp_path / "results.json")
    written = json.loads((tmp_path / "results.json").read_text())
    names = [entry["name"] for entry in written]
    assert [set(entry) for entry in written] == [{"name", "ours", "theirs", "ratio", "unit"}] * len(
        written
    )
    for entry in written:
        assert entry["ours"] >= 0 or entry["unit"] == "MiB"
        assert entry["theirs"] is None or entry["ratio"] == entry["ours"] / entry["theirs"]
    for part in ("enqueue", "20 enqueues", "first page", "page at depth 270", "get by ID"):
        assert part in names
    for part in ("steps of a run", "send", "wake-up of get_result", "page: list, to an empty one"):
        assert part in names
    with_typescript = [name for name in names if name.endswith(" (TypeScript)")]
    of_clients = [name for name in names if not re.search("page:|dbos-argus", name)]
    if find_node():
        assert len(with_typescript) == len(of_clients) // 2
    else:
        assert any("NOT MEASURED" in sentence for sentence in said)


def test_open_pages_are_measured() -> None:
    """What they cost the database is measured where its server counts that."""
    # Not the number of rows of the other test, beside which it may make its database.
    scale = live.Scale(
        rows=200, pages=4, rounds=1, asks_per_round=1, calm_seconds=0.0, watch_seconds=0.0
    )
    said: list[str] = []
    names = [result.name for result in live.measure(server_url, scale, said.append)]
    assert "list, median, beside 4 open pages" in names
    assert "system connections, 4 pages to 2" in names
    assert any("NOT MEASURED" in sentence for sentence in said)


def test_operations_are_measured_through_the_pages() -> None:
    results = list(measure(server_url, 150, others=250, idle_seconds=0.2))
    assert [result.unit for result in results] == ["runs/s", "runs/s", "ms", "ms"]
    assert all(result.ours >= 0 for result in results)


def test_pages_of_schedules_are_measured() -> None:
    results = list(schedules.measure(server_url, 160, schedules=7, runs=40, rounds=1))
    names = [result.name for result in results]
    assert "page: rehearsal of a week, to an empty one" in names
    assert all(result.ours > 0 and result.ratio and result.target_ratio == 3 for result in results)


def test_the_table_says_what_was_reached() -> None:
    lines = table(
        [
            Result("enqueue", 1.0, 4.0, "ms", target_ratio=0.4),
            Result("send", 3.0, 4.0, "ms", target_ratio=0.4),
            Result("memory", 2.0, None, "MiB", target=5.0),
            Result("steps", 1_234.5, 2_469.0, "ms"),
        ]
    ).splitlines()
    words = [re.split(r"\s{2,}|(?<=\d) (?=ms)", line.strip()) for line in lines]
    assert words[1] == ["enqueue", "1.00", "4.00", "ms", "0.25", "≤ 0.4 ×", "met"]
    assert words[2] == ["send", "3.00", "4.00", "ms", "0.75", "≤ 0.4 ×", "NOT MET"]
    assert (words[3][0], words[3][-2:]) == ("memory", ["≤ 5 MiB", "met"])
    assert words[4] == ["steps", "1,234", "2,469", "ms", "0.50"]
