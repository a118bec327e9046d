"""Workflow IDs and places of payloads in URLs."""

import re

import pytest
from django.urls import resolve, reverse
from hypothesis import example, given
from hypothesis import strategies as st

from client_core import PayloadKind, PayloadPlace
from console.converters import PayloadPlaceConverter, WorkflowIDConverter
from console.systems import System

converter = WorkflowIDConverter()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("sched-nightly-2026-01-01T00:00:00+00:00")
@example("..")
@example(".")
@example("a/../b")
@example("~2F")
@example("é ✓\n")
def test_any_id_survives_as_one_plain_segment(workflow_id: str) -> None:
    segment = converter.to_url(workflow_id)
    assert re.fullmatch(r"[A-Za-z0-9_:.~-]+", segment)
    assert segment not in (".", "..")
    assert converter.to_python(segment) == workflow_id


@pytest.mark.parametrize("workflow_id", ["order-1", "3f0e-4b", "sched-a-2026-01-01T00:00:00.000Z"])
def test_common_ids_read_as_they_are(workflow_id: str) -> None:
    assert converter.to_url(workflow_id) == workflow_id


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 2**31 - 1))
@example("", 0)
@example("a:b", 1)
def test_any_place_of_a_payload_survives(key: str, number: int) -> None:
    places = PayloadPlaceConverter()
    for kind in PayloadKind:
        place = PayloadPlace(
            kind, number if kind.has_number else None, key if kind.has_key else None
        )
        segment = places.to_url(place)
        assert re.fullmatch(r"[A-Za-z0-9_:.~-]+", segment)
        assert places.to_python(segment) == place


def test_an_id_cannot_reach_another_page(system: System) -> None:
    path = reverse("workflow", args=[system, "run-1/cancel"])
    match = resolve(path)
    assert (match.url_name, match.kwargs["workflow_id"]) == ("workflow", "run-1/cancel")


def test_what_is_no_text_is_no_page() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        converter.to_python("~FF")
