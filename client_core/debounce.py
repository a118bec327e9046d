"""Debounce: calls with one key within a period start one run, with the arguments of the last."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, LiteralString

from client_core.control import INTERNAL_QUEUE_NAME
from client_core.database import Row, UniqueViolated
from client_core.dialects import Dialect, owner_dialect
from client_core.enqueue import Enqueue, assert_same
from client_core.errors import InvalidOption, QueueDeduplicated
from client_core.handle import WorkflowHandle
from client_core.options import MAX_DELAY_SECONDS, EnqueueOptions, text_rule

_MAX_PERIOD_MS = MAX_DELAY_SECONDS * 1_000

# The key is the deduplication ID of a delayed run. Whoever holds it decides what happens: our own
# waiting run is put off and gets the new arguments, a free key gets a run, anything else is told.
# All three see one snapshot; the unique index on the key refuses a run that two calls start.
_DEBOUNCE: LiteralString = """
WITH clock AS (
    SELECT now_ms, now_ms + %(period_ms)s AS until_ms, now_ms + %(timeout_ms)s AS deadline_ms
    FROM (SELECT (extract(epoch FROM now()) * 1000)::bigint AS now_ms) t
), held AS (
    SELECT workflow_uuid AS held_by, status, is_debounced, name AS held_name,
           COALESCE(class_name, '') AS held_class_name, application_name
    FROM {schema}.workflow_status
    WHERE queue_name = %(queue_name)s AND deduplication_id = %(deduplication_id)s
), bounced AS (
    UPDATE {schema}.workflow_status w
    SET
        -- before workflow_input: inputs = %(inputs)s,
        delay_until_epoch_ms = LEAST(until_ms, w.debounce_deadline_epoch_ms),
        serialization = %(serialization)s, updated_at = now_ms,
        application_name = COALESCE(w.application_name, %(application_name)s)
    FROM clock
    WHERE w.queue_name = %(queue_name)s AND w.deduplication_id = %(deduplication_id)s
      AND w.status = 'DELAYED' AND w.is_debounced AND w.name = %(workflow_name)s
      AND (NOT %(match_class)s OR COALESCE(w.class_name, '') = %(class_name)s)
      AND (w.application_name IS NULL
           OR COALESCE(%(application_name)s, w.application_name) = w.application_name)
    RETURNING w.workflow_uuid
), started AS (
    INSERT INTO {schema}.workflow_status (
        -- before workflow_input: inputs,
        workflow_uuid, status, name, class_name, config_name, queue_name, application_version,
        workflow_timeout_ms, deduplication_id, priority, delay_until_epoch_ms,
        debounce_deadline_epoch_ms, is_debounced, attributes, application_name, serialization,
        authenticated_user, authenticated_roles, assumed_role, executor_id, application_id,
        recovery_attempts
    )
    SELECT
        -- before workflow_input: %(inputs)s,
        %(workflow_id)s, 'DELAYED', %(workflow_name)s, %(workflow_class_name)s,
        %(workflow_config_name)s, %(queue_name)s, %(app_version)s, %(workflow_timeout_ms)s,
        %(deduplication_id)s, 0, LEAST(until_ms, deadline_ms), deadline_ms, TRUE, %(attributes)s,
        %(application_name)s, %(serialization)s, %(authenticated_user)s,
        %(authenticated_roles)s, %(assumed_role)s, %(executor_id)s, %(application_id)s, 0
    FROM clock WHERE NOT EXISTS (SELECT FROM held)
    ON CONFLICT (workflow_uuid) DO NOTHING
    RETURNING workflow_uuid
-- since workflow_input:
), arguments AS (
    INSERT INTO {schema}.workflow_input (workflow_uuid, inputs)
    SELECT workflow_uuid, %(inputs)s FROM bounced UNION ALL
    SELECT workflow_uuid, %(inputs)s FROM started
    ON CONFLICT (workflow_uuid) DO UPDATE SET inputs = excluded.inputs
-- end
)
SELECT (SELECT workflow_uuid FROM bounced) AS bounced_id,
       (SELECT workflow_uuid FROM started) AS started_id,
       held.*, same.name, same.class_name, same.config_name
