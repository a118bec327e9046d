"""What is typed to sign in and on the page of one's own account."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as factor
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)

#: Nothing that a person has to type exactly is corrected by the browser.
EXACT = {"autocapitalize": "none", "spellcheck": "false"}


def _say(form: forms.Form, **labels: str) -> None:
    """Our labels; no placeholders, which go as soon as one types."""
    for name, field in form.fields.items():
        field.widget.attrs.pop("placeholder", None)
        field.help_text = ""
        if name in labels:
            field.label = labels[name]


def _code(form: forms.Form) -> None:
    form.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True, **EXACT}


class LoginForm(account.LoginForm):
    """A name and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, login="Username or e-mail", password="Password")  # noqa: S106
        attributes = {"autocomplete": "username", "autofocus": True, "maxlength": "254", **EXACT}
        self.fields["login"].widget.attrs |= attributes


class ConfirmForm(account.ReauthenticateForm):
    """The password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, password="Your password")  # noqa: S106


class PasswordForm(account.ChangePasswordForm):
    """The old password, and twice a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(
            self,
            oldpassword="Your password today",
            password1="New password",
            password2="New password once more",
        )
        self.fields["password1"].help_text = " ".join(password_validators_help_texts())


class FirstPasswordForm(forms.Form):
    """A password for an account that has none, or whose owner lost it."""

    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password", "autofocus": True}),
    )
    password2 = forms.CharField(
        label="Password once more",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any, user: Any) -> None:
        super().__init__(data)
        self.user = user
        self.fields["password1"].help_text = " ".join(password_validators_help_texts())

    def clean_password1(self) -> str:
        """It keeps the rules."""
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean_password2(self) -> str:
        """It is the same."""
        again: str = self.cleaned_data["password2"]
        if again != self.cleaned_data.get("password1", again):
            raise forms.ValidationError("This is not the same password.")
        return again


class CodeForm(factor.AuthenticateForm):
    """A code of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, code="Code of your authenticator app, or a recovery code")
        _code(self)


class ConfirmCodeForm(factor.ReauthenticateForm):
    """The same, to confirm who it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, code="Code of your authenticator app, or a recovery code")
        _code(self)


class AppForm(ActivateTOTPForm):
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, code="The code that the app shows")
        _code(self)


class PasskeyForm(AddWebAuthnForm):
    """A passkey and its name; it signs in by itself where the device can check who uses it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, name="Name", passwordless="It also signs in by itself, without the password")
        self.fields["name"].widget.attrs |= {"maxlength": "60", "autocomplete": "off"}
        self.fields["name"].help_text = "To know it again: “laptop”, or “blue key”."
        self.fields["passwordless"].initial = True


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self, name="Name")
        self.fields["name"].widget.attrs |= {"maxlength": "60", "autocomplete": "off"}
