"""Cron by itself: one dialect a language, because the same text means different times in each.

`times` checks what is asked and hands it to the dialect; `bounds` keeps monstrous text from both.
"""

from client_core.cron.errors import InvalidCronExpression
from client_core.cron.run_ids import RunIdDialect, scheduled_run_id, triggered_run_id
from client_core.cron.times import CronDialect, next_times, times_between, validate_cron

__all__ = [
    "CronDialect",
    "InvalidCronExpression",
    "RunIdDialect",
    "next_times",
    "scheduled_run_id",
    "times_between",
    "triggered_run_id",
    "validate_cron",
]
