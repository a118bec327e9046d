"""What is typed about people."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User

from console.accounts.forms import EXACT


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who a person is."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")
        labels: ClassVar = {"email": "E-mail"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "email"
        ].help_text = "To sign in with instead of the name; nothing is sent to it."

    def clean_email(self) -> str:
        """One account has it: people sign in with it."""
        email = str(self.cleaned_data["email"]).lower()
        others = User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk)
        if email and others.exists():
            raise forms.ValidationError("Another account has this address.")
        return email

    def _save_m2m(self) -> None:
        raise NotImplementedError  # :mod:`console.accounts.people` writes, and keeps who did.


class InviteForm(PersonForm):
    """A new account."""

    class Meta(PersonForm.Meta):
        fields = ("username", "email", "first_name", "last_name")  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {
            "autocomplete": "off",
            "autofocus": True,
            **EXACT,
        }
        self.fields["username"].help_text = "Letters, digits and @ . + - _"

    def clean_username(self) -> str:
        """No other account has it, in capitals or without."""
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("Another account has this name.")
        return name
