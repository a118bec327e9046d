"""Debouncers of the official clients and ours: they meet, and refuse the same."""

from collections.abc import Callable
from typing import Any

import dbos
import pytest

from client_core import DBOSClient, DebouncerClient, QueueDeduplicated, WorkflowInputs
from tests.contract.matrix.model import LANGUAGES, Language
from tests.contract.node import TypeScriptClient, TypeScriptError
from tests.contract.rows import Sql

pytestmark = pytest.mark.xdist_group("contract")

HOUR_MS = 3_600_000
#: The deduplication ID for the key “ann”, as each language spells it.
HELD: dict[Language, str] = {"python": "index-ann", "typescript": ".index-ann"}


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, sql: Sql) -> Language:
    language: Language = request.param
    return language


@pytest.fixture
def mine(language: Language, request: pytest.FixtureRequest) -> Callable[[Any], str]:
    """Debounce with ours; gives the ID of the run."""
    client: DBOSClient = request.getfixturevalue(f"ours_{language}")
    params = {"queue_name": "orders"}
    debouncer = DebouncerClient(client, workflow_name="index", start_workflow_params=params)
    return lambda argument: debouncer.debounce("ann", HOUR_MS, argument).workflow_id


@pytest.fixture
def theirs(language: Language, request: pytest.FixtureRequest) -> Callable[[Any], str]:
    """The same with the official debouncer."""
    official = request.getfixturevalue(f"official_{language}")
    if isinstance(official, TypeScriptClient):
        config = {"workflowName": "index", "startWorkflowParams": {"queueName": "orders"}}
        return lambda argument: str(official.debounce(config, "ann", HOUR_MS, argument))
    debouncer = dbos.DebouncerClient(official, {"workflow_name": "index", "queue_name": "orders"})
    return lambda argument: debouncer.debounce("ann", HOUR_MS / 1_000, argument).get_workflow_id()


def test_both_debouncers_meet(
    client: DBOSClient, mine: Callable[[Any], str], theirs: Callable[[Any], str]
) -> None:
    first = theirs("theirs")
    assert mine("ours") == first
    assert arguments(client, first) == "ours"
    assert theirs("theirs again") == first
    assert arguments(client, first) == "theirs again"


def test_ours_may_be_the_first(
    client: DBOSClient, mine: Callable[[Any], str], theirs: Callable[[Any], str]
) -> None:
    first = mine("ours")
    assert theirs("theirs") == first
    assert mine("ours again") == first
    assert arguments(client, first) == "ours again"


@pytest.mark.parametrize("columns", [{"name": "other"}, {"is_debounced": False}])
def test_both_refuse_the_same_holders(
    sql: Sql,
    language: Language,
    mine: Callable[[Any], str],
    theirs: Callable[[Any], str],
    columns: dict[str, Any],
) -> None:
    row = {"name": "index", "is_debounced": True, **columns}
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, queue_name, deduplication_id, "
        "name, is_debounced) VALUES ('x', 'DELAYED', 'orders', %(key)s, %(name)s, "
        "%(is_debounced)s)",
        {**row, "key": HELD[language]},
    )
    with pytest.raises((dbos.error.DBOSQueueDeduplicatedError, TypeScriptError), match="dedup"):
        theirs(1)
    with pytest.raises(QueueDeduplicated):
        mine(1)


def arguments(client: DBOSClient, workflow_id: str) -> Any:
    """The one argument of a run."""
    inputs = client.retrieve_workflow(workflow_id).get_status().input
    assert isinstance(inputs, WorkflowInputs)
    [argument] = inputs.args
    return argument
