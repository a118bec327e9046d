"""Queues, and the versions of applications."""

from dataclasses import replace
from typing import Any

from client_core import RateLimit
from tests.contract.matrix.model import PLAIN, Given, Method, Option, same
from tests.contract.rows import Scene, nothing


def rate(name: str, limit: int, period: float) -> Option:
    """A rate limit in its three spellings."""
    return Option(
        name,
        {name: RateLimit(limit, period)},
        {name: {"limit": limit, "period": period}},
        {
            "partitionRateLimit" if name == "partition_limiter" else "rateLimit": {
                "limitPerPeriod": limit,
                "periodSec": period,
            }
        },
    )


def foreign(scene: Scene) -> None:
    """A queue of another application."""
    scene.client.register_queue("q", application_name="other")


REGISTER = [
    PLAIN,
    same(global_concurrency=4),
    same(worker_concurrency=4),
    rate("limiter", 5, 1.5),
    same(partition_concurrency=4),
    same(partition_worker_concurrency=4),
    rate("partition_limiter", 5, 2),
    Option(
        "polling_interval_seconds",
        {"polling_interval_seconds": 0.5},
        {"polling_interval_sec": 0.5},
        {"minPollingIntervalMs": 500},
    ),
    same(application_name="shop"),
    same(on_conflict="never_update"),
    replace(same(application_name="shop"), given=foreign, refused=True),
]

#: A change: our options, and the setter of the official queue with its value.
UPDATE = [
    *(
        Option(
            f"{scope}concurrency",
            {f"{scope}concurrency": value},
            {f"set_{scope}concurrency": value},
            {f"set{scope.title().replace('_', '')}Concurrency": value},
        )
        for scope, number in (
            ("global_", 10),
            ("worker_", 2),
            ("partition_", 2),
            ("partition_worker_", 1),
        )
        for value in (None, number)
    ),
    *(
        Option(one.name, one.ours, {f"set_{one.name}": limit}, {setter: limit_ts})
        for setter, one, limit, limit_ts in (
            (
                setter,
                rate(name, 3, 4.0),
                {"limit": 3, "period": 4.0},
                {"limitPerPeriod": 3, "periodSec": 4.0},
            )
            for setter, name in (
                ("setRateLimit", "limiter"),
                ("setPartitionRateLimit", "partition_limiter"),
            )
        )
    ),
    Option("limiter", {"limiter": None}, {"set_limiter": None}, {"setRateLimit": None}),
    Option(
        "polling_interval_seconds",
        {"polling_interval_seconds": 3.0},
        {"set_polling_interval_sec": 3.0},
        {"setMinPollingIntervalMs": 3_000},
    ),
]


def crowded(scene: Scene) -> None:
    """A queue on which every limit is set that a registration may clear."""
    scene.sql.execute(
        "INSERT INTO dbos.queues (name, concurrency, worker_concurrency, rate_limit_max, "
        "rate_limit_period_sec, partition_concurrency, partition_queue) "
        "VALUES ('q', 9, 8, 7, 6, 5, TRUE)"
    )


def two_queues(scene: Scene) -> None:
    """A queue and another."""
    scene.client.register_queue("q")
    scene.client.register_queue("kept")


def update_python(client: Any, given: Given) -> None:
    """The official client changes one limit at a time, through the queue."""
    [(setter, value)] = given.items()
    getattr(client.retrieve_queue("q"), setter)(value)


def update_typescript(client: Any, given: Given) -> None:
    """The same; no limit is `undefined` there."""
    [(setter, value)] = given.items()
    client.chain(("retrieveQueue", "q"), (setter, *(() if value is None else (value,))))


def versions_of(owner: str | None) -> Any:
    """Two versions of an application."""

    def arrange(scene: Scene) -> None:
        for name in ("v1", "v2"):
            scene.sql.execute(
                "INSERT INTO dbos.application_versions VALUES (%s, %s, 5, 5, %s)",
                [name, name, owner],
            )

    arrange.__name__ = f"of_{owner}"
    return arrange


METHODS = [
    Method(
        "register_queue",
        REGISTER,
        lambda scene, given: scene.client.register_queue("q", **given),
        lambda client, given: client.register_queue("q", **given),
        lambda client, given: client.registerQueue("q", given),
        given=(nothing, crowded),
    ),
    Method(
        "update_queue",
        UPDATE,
        lambda scene, given: scene.client.update_queue("q", **given),
        update_python,
        update_typescript,
        given=(crowded,),
    ),
    Method(
        "delete_queue",
        [PLAIN],
        lambda scene, _: scene.client.delete_queue("q"),
        lambda client, _: client.delete_queue("q"),
        lambda client, _: client.deleteQueue("q"),
        given=(two_queues,),
    ),
    Method(
        "set_latest_application_version",
        [
            PLAIN,
            same(application_name="shop"),
            replace(same(application_name="shop"), given=versions_of("other"), refused=True),
        ],
        lambda scene, given: scene.client.set_latest_application_version("v1", **given),
        lambda client, given: client.set_latest_application_version("v1", **given),
        lambda client, given: client.setLatestApplicationVersion("v1", given),
        given=(versions_of(None), versions_of("shop")),
    ),
]