FROM clock LEFT JOIN held ON TRUE
LEFT JOIN {schema}.workflow_status same ON same.workflow_uuid = %(workflow_id)s"""


class Debounce(Enqueue):
    """The part of the client that starts debounced workflows; :class:`DebouncerClient` uses it."""

    def debounce_workflow(
        self,
        options: EnqueueOptions,
        debounce_key: str,
        debounce_period_ms: float,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        debounce_timeout_ms: float | None = None,
    ) -> WorkflowHandle:
        """See :meth:`DebouncerClient.debounce`."""
        _refuse(options, debounce_key, debounce_period_ms, debounce_timeout_ms)
        owner = options.application_name or self._application_name
        spoken = owner_dialect(self._db, owner, options.dialect or self._dialect)
        params = {
            **self._enqueue_row(replace(options, dialect=spoken), args, dict(kwargs or {})),
            "deduplication_id": _deduplication_id(options, debounce_key, spoken),
            "match_class": spoken == "typescript",
            "class_name": options.workflow_class_name or "",
            "period_ms": round(debounce_period_ms),
            "timeout_ms": None if debounce_timeout_ms is None else round(debounce_timeout_ms),
        }
        while True:
            try:
                [row] = self._db.write(_DEBOUNCE, params)
            except UniqueViolated:
                continue  # Another call started a run for the key; this one joins it.
            if workflow_id := row["bounced_id"] or row["started_id"]:
                is_new = row["started_id"] is not None
                return WorkflowHandle(workflow_id, self._workflows, is_new=is_new)
            if row["held_by"] is not None:
                _assert_ours(params, row)  # It was, until it started a moment ago.
            elif row["name"] is not None:
                assert_same(params, row)
                return WorkflowHandle(params["workflow_id"], self._workflows)


class DebouncerClient:
    """Debounces one workflow."""

    def __init__(
        self,
        client: Debounce,
        *,
        workflow_name: str,
        workflow_class_name: str | None = None,
        start_workflow_params: Mapping[str, Any] | None = None,
        debounce_timeout_ms: float | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        """``start_workflow_params`` are fields of :class:`EnqueueOptions` for the runs.

        Without a ``queue_name`` they run on DBOS's internal queue. A debounce owns the
        deduplication ID and the delay, so those cannot be given, nor priority and partition key.

        :param debounce_timeout_ms: a run starts this long after the first call at the latest.
        :param dialect: the language of the application, which spells the key: “python” or
            “typescript”. By default the client's, else what the database shows.

        Raises :class:`InvalidOption`.
        """
        given = dict(start_workflow_params or {})
        known = {field.name for field in fields(EnqueueOptions)}
        if unknown := given.keys() - known:
            raise InvalidOption(dict.fromkeys(unknown, "is no option of an enqueue"))
        self._options = EnqueueOptions(
            **{
                "queue_name": INTERNAL_QUEUE_NAME,
                **given,
                "workflow_name": workflow_name,
                "workflow_class_name": workflow_class_name or None,
                "dialect": dialect,
            }
        )
        self._client = client
        self._timeout_ms = debounce_timeout_ms
        _refuse(self._options, "key", 1, debounce_timeout_ms)

    def debounce(
        self, debounce_key: str, debounce_period_ms: float, /, *args: Any, **kwargs: Any
    ) -> WorkflowHandle:
        """Start the workflow once no call with this key came for the period, or at the time-out.

        It gets the arguments of the last call. A call after the run started begins a new one.
        Raises :class:`QueueDeduplicated` when the key is held by a run that is no debounce, or is
        another workflow's or another application's, :class:`DialectUnknown`, and
        :class:`OutcomeUnknown` if the connection broke: repeating it could run the work twice.
        """
        return self._client.debounce_workflow(
            self._options,
            debounce_key,
            debounce_period_ms,
            args,
            kwargs,
            debounce_timeout_ms=self._timeout_ms,
        )


def _refuse(options: EnqueueOptions, key: object, period_ms: object, timeout_ms: object) -> None:
    """The rules of the SDKs: a debounce owns how its run is started."""
    owned = "belongs to the debounce"
    problems = {
        "debounce_key": text_rule(key),
        "debounce_period_ms": _period_rule(period_ms),
        "debounce_timeout_ms": None if timeout_ms is None else _period_rule(timeout_ms),
        "deduplication_id": owned if options.deduplication_id is not None else None,
        "delay_seconds": owned if options.delay_seconds is not None else None,
        "duplication_policy": owned if options.duplication_policy != "reject" else None,
        "workflow_id_reuse_policy": (
            owned if options.workflow_id_reuse_policy != "return-existing" else None
        ),
        "priority": "debounced runs have none" if options.priority is not None else None,
        "queue_partition_key": (
            "partitioned queues know no deduplication, which a debounce needs"
            if options.queue_partition_key is not None
            else None
        ),
    }
    if broken := {field: rule for field, rule in problems.items() if rule}:
        raise InvalidOption(broken)


def _period_rule(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 1 <= value <= _MAX_PERIOD_MS:  # type: ignore[operator]
        return None
    return f"must be from 1 to {_MAX_PERIOD_MS:,} milliseconds (a hundred years)"


def _deduplication_id(options: EnqueueOptions, key: str, dialect: Dialect) -> str:
    """The key as the SDK of the language spells it, so that its debouncers and ours meet."""
    match dialect:
        case "python":
            return f"{options.workflow_name}-{key}"
        case "typescript":
            return f"{options.workflow_class_name or ''}.{options.workflow_name}-{key}"
    raise InvalidOption({"dialect": f"how {dialect} spells the key of a debounce is not known"})


def _assert_ours(params: dict[str, Any], holder: Row) -> None:
    """Raise :class:`QueueDeduplicated` unless the holder was a waiting debounce of this kind."""
    owners = {holder["application_name"], params["application_name"]} - {None}
    if (
        holder["status"] == "DELAYED"
        and holder["is_debounced"]
        and holder["held_name"] == params["workflow_name"]
        and (not params["match_class"] or holder["held_class_name"] == params["class_name"])
        and len(owners) < 2
    ):
        return
    raise QueueDeduplicated(params["queue_name"], params["deduplication_id"])
