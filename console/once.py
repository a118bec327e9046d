"""Forms that act once, however often they are sent."""

import json
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from client_core import DBOSClientError, InvalidOption, SystemDatabaseError

#: Fields that say nothing about what is to be done.
_BESIDES = ("anyway", "form_id", "seen", "previewed", "reason")


class OnceForm(forms.Form):
    """A form that acts; the same twice is one act."""

    #: Whether it may be sent again while nobody knows how it ended, as that cannot do it twice.
    repeats = False
    #: Whether nobody knows how it ended.
    is_unknown = False
    #: What the form is about is gone, and so is the form.
    gone: ClassVar[tuple[type[DBOSClientError], ...]] = ()
    #: The field that an error of the client is about.
    about: ClassVar[Mapping[type[DBOSClientError], str]] = {}

    reason = forms.CharField(
        required=False,
        max_length=1_000,
        help_text="Kept in the audit log, for those who come after you.",
    )
    form_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)

    @property
    def act_id(self) -> uuid.UUID | None:
        """What is asked for: the same when it is sent again, another when it is changed before."""
        form_id: uuid.UUID | None = self.cleaned_data.get("form_id")
        typed = [(name, self.data.get(name, "")) for name in self.fields if name not in _BESIDES]
        return form_id and uuid.uuid5(form_id, json.dumps(typed))

    def refused(self, error: DBOSClientError) -> None:
        """Put what the client said beside the field that it is about."""
        if isinstance(error, self.gone):
            raise error
        if isinstance(error, InvalidOption):
            for field, rule in error.problems.items():
                self.add_error(field if field in self.fields else None, f"This {rule}.")
        else:
            self.add_error(self.about.get(type(error)), str(error))

    def not_taken(self, error: SystemDatabaseError) -> None:
        """Say that the database did nothing."""
        text = "The system database did not take it, and nothing was written. What you typed is"
        self.add_error(None, f"{text} kept. {error}")

    def unknown(self) -> None:
        """Say that it may be done or not, and that sending it again is safe."""
        self.is_unknown = True
        text = "It is not known whether this was done: the connection broke before the database"
        self.add_error(None, f"{text} answered. Send it again: that cannot do it twice.")


class Kept(OnceForm):
    """What was typed into a form that needs the database to be read; nothing of it is checked."""

    repeats = True

    def __init__(self, data: Any, like: type[OnceForm]) -> None:
        super().__init__(data)
        for name, field in like.base_fields.items():
            self.fields[name] = forms.CharField(
                label=field.label, required=False, strip=False, widget=field.widget
            )
