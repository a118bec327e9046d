"""Secrets masked by the names of their keys."""

import base64
import json
import pickle

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from console.masking import DOTS, NO_MASKS, Masks, configured

MASKS = Masks(tuple(settings.CONSOLE_MASKED_KEYS))
SECRET = "hunter2"
HIDING = [
    "password",
    "userPassword",
    "X-API-Key",
    "apiKey",
    "api key",
    "ssn",
    "SSN",
    "Set-Cookie",
    "cvv",
    "authorization",
    "card_number",
    "aws.secret",
]


@pytest.mark.parametrize("key", [*HIDING, b"token", ("id", "token")])
def test_a_key_hides_its_value(key: object) -> None:
    assert MASKS.hides(key)
    assert not NO_MASKS.hides(key)


@pytest.mark.parametrize("key", ["order", "lessn", "business_name", "", 1, None, ("a", 1), b"\xff"])
def test_another_key_hides_nothing(key: object) -> None:
    assert not MASKS.hides(key)


def test_the_patterns_are_a_setting(settings: object) -> None:
    settings.CONSOLE_MASKED_KEYS = ["Kunden-*"]  # type: ignore[attr-defined]
    assert configured().hides("kundenNummer")
    assert not configured().hides("password")


def test_one_pattern_may_hide_everything() -> None:
    assert Masks(("*",)).hides("anything")
    assert Masks(("*",)).suspects([b"{}"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2 and more", f"password={DOTS} and more"),
        ('{"password": "hun\\"ter2", "a": 1}', f'{{"password": {DOTS}, "a": 1}}'),
        ("{'api_key': 'x hunter2', 'b': 2}", f"{{'api_key': {DOTS}, 'b': 2}}"),
        ("Authorization: Bearer hunter2", f"Authorization: {DOTS}"),
        ("https://a/b?token=hunter2&x=1", f"https://a/b?token={DOTS}&x=1"),
        ("postgresql://ann:hunter2@host/db", f"postgresql://ann:{DOTS}@host/db"),
        ("apiKey => hunter2", f"apiKey => {DOTS}"),
        ('{"tokens": ["a", "hunter2"]}', f'{{"tokens": {DOTS}'),
        ("wrong password for ann", "wrong password for ann"),
        ("lessn: 1", "lessn: 1"),
    ],
)
def test_a_sentence_keeps_its_secret(text: str, shown: str) -> None:
    assert MASKS.text(text) == shown
    assert NO_MASKS.text(text) == text


@pytest.mark.parametrize("dumps", [json.dumps, str, lambda value: json.dumps(json.dumps(value))])
@pytest.mark.parametrize("key", HIDING)
def test_text_of_data_within_a_sentence_keeps_it(key: str, dumps: object) -> None:
    text = dumps({"a": 1, key: f"a {SECRET}", "b": 2})  # type: ignore[operator]
    assert SECRET not in MASKS.text(f"Refused: {text}.")


@pytest.mark.parametrize("key", HIDING)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_stored_text_with_such_a_key_is_suspected(key: str, protocol: int) -> None:
    data = {"a": [{"order": 1}, {key: SECRET}]}
    pickled = base64.b64encode(pickle.dumps(data, protocol))
    as_json = json.dumps(data).encode()
    escaped = as_json.replace(key[0].encode(), b"\\u00%02x" % ord(key[0]))
    for text in (pickled, as_json, escaped, base64.b64encode(as_json)):
        assert MASKS.suspects([text])
        assert not NO_MASKS.suspects([text])


@given(cut=st.integers(1, 400))
def test_a_key_is_found_across_two_pieces(cut: int) -> None:
    text = json.dumps({"padding": "x" * 200, "private_key": SECRET}).encode()
    for whole in (text, base64.b64encode(text)):
        assert MASKS.suspects([whole[:cut], whole[cut:]])


def test_an_ordinary_text_is_not_suspected() -> None:
    data = {"order": 17, "business_name": "Ann's", "lines": [{"sku": "mug"}] * 50}
    assert not MASKS.suspects([json.dumps(data).encode()])
    assert not MASKS.suspects([base64.b64encode(pickle.dumps(data))])


def test_an_address_with_a_password_is_suspected() -> None:
    address = b'{"database": "postgresql://ann:hunter2@host/db", "site": "https://host:80/a@b"}'
    assert MASKS.suspects([address])
    assert MASKS.suspects([base64.b64encode(address)])
    assert not MASKS.suspects([address.replace(b":hunter2", b"")])


def test_a_java_object_within_an_error_is_suspected() -> None:
    assert MASKS.suspects([b'{"type":"E","base64bytes":"rO0"}'])


@given(st.text())
def test_any_text_is_masked_and_looked_at(text: str) -> None:
    MASKS.text(text)
    MASKS.suspects([text.encode(errors="replace")])
