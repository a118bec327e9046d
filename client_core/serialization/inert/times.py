"""Dates and times out of pickles.

`datetime(b"…")` takes ten bytes on trust and would keep the 31st of February; so the bytes are
read here and go through the constructor that checks them.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from struct import unpack
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from client_core.serialization.inert.drafts import arguments
from client_core.serialization.values import OpaqueObject

_FOLD: Final = 0x80

Moment = TypeVar("Moment", datetime, time)


def _date(described: OpaqueObject) -> date:
    match arguments(described):
        case (bytes(raw),) if len(raw) == 4:
            return date(int.from_bytes(raw[:2], "big"), raw[2], raw[3])
    raise ValueError


def _time(described: OpaqueObject) -> time | OpaqueObject:
    match arguments(described):
        case (bytes(raw), *zone) if len(raw) == 6 and len(zone) <= 1:
            hour, fold = raw[0] & ~_FOLD, raw[0] >> 7
            moment = time(hour, raw[1], raw[2], int.from_bytes(raw[3:], "big"), fold=fold)
            return _in_zone(described, moment, zone)
    raise ValueError


def _datetime(described: OpaqueObject) -> datetime | OpaqueObject:
    match arguments(described):
        case (bytes(raw), *zone) if len(raw) == 10 and len(zone) <= 1:
            year, month, day, hour, minute, second = unpack(">H5B", raw[:7])
            micro, fold = int.from_bytes(raw[7:], "big"), month >> 7
            moment = datetime(year, month & ~_FOLD, day, hour, minute, second, micro, fold=fold)
            return _in_zone(described, moment, zone)
    raise ValueError


def _in_zone(described: OpaqueObject, moment: Moment, zone: list[Any]) -> Moment | OpaqueObject:
    """`moment` in its zone; the description of both when the zone is an application's class."""
    if not zone:
        return moment
    if isinstance(zone[0], (timezone, ZoneInfo)):
        return moment.replace(tzinfo=zone[0])
    if isinstance(zone[0], OpaqueObject):
        return replace(described, args=(moment, zone[0]))
    raise ValueError


def _timedelta(described: OpaqueObject) -> timedelta:
    match arguments(described):
        case (int(days), int(seconds), int(microseconds)):
            return timedelta(days, seconds, microseconds)
    raise ValueError


def _timezone(described: OpaqueObject) -> timezone:
    match arguments(described):
        case (timedelta() as offset,):
            return timezone(offset)
        case (timedelta() as offset, str(name)):
            return timezone(offset, name)
    raise ValueError


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone_info(described: OpaqueObject) -> ZoneInfo:
    """A zone that is known here. Any other name would be looked for as a file and a package."""
    match arguments(described):
        case (str(key), 0 | 1) if key in _zone_names():
            return ZoneInfo(key)
    raise ValueError


TIMES: Final[dict[tuple[str, str], Callable[[OpaqueObject], Any]]] = {
    ("datetime", "date"): _date,
    ("datetime", "time"): _time,
    ("datetime", "datetime"): _datetime,
    ("datetime", "timedelta"): _timedelta,
    ("datetime", "timezone"): _timezone,
    ("zoneinfo", "ZoneInfo._unpickle"): _zone_info,
}
