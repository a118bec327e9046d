"""A real DBOS application for the contract tests. Prints READY; ends when its input closes."""

import datetime
import sys
from typing import Any

from dbos import DBOS, DBOSConfig

from tests.contract import values

config: DBOSConfig = {
    "name": "contract",
    "system_database_url": sys.argv[1],
    "application_version": "v1",
    "executor_id": "contract-1",
    "notification_listener_polling_interval_sec": 0.05,
    "scheduler_polling_interval_sec": 0.1,
    "log_level": "CRITICAL",
}
DBOS(config=config)


@DBOS.step()
def add(a: int, b: int) -> int:
    """One recorded step."""
    return a + b


@DBOS.workflow(name="echo")
def echo(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """What arrived, as it arrived."""
    return {"args": list(args), "kwargs": kwargs}


@DBOS.workflow(name="total")
def total(*numbers: int) -> int:
    """A step for each number."""
    result = 0
    for number in numbers:
        result = add(result, number)
        DBOS.set_event("so far", result)
    return result


@DBOS.workflow(name="approval")
def approval(document: str) -> Any:
    """Waits for a message."""
    DBOS.set_event("question", f"approve {document}?")
    return DBOS.recv("decision", timeout_seconds=60)


@DBOS.workflow(name="naps")
def naps(count: int) -> str:
    """Many short steps, so that a cancel is noticed soon."""
    for _ in range(count):
        DBOS.sleep(0.05)
    return "rested"


@DBOS.workflow(name="streaming")
def streaming() -> None:
    """One value."""
    DBOS.write_stream("typed", 1)


@DBOS.workflow(name="failing")
def failing(reason: str) -> None:
    """Fails for good."""
    raise ValueError(reason)


def everywhere(value: Any) -> Any:
    """Put a value where a value can be."""
    DBOS.set_event("typed", value)
    DBOS.write_stream("typed", value)
    DBOS.close_stream("typed")
    return value


@DBOS.workflow(name="publish")
def publish(value: Any) -> Any:
    """The value that it was given."""
    return everywhere(value)


@DBOS.workflow(name="typed")
def typed() -> Any:
    """Values that JSON does not have."""
    return everywhere(values.TYPED)


@DBOS.workflow(name="who")
def who() -> list[Any]:
    """On whose behalf it runs."""
    return [DBOS.authenticated_user, DBOS.authenticated_roles]


@DBOS.workflow(name="scheduled")
def scheduled(at: datetime.datetime, context: Any) -> dict[str, Any]:
    """What a schedule gives to its runs."""
    return {"at": at, "context": context}


if __name__ == "__main__":
    DBOS.launch()
    DBOS.register_queue("work", polling_interval_sec=0.05)
    DBOS.register_queue("tenants", partition_concurrency=1, polling_interval_sec=0.05)
    print("READY", flush=True)
    sys.stdin.read()
    DBOS.destroy()
