"""Payloads that mean harm: script, code, bombs and sheer size, on every page that shows a piece."""

import base64
import json
import os
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import Client

from benchmarks.open_pages import run
from client_core import PayloadKind, PayloadPlace
from console.systems import System
from console.views.payloads import CHUNK_BYTES
from tests.console.conftest import Insert
from tests.console.test_payloads import JSON, event, received, step, url
from tests.console.test_workflows import run_url

Sql = psycopg.Connection[Any]
SCRIPT = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'`"
VIEWS = ("", "text/", "download/", "?view=text")


def shown(viewer: Client, place: str) -> list[bytes]:
    """What every view of a payload answers."""
    answers = [viewer.get(run_url("r"))]
    answers += [viewer.get(url(place) + view) for view in VIEWS]
    return [received(answer) if answer.streaming else answer.content for answer in answers]


def test_script_stays_text_wherever_it_stands(
    viewer: Client, operator: Client, insert: Insert, sql: Sql
) -> None:
    value = {SCRIPT: [SCRIPT, {"a": SCRIPT}]}
    insert(
        workflow_uuid="r",
        name=SCRIPT,
        status="ERROR",
        serialization=JSON,
        attributes=json.dumps(value),
        inputs=json.dumps({"positionalArgs": [value], "namedArgs": value}),
        error=json.dumps({"name": SCRIPT, "message": SCRIPT, "data": value}),
    )
    step(sql, name=SCRIPT, error=json.dumps({"name": SCRIPT, "message": SCRIPT, "data": value}))
    event(sql, "key", value)
    event(sql, SCRIPT, SCRIPT, SCRIPT)
    sql.execute(
        'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id)'
        " VALUES ('r', 'k', %s, 0, 1)",
        [SCRIPT],
    )
    addresses = [run_url("r")]
    for place in ("input", "error", "step-error:1", "event:key", "stream:0:k"):
        addresses += [url(place), url(place) + "?view=text", url(place) + "?at=0"]
        revealed = operator.post(url(place, "reveal/")).content.decode()
        assert "<script>" not in revealed
        assert "<img" not in revealed
    for address in addresses:
        page = viewer.get(address).content.decode()
        assert "<script>" not in page, address
        assert "<img" not in page, address
    for action in ("text/", "download/"):
        answer = viewer.get(url("error", action))
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


class Evil:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_would_run_code_runs_none(
    viewer: Client, operator: Client, insert: Insert, tmp_path: Path
) -> None:
    stored = base64.b64encode(pickle.dumps(Evil(tmp_path / "made"))).decode()
    insert(workflow_uuid="r", output=stored, serialization="py_pickle")
    pages = shown(viewer, "output")
    pages.append(operator.post(url("output", "reveal/")).content)
    assert b"posix.mkdir(" in pages[0]
    assert not (tmp_path / "made").exists()
    pickle.loads(base64.b64decode(stored))
    assert (tmp_path / "made").exists()


def doubled() -> str:
    """A pickle of a billion leaves in a few hundred bytes."""
    value: list[Any] = ["leaf"]
    for _ in range(30):
        value = [value, value]
    return base64.b64encode(pickle.dumps(value)).decode()


def nested() -> str:
    """A pickle of lists 10,000 deep."""
    return base64.b64encode(b"\x80\x04" + b"]" * 10_000 + b"a" * 9_999 + b".").decode()


HARD = [
    pytest.param(doubled, "py_pickle", id="pickle bomb"),
    pytest.param(nested, "py_pickle", id="deep pickle"),
    pytest.param(lambda: "[" * 10_000 + "]" * 10_000, JSON, id="deep JSON"),
    pytest.param(lambda: '{"a":' * 10_000 + "1" + "}" * 10_000, "js_superjson", id="deep objects"),
    pytest.param(lambda: json.dumps([[]] * 80_000), JSON, id="wide"),
    pytest.param(lambda: json.dumps({"k" * 200_000: "v" * 200_000}), JSON, id="long"),
    pytest.param(lambda: json.dumps(["x" * 999] * 50_000), JSON, id="50 MB"),
    pytest.param(lambda: "9" * 100_000, JSON, id="number"),
    pytest.param(lambda: "1e999999999", JSON, id="exponent"),
]


@pytest.mark.parametrize(("stored", "name"), HARD)
def test_hard_ones_leave_a_readable_page(
    viewer: Client, insert: Insert, stored: Callable[[], str], name: str
) -> None:
    """Every page answers, is of a size to read, and takes no more memory than a few of them."""
    text = stored()
    insert(workflow_uuid="r", output=text, serialization=name)
    viewer.get(run_url("r"))
    for address in (
        run_url("r"),
        url("output"),
        url("output") + "?view=text",
        url("output", "text/"),
    ):
        tracemalloc.start()
        answer = viewer.get(address)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status_code == 200
        assert len(answer.content) < 2**20, address
        assert peak < 24 * 2**20, address


def test_a_large_one_is_sent_in_small_pieces(
    viewer: Client, insert: Insert, system: System
) -> None:
    stored = json.dumps(["order " * 200] * 17_000)
    size = len(stored)
    insert(workflow_uuid="r", output=stored, serialization=JSON)
    place = PayloadPlace(PayloadKind.OUTPUT)
    small = _peak(lambda: system.client.get_payload_text("r", place, max_bytes=CHUNK_BYTES))
    sent = 0

    def take() -> None:
        nonlocal sent
        answer = viewer.get(url("output", "download/"))
        sent = run(_length(answer))

    peak = _peak(take)
    assert sent == size > 20 * 10**6
    assert peak < 10 * small


def test_attributes_that_no_reader_follows_do_not_take_the_list_away(
    viewer: Client, insert: Insert
) -> None:
    insert(workflow_uuid="deep", name="deep", attributes='{"a":' * 3_000 + "1" + "}" * 3_000)
    insert(workflow_uuid="r", name="number", attributes='{"a": ' + "9" * 5_000 + "}")
    for address in ("/s/main/workflows/", run_url("deep"), run_url("r")):
        assert viewer.get(address).status_code == 200


async def _length(answer: Any) -> int:
    return sum([len(piece) async for piece in answer.streaming_content])


def _peak(work: Callable[[], object]) -> int:
    """The most memory that Python held at once while it worked, in bytes."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
