"""Files of any size, written page by page: CSV and JSON lines."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from django.http import StreamingHttpResponse

from client_core import RawValue
from console.masking import DOTS, HIDDEN, Masks
from console.payload import show

#: What a spreadsheet takes for a formula when a cell begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Columns = Mapping[str, Callable[[Any], Any]]


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"

    @classmethod
    def of(cls, text: str | None) -> "Format":
        """The format that was asked for; CSV, unless it is known."""
        return cls(text) if text in list(cls) else cls.CSV


def without_secrets(value: Any, masks: Masks) -> Any:
    """A JSON value as it is shown: what stands under a key that hides it is dots."""
    if isinstance(value, Mapping):
        named = "value" in value and any(masks.hides(value.get(key)) for key in ("name", "key"))
        return {
            masks.text(key): DOTS
            if (named and key == "value") or masks.under(key, item) is HIDDEN
            else without_secrets(item, masks)
            for key, item in value.items()
        }
    if isinstance(value, list):
        if len(value) == 2 and masks.hides(value[0]):
            return [value[0], DOTS]
        return [without_secrets(item, masks) for item in value]
    if isinstance(value, RawValue):
        return show(value, masks).text
    return masks.text(value) if isinstance(value, str) else value


def cells(columns: Columns, row: Any) -> list[Any]:
    """A row's values in the order of the columns."""
    return [value(row) for value in columns.values()]


def exported(
    form: Format, name: str, header: list[str], pages: Iterable[list[list[Any]]]
) -> StreamingHttpResponse:
    """A file to download. No page is read before the one before it is on its way."""
    write = _csv if form == Format.CSV else _json_lines
    texts = write(header, iter(pages))

    async def sent() -> AsyncIterator[bytes]:
        while text := await asyncio.to_thread(next, texts, ""):
            yield text.encode(errors="replace")

    kind = "text/csv" if form == Format.CSV else "application/x-ndjson"
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}.{form}"',
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(sent(), headers=headers)


def _csv(header: list[str], pages: Iterator[list[list[Any]]]) -> Iterator[str]:
    yield _lines([header])
    for page in pages:
        if page:
            yield _lines([[_cell(value) for value in row] for row in page])


def _lines(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value as one cell that no spreadsheet runs."""
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else _json(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json_lines(header: list[str], pages: Iterator[list[list[Any]]]) -> Iterator[str]:
    for page in pages:
        if page:
            yield "".join(f"{_json(dict(zip(header, row, strict=True)))}\n" for row in page)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
