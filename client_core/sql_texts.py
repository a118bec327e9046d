"""What the client would write, as SQL to run elsewhere: the same statements, filled in."""

from typing import Any

from client_core.control import CANCEL, INTERNAL_QUEUE_NAME, RESUME
from client_core.enqueue import ENQUEUE, Enqueue
from client_core.forks import FORK, Forks
from client_core.options import EnqueueOptions


class SQLTexts(Enqueue, Forks):
    """The part of the client that tells its writes as SQL. Nothing is run."""

    def cancel_sql(self, workflow_id: str) -> str:
        """What :meth:`DBOSClient.cancel_workflow` runs."""
        return self._db.plain(CANCEL, {"workflow_ids": [workflow_id]})

    def resume_sql(self, workflow_id: str, *, queue_name: str | None = None) -> str:
        """What :meth:`DBOSClient.resume_workflow` runs."""
        queue = queue_name or INTERNAL_QUEUE_NAME
        return self._db.plain(RESUME, {"workflow_ids": [workflow_id], "queue_name": queue})

    def fork_sql(self, workflow_id: str, start_step: int, **options: Any) -> str:
        """What :meth:`DBOSClient.fork_workflow` runs, which tells the options."""
        named = (
            "new_workflow_id",
            "application_version",
            "queue_name",
            "queue_partition_key",
            "workflow_timeout_ms",
            "replacement_children",
        )
        given = dict.fromkeys(named) | options
        row = self._fork_row(workflow_id=workflow_id, start_step=start_step, **given)
        return self._db.plain(FORK, row)

    def enqueue_sql(self, options: EnqueueOptions, /, *args: Any, **kwargs: Any) -> str:
        """What :meth:`DBOSClient.enqueue` runs; without an ID one is made for this text."""
        return self._db.plain(ENQUEUE, self._enqueue_row(options, args, kwargs))
