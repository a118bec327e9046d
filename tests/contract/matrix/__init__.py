"""The methods that write, with every option, as each of the clients spells them."""

from tests.contract.matrix import control, debounces, enqueues, queues, schedules
from tests.contract.matrix.model import Difference, Method

METHODS: list[Method] = [
    *enqueues.METHODS,
    *control.METHODS,
    *debounces.METHODS,
    *schedules.METHODS,
    *queues.METHODS,
]

#: Wherever a run is started; JSON's null and SQL's are one to whoever reads the column.
ATTRIBUTES = Difference(
    "attributes",
    "null",
    None,
    "Attributes that were not given are SQL's NULL, as in TypeScript, and not JSON's null.",
    ("python",),
)

_TRANSACTION = "A transaction of the caller's own is no part of this client."

#: Methods and options that the official clients have beyond ours.
NOT_OFFERED = {
    "enqueue_in_transaction": _TRANSACTION,
    "enqueue_portable_in_transaction": _TRANSACTION,
    "send_in_transaction": _TRANSACTION,
    "send_bulk_in_transaction": _TRANSACTION,
    "rewind_workflow": "It destroys history; a fork from the same step keeps it.",
    "update_workflow_attributes": "Attributes are given when a run is enqueued.",
    "rename_application": "It is for a stopped application, and `dbos rename-application` does it.",
    "shard_key": "Sharding is a feature of its own; a system database here is one PostgreSQL.",
    "otel_context": "A span of the caller's is no value; its carrier can be given as an attribute.",
    "send_to_forks": "Forks can be listed, and the message sent to each.",
    "concurrency": "The old name of global_concurrency.",
    "queue": "The second place where a debouncer takes its queue_name.",
}
#: Methods and options of ours that no official client has, or only one.
OURS_ALONE = {
    "dialect": "The official clients know but their own language.",
    "prune": "The SDKs of today delete nothing that a list leaves out.",
    "dry_run": "No SDK tells beforehand what an apply would do.",
    "revision": "No SDK tells whether somebody changed what the caller saw.",
    "names": "The official clients take one name; it is compared with as many single calls.",
    "limit": "No SDK limits a backfill.",
    "enqueue_many": "No SDK has it; it is compared with as many single calls.",
    "send_many": "Only Python has it; in TypeScript it is compared with as many single calls.",
}
