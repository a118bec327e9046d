"""What the client would write, as SQL to run elsewhere: the same statements, filled in."""

from typing import Any

from client_core.control import (
    CANCEL,
    CHILDREN,
    DELETE,
    INTERNAL_QUEUE_NAME,
    RESUME,
    SET_DELAY,
    SET_PRIORITY,
    delay_row,
    priority_row,
)
from client_core.enqueue import ENQUEUE, Enqueue
from client_core.forks import FORK, Forks
from client_core.messages import SEND, Messages, SendMessage
from client_core.options import EnqueueOptions


class SQLTexts(Enqueue, Forks, Messages):
    """The part of the client that tells its writes as SQL. Nothing is run."""

    def cancel_sql(self, workflow_id: str, *, cancel_children: bool = False) -> str:
        """What :meth:`DBOSClient.cancel_workflow` runs.

        With ``cancel_children`` a second statement finds the workflows that it started. These are
        cancelled in the same way, level by level, as the client does it.
        """
        params = {"workflow_ids": [workflow_id]}
        cancel = self._db.plain(CANCEL, params)
        if not cancel_children:
            return cancel
        self._db.assert_supported("workflow_status", parent_workflow_id=True)
        return f"{cancel};\n\n{self._db.plain(CHILDREN, params)};"

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

    def delete_sql(self, workflow_id: str, *, delete_children: bool = False) -> str:
        """What :meth:`DBOSClient.delete_workflow` runs."""
        self._db.assert_supported("workflow_status", parent_workflow_id=delete_children)
        params = {"workflow_ids": [workflow_id], "delete_children": delete_children}
        return self._db.plain(DELETE, params)

    def delay_sql(
        self,
        workflow_id: str,
        *,
        delay_seconds: float | None = None,
        delay_until_epoch_ms: int | None = None,
    ) -> str:
        """What :meth:`DBOSClient.set_workflow_delay` runs."""
        row = delay_row(workflow_id, delay_seconds, delay_until_epoch_ms)
        return self._db.plain(SET_DELAY, row)

    def priority_sql(self, workflow_id: str, priority: int) -> str:
        """What :meth:`DBOSClient.set_workflow_priority` runs."""
        return self._db.plain(SET_PRIORITY, priority_row(workflow_id, priority))

    def send_sql(
        self,
        destination_id: str,
        message: Any,
        topic: str | None = None,
        idempotency_key: str | None = None,
        *,
        serialization: str | None = None,
    ) -> str:
        """What :meth:`DBOSClient.send` runs; it stores the message of this text once."""
        sent = SendMessage(destination_id, message, topic, idempotency_key)
        return self._db.plain(SEND, self._message_row(sent, serialization, None))

    def enqueue_sql(self, options: EnqueueOptions, /, *args: Any, **kwargs: Any) -> str:
        """What :meth:`DBOSClient.enqueue` runs; without an ID one is made for this text."""
        return self._db.plain(ENQUEUE, self._enqueue_row(options, args, kwargs))
