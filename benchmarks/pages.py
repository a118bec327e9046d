"""How long the console's pages take: beside its empty page, and beside dbos-argus."""

import random
import statistics
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from urllib.parse import quote

import psycopg

from benchmarks.argus import argus_visitor
from benchmarks.cases import Result, Scale
from benchmarks.data import MANY_CHILDREN, MANY_STEPS, Server
from benchmarks.peers import Scene
from benchmarks.visitor import Visitor, console_visitor

#: A form that asks the system database nothing.
EMPTY = "/s/main/views/save/"
LIST = "/s/main/workflows/"
#: To the empty page: a page, and the worst filter that the search offers.
PAGE_TARGET, FILTER_TARGET = 3.0, 10.0
#: To dbos-argus.
ARGUS_TARGET = 0.1
#: How long a run of thousands of steps, or of hundreds of children, may take to open.
LARGE_TARGET_MS = 1000.0

#: One of each kind that the search offers, with values that match many, few and none.
SEARCHES = """\
status:success
status:error
status:pending
status:cancelled
status:delayed
status:gave-up
name:place_order
name:nobody
queue:orders
queue:nobody
user:nobody
version:v1
version:v9
version:nothing
app:shop
app:nothing
schedule:nightly
schedule:nothing
executor:executor-3
executor:nobody
parent:nothing
fork-of:nothing
created:<2h
created:>29d
started:<1h
started:>29d
completed:<1h
completed:>29d
has:parent
-has:parent
is:fork
-is:fork
is:forked
-is:forked
is:queued
-is:queued
attr.customer=42
attr.nothing=1
zzzz
status:error name:nobody
status:error name:place_order version:v1
""".splitlines()

Path = Callable[[], str]


def pages(
    server: Server, scene: Scene, ids: list[str], scale: Scale, say: Callable[[str], None]
) -> Iterator[Result]:
    """All results that are about pages."""
    paths = {"an empty page": lambda: EMPTY, **_pages(scene, ids)}
    searches = {text: _always(f"{LIST}?q={quote(text)}") for text in SEARCHES}
    with ExitStack() as stack:
        visitor = stack.enter_context(console_visitor(server, scene.url))
        argus = stack.enter_context(argus_visitor(scene.url))
        taken = _taken({"": visitor}, {name: {"": path} for name, path in paths.items()}, scale)
        empty = taken["an empty page"][""]
        for name in list(paths)[1:]:
            page = taken[name][""]
            yield Result(f"page: {name}, to an empty one", page, empty, "ms", PAGE_TARGET)
        for name, workflow_id in (("5,000 steps", MANY_STEPS), ("500 children", MANY_CHILDREN)):
            path = _always(f"{LIST}run/{workflow_id}/")
            large = _taken({"": visitor}, {name: {"": path}}, scale)[name][""]
            yield Result(f"page: a run of {name}", large, None, "ms", target=LARGE_TARGET_MS)
        found = _taken({"": visitor}, {text: {"": path} for text, path in searches.items()}, scale)
        worst = max(found, key=lambda text: found[text][""])
        middle = statistics.median(times[""] for times in found.values())
        yield Result("page: the median search, to an empty page", middle, empty, "ms", PAGE_TARGET)
        name = f"page: the worst search ({worst}), to an empty page"
        yield Result(name, found[worst][""], empty, "ms", FILTER_TARGET)
        # What no index serves is answered in two parts: that it goes on, and its rows.
        rows = {text: {"": _always(f"{LIST}?slow=1&q={quote(text)}")} for text in SEARCHES}
        whole = _taken({"": visitor}, rows, scale)
        last = max(whole, key=lambda text: whole[text][""])
        yield Result(f"page: the rows of the slowest search ({last})", whole[last][""], None, "ms")
        if argus is None:
            say("NOT MEASURED: dbos-argus, because there is no Python >= 3.12 (ARGUS_PYTHON) here.")
        else:
            yield from _beside(visitor, argus, ids, scale)


def _beside(visitor: Visitor, argus: Visitor, ids: list[str], scale: Scale) -> Iterator[Result]:
    """Its answers are data alone, of which its page is made in the browser."""

    def run(choose: Callable[[], str]) -> dict[str, Path]:
        return {
            "ours": lambda: f"{LIST}run/{choose()}/",
            "argus": lambda: f"/api/workflows/{choose()}",
        }

    def search() -> str:
        return random.choice(ids)[:8]

    both: dict[str, dict[str, Path]] = {
        "list": {"ours": _always(LIST), "argus": _always("/api/workflows?limit=50")},
        "search by ID": {
            "ours": lambda: f"{LIST}?q={search()}",
            "argus": lambda: f"/api/workflows?limit=50&q={search()}",
        },
        "run": run(lambda: random.choice(ids)),
        "run of 5,000 steps": run(_always(MANY_STEPS)),
        "run of 500 children": run(_always(MANY_CHILDREN)),
    }
    for name, times in _taken({"ours": visitor, "argus": argus}, both, scale).items():
        ours, theirs = times["ours"], times["argus"]
        yield Result(f"{name} (dbos-argus)", ours, theirs, "ms", ARGUS_TARGET)


def _pages(scene: Scene, ids: list[str]) -> dict[str, Path]:
    failed = _one(scene.url, "ERROR")
    waiting = _one(scene.url, "ENQUEUED")

    def run(end: str = "") -> Path:
        return lambda: f"{LIST}run/{random.choice(ids)}/{end}"

    return {
        "list": _always(LIST),
        "list at depth": _always(f"{LIST}?after={scene.cursor}"),
        "run": run(),
        "run that failed": _always(f"{LIST}run/{failed}/"),
        "run that waits": _always(f"{LIST}run/{waiting}/"),
        "payload": run("payload/input/"),
        "comparison": lambda: f"{LIST}compare/?a={random.choice(ids)}&b={failed}",
        "errors": _always("/s/main/errors/"),
    }


def _always(path: str) -> Path:
    return lambda: path


def _taken(
    visitors: Mapping[str, Visitor], cases: Mapping[str, Mapping[str, Path]], scale: Scale
) -> dict[str, dict[str, float]]:
    """The median of each case and visitor, in milliseconds; all take turns."""
    turns = deque((case, who) for case, paths in cases.items() for who in paths)
    taken: dict[tuple[str, str], list[float]] = {turn: [] for turn in turns}
    for number in range(scale.page_rounds + 1):
        turns.rotate()
        for case, who in turns:
            milliseconds = visitors[who].milliseconds(cases[case][who]())
            taken[case, who] += [milliseconds] if number else []
    return {
        case: {who: statistics.median(taken[case, who]) for who in paths}
        for case, paths in cases.items()
    }


def _one(url: str, status: str) -> str:
    with psycopg.connect(url) as conn:
        query = "SELECT workflow_uuid FROM dbos.workflow_status WHERE status = %s LIMIT 1"
        row = conn.execute(query, [status]).fetchone()
    assert row
    return str(row[0])
