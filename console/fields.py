"""Fields that forms of several resources have."""

import json
from typing import Any

from django import forms

#: More belongs in a file or a table, and its name in the argument.
MOST_JSON_BYTES = 6 * 2**20
#: Python reads no longer integer.
MOST_DIGITS = 4_300


class JSONText(forms.CharField):
    """A text field that holds JSON; what was typed stays in it when it is wrong."""

    widget = forms.Textarea

    def __init__(self, *, kind: type | None = None, example: str = "", **options: Any) -> None:
        super().__init__(strip=True, **options)
        self.kind = kind
        self.example = example

    def clean(self, value: Any) -> Any:
        """The parsed value; an empty field is an empty array or object, where one is wanted."""
        text = super().clean(value)
        if not text:
            return None if self.kind is None else self.kind()
        if (size := len(text.encode(errors="replace"))) > MOST_JSON_BYTES:
            rule = f"This must have at most {MOST_JSON_BYTES:,} bytes, and has {size:,}."
            raise forms.ValidationError(rule)
        try:
            parsed = read_json(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if self.kind is not None and not isinstance(parsed, self.kind):
            shape = "array" if self.kind is list else "object"
            raise forms.ValidationError(f"This must be a JSON {shape}, such as {self.example}")
        return parsed


def read_json(text: str) -> Any:
    """What a text says in JSON; ValueError has a sentence about what is wrong with it."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("The JSON is nested too deeply: 100 levels are the most.") from error
    except ValueError as error:
        raise ValueError(f"This is no JSON: {error}.") from error


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"an integer must have at most {MOST_DIGITS:,} digits")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def queue_field(help_text: str) -> forms.CharField:
    """A queue that may be left out, with those that there are to choose from."""
    return forms.CharField(
        label="Queue",
        required=False,
        widget=forms.TextInput({"list": "queues"}),
        help_text=help_text,
    )


def dialect_field(help_text: str = "") -> forms.ChoiceField:
    """The language of an application, where the database may not show it."""
    return forms.ChoiceField(
        label="Language of the application",
        choices=[
            ("", "as the database shows"),
            ("python", "Python"),
            ("typescript", "TypeScript"),
        ],
        required=False,
        help_text=help_text,
    )


class MomentInput(forms.DateTimeInput):
    """A moment to the second, in the person's time zone."""

    def __init__(self) -> None:
        super().__init__({"type": "datetime-local", "step": "1"}, "%Y-%m-%dT%H:%M:%S")
