"""The pages of queues: what is on them, and how much of their limits is used."""

import re
import time
from http import HTTPStatus

import psycopg
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from client_core import DBOSClient, RateLimit
from client_core.records import Queue
from console import systems
from console.permissions import Role
from console.queues import words as queue_words
from console.views import queues
from tests.console.browsing import form_on
from tests.console.conftest import Insert, SignIn
from tests.console.test_workflows import HTMX, text
from tests.databases import create_system_database

LIST = "/s/main/queues/"
ONE = f"{LIST}queue/orders/"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_the_list_tells_what_is_on_each_queue_and_how_full_it_is(
    viewer: Client, client: DBOSClient, insert: Insert
) -> None:
    client.register_queue(
        "orders",
        global_concurrency=4,
        worker_concurrency=2,
        limiter=RateLimit(10, 60),
        application_name="shop",
    )
    client.register_queue("asleep", global_concurrency=0)
    for status, count in (("ENQUEUED", 3), ("PENDING", 2), ("DELAYED", 1)):
        for _ in range(count):
            insert(status=status, queue_name="orders", created_at=1_000)
    insert(status="SUCCESS", queue_name="orders", rate_limited=True, started_at_epoch_ms=now_ms())
    insert(status="ENQUEUED", queue_name="in code <b>")
    insert(status="ENQUEUED", queue_name="_dbos_internal_queue")
    response = viewer.get(LIST)
    page = text(response)
    assert "orders shop 3 2 1 1970-01-01" in page
    for told in (
        "2 of 4 run",
        "1 of 10 a minute",
        "2 an executor",
        "at rest: none is taken",
        "in code <b> 1 0 0",
        "not registered here: seen on runs alone",
        "DBOS’s own",
    ):
        assert told in page
    assert "in code <b>" not in response.content.decode()
    waiting = re.search(r'href="([^"]+)">3</a>', response.content.decode())
    assert waiting
    listed = text(viewer.get(waiting[1].replace("&amp;", "&")))
    assert "3 runs" in listed
    assert 'aria-current="page"' in re.findall(
        r'<a href="/s/main/queues/"[^>]*>', response.content.decode()
    )[0]  # fmt: skip


def test_the_list_is_narrowed(viewer: Client, client: DBOSClient, insert: Insert) -> None:
    client.register_queue("orders", application_name="shop")
    insert(status="ENQUEUED", queue_name="mails")
    for wanted, found in (("ORD", "orders"), ("shop", "orders"), ("mail", "mails")):
        page = text(viewer.get(LIST, {"q": wanted}, headers=HTMX))
        assert [name for name in ("orders", "mails") if name in page] == [found]
    assert "No queue matches. There are 2 queues." in text(viewer.get(LIST, {"q": "zzz"}))


def test_so_many_are_shown(
    viewer: Client, client: DBOSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_SHOWN", 2)
    for name in "abc":
        client.register_queue(f"queue-{name}")
    page = text(viewer.get(LIST))
    assert "1 more are not shown" in page
    assert "queue-c" not in page


def test_no_queues(viewer: Client, operator: Client) -> None:
    assert "No queues yet." in text(viewer.get(LIST))
    reason = "New queue Your role on main does not include editing queues."
    assert reason in text(viewer.get(LIST))
    assert "register one" in text(operator.get(LIST))


def test_a_database_that_registers_no_queues(
    sign_in: SignIn, settings: Settings, worker_id: str
) -> None:
    settings.DBOS_SYSTEM_DATABASE_URL = url = create_system_database(f"no_queues_{worker_id}")
    with psycopg.connect(url) as sql:
        sql.execute("DROP TABLE dbos.queues")
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, queue_name) "
            "VALUES ('run', 'ENQUEUED', 'orders')"
        )
    operator = sign_in(Role.OPERATOR)
    page = text(operator.get(LIST))
    assert "orders 1 0 0" in page
    assert "This system database has no queues" in page
    assert "not registered in the database" in text(operator.get(ONE))
    form = form_on(operator.get(f"{LIST}register/")) | {"name": "orders"}
    assert "This system database has no queues" in text(operator.post(f"{LIST}register/", form))
    systems.all_systems()["main"].client.destroy()
    systems._client.cache_clear()


def test_a_name_of_any_letters_has_a_page(viewer: Client, client: DBOSClient) -> None:
    client.register_queue("a/b ä ../<b>")
    address = re.search(r'class="name"><a href="([^"]+)"', viewer.get(LIST).content.decode())
    assert address
    response = viewer.get(address[1])
    assert response.status_code == HTTPStatus.OK
    assert "a/b ä ../<b>" in text(response)


