"""The same call through an official client and through ours leaves the same rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dbos
import pytest

from client_core import DBOSClientError
from tests.contract.matrix import ATTRIBUTES, METHODS
from tests.contract.matrix.model import LANGUAGES, Case, Difference, Language, cases
from tests.contract.node import TypeScriptError
from tests.contract.rows import OWN, Rows, Scene, Sql, rows
from tests.databases import delete_rows

pytestmark = pytest.mark.xdist_group("contract")

COMPARED = [case for case in cases(METHODS) if case.hole is None]


@pytest.mark.parametrize("case", COMPARED, ids=str)
def test_rows_are_equal(
    case: Case,
    sql: Sql,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("compared", [case.method.name, case.option.name, case.language])
    official = request.getfixturevalue(f"official_{case.language}")
    client = request.getfixturevalue(f"ours_{case.language}")
    scene = Scene(client, OWN[case.language], sql)
    theirs, their_call = case.method.of(case.language), case.option.of(case.language)
    our_call = case.option.ours
    assert callable(theirs)
    assert isinstance(their_call, dict)
    assert isinstance(our_call, dict)
    case.given(scene)
    with outcome(case, (dbos.error.DBOSException, TypeScriptError)):
        theirs(official, their_call)
    expected = rows(sql)
    assert any(expected.values()) or case.option.refused
    delete_rows(sql)
    case.given(scene)
    with outcome(case, DBOSClientError):
        case.method.ours(scene, our_call)
    assert_same(rows(sql), expected, case.differs)


@contextmanager
def outcome(case: Case, refusals: Any) -> Iterator[None]:
    """It is refused, if the case says so."""
    if not case.option.refused:
        yield
        return
    with pytest.raises(refusals) as caught:
        yield
    # Not that the test spelled the call wrongly.
    assert getattr(caught.value, "name", "") not in ("TypeError", "ReferenceError")


@pytest.mark.parametrize("language", LANGUAGES)
def test_attributes_that_were_not_given(
    language: Language, sql: Sql, request: pytest.FixtureRequest
) -> None:
    """The one difference that reading the rows as JSON does not show."""
    scene = Scene(request.getfixturevalue(f"ours_{language}"), OWN[language], sql)
    [method] = [one for one in METHODS if one.name == "enqueue" and len(list(one.options)) > 1]
    theirs = method.of(language)
    assert callable(theirs)
    left = []
    for call, client in (
        (theirs, request.getfixturevalue(f"official_{language}")),
        (method.ours, scene),
    ):
        call(client, {})
        [found] = sql.execute("SELECT attributes::text FROM dbos.workflow_status").fetchall()
        left.append(found["attributes"])
        delete_rows(sql)
    in_python = language in ATTRIBUTES.languages
    assert left == ([ATTRIBUTES.theirs, ATTRIBUTES.ours] if in_python else [None, None])


def assert_same(ours: Rows, theirs: Rows, differs: tuple[Difference, ...]) -> None:
    """The rows are the same, but for these differences, and those are there."""
    columns = {one.column for one in differs}

    def rest(row: dict[str, Any]) -> dict[str, Any]:
        return {column: value for column, value in row.items() if column not in columns}

    seen = set()
    for table, expected in theirs.items():
        pairs = [
            sorted(found, key=lambda row: repr(rest(row))) for found in (expected, ours[table])
        ]
        assert [*map(rest, pairs[1])] == [*map(rest, pairs[0])], table
        seen |= {
            (column, row[column], own[column])
            for row, own in zip(*pairs, strict=True)
            for column in columns & row.keys()
            if row[column] != own[column]
        }
    assert seen == {(one.column, one.theirs, one.ours) for one in differs}
