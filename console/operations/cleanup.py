"""Results of operations that ended long ago are deleted; the operations and their counts stay."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from console.models import Operation, OperationRun

logger = logging.getLogger("console")

#: Results that are deleted in one go.
BATCH = 5_000

Results = Operation.Results


def clean_up(now: datetime) -> bool:
    """Delete some of the results that are not to be kept at this moment; False if there are none.

    Several runners may do this at once: what one has deleted the other does not find.
    """
    operation = _going() or _begin(now)
    if operation is None:
        return False
    runs = OperationRun.objects.filter(operation=operation)
    positions = list(runs.order_by("position").values_list("position", flat=True)[:BATCH])
    with transaction.atomic():
        if positions:
            runs.filter(position__lte=positions[-1]).delete()
        if len(positions) < BATCH:
            Operation.objects.filter(pk=operation.pk).update(results=Results.GONE)
            logger.info("The results of operation %s are not kept any more", operation.pk)
    return True


def _going() -> Operation | None:
    return Operation.objects.filter(results=Results.GOING).first()


def _begin(now: datetime) -> Operation | None:
    days = settings.CONSOLE_KEEP_RESULTS_DAYS
    if not days:
        return None
    ended = now - timedelta(days=days)
    old = Operation.objects.filter(results=Results.KEPT, ended_at__lt=ended).order_by("ended_at")
    operation = old.first()
    if operation:
        # Before the first is deleted, so that no page offers what is not whole.
        Operation.objects.filter(pk=operation.pk).update(results=Results.GOING)
    return operation