@pytest.mark.parametrize(
    ("limiter", "words"),
    [
        (RateLimit(5, 1), "5 a second"),
        (RateLimit(1_000, 60), "1,000 a minute"),
        (RateLimit(5, 3_600.0), "5 an hour"),
        (RateLimit(5, 1.5), "5 in 1.5 s"),
        (RateLimit(5, 90), "5 in 90 s"),
    ],
)
def test_rates_are_told_in_words(limiter: RateLimit, words: str) -> None:
    assert queue_words.rate_words(limiter) == words


def test_the_use_of_a_limit(client: DBOSClient, insert: Insert) -> None:
    queue: Queue = client.register_queue("orders", global_concurrency=3)
    for share, is_full in ((0, False), (33, False), (66, False), (100, True), (100, True)):
        activity = client.list_queue_activity(["orders"])["orders"]
        [use] = queue_words.uses_of(queue, activity)
        assert (use.share, use.is_full) == (share, is_full)
        insert(status="PENDING", queue_name="orders")


class TestDetail:
    def test_its_limits_in_words_and_what_is_on_it(
        self, viewer: Client, client: DBOSClient, insert: Insert
    ) -> None:
        client.register_queue(
            "orders", global_concurrency=2, worker_concurrency=2, limiter=RateLimit(1, 3_600)
        )
        for number, status in enumerate(("PENDING", "PENDING", "ENQUEUED", "ENQUEUED")):
            insert(
                workflow_uuid=f"run-{number}",
                name=f"job-{number}",
                status=status,
                queue_name="orders",
                created_at=1_000,
                started_at_epoch_ms=9_000 - number if status == "PENDING" else None,
                executor_id="executor-7",
                priority=9 - number,
                rate_limited=True,
            )
        started = now_ms() - 2_000
        insert(
            queue_name="orders",
            rate_limited=True,
            created_at=started - 3_000,
            started_at_epoch_ms=started,
            application_name="shop",
        )
        response = viewer.get(ONE)
        page = text(response)
        for told in (
            "2 of 2 run (full)",
            "1 of 1 an hour (full) The next may start",
            "2 at once on each executor; the busiest has 2 now.",
            "executor-7 2",
            "1 started",
            "Waited 3.0 s at the median, 3.0 s at the worst",
            "Taken by shop (1 on",
        ):
            assert told in page
        assert re.findall(r">(job-\d)</a>", response.content.decode()) == [
            *("job-1", "job-0"),  # The longest first.
            *("job-3", "job-2"),  # By priority.
        ]
        assert "<title>From" in response.content.decode()

    def test_its_partitions(self, viewer: Client, client: DBOSClient, insert: Insert) -> None:
        client.register_queue("orders", partition_concurrency=3)
        for key, status in (("eu", "PENDING"), ("eu", "ENQUEUED"), ("us <b>", "ENQUEUED")):
            insert(queue_name="orders", status=status, queue_partition_key=key)
        insert(queue_name="orders", status="ENQUEUED")
        page = text(viewer.get(ONE))
        assert "eu 1 1 of 3 us <b> 1 0 of 3" in page
        assert "1 that wait have no partition key" in page
        assert "as far as their partitions let them" in page

    def test_the_day(self, viewer: Client, insert: Insert) -> None:
        insert(queue_name="orders", started_at_epoch_ms=now_ms() - 4 * 3_600_000, created_at=1)
        assert "No run of it started in the last hour." in text(viewer.get(ONE))
        assert "1 started" in text(viewer.get(ONE, {"period": "day"}, headers=HTMX))
        assert "in the last hour" in text(viewer.get(ONE, {"period": "<b>"}))

    def test_runs_and_queues_lead_to_each_other(
        self, viewer: Client, client: DBOSClient, insert: Insert
    ) -> None:
        client.register_queue("orders")
        run = f"/s/main/workflows/run/{insert(queue_name='orders', status='PENDING')}/"
        assert f'href="{run}"' in viewer.get(ONE).content.decode()
        assert f'href="{ONE}"' in viewer.get(run).content.decode()
        assert f'href="{ONE}"' in viewer.get("/s/main/workflows/").content.decode()
        assert 'workflows/?q=queue%3Aorders"' in viewer.get(ONE).content.decode()

    def test_a_cut_is_said(
        self, viewer: Client, insert: Insert, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queues, "NEWEST_STARTS", 2)
        for _ in range(3):
            insert(queue_name="orders", started_at_epoch_ms=now_ms(), created_at=now_ms())
        assert "Only the newest 2 starts of all queues were looked at" in text(viewer.get(ONE))
