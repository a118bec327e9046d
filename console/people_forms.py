"""What is typed about people and their groups."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import Group, User

from console.people import teams
from console.permissions import Role

_EXACT = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who a person is, and the groups that the person is in."""

    groups = forms.ModelMultipleChoiceField(
        Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")
        labels: ClassVar = {"email": "E-mail"}

    field_order = ("username", "email", "first_name", "last_name", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["groups"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = teams()
        if not teams().exists():
            del self.fields["groups"]
        elif self.instance.pk:
            field.initial = teams().filter(user=self.instance)
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
        raise NotImplementedError  # `console.people` writes, and keeps who did.


class InviteForm(PersonForm):
    """A new account."""

    class Meta(PersonForm.Meta):
        fields = ("username", "email", "first_name", "last_name")  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {"autofocus": True, **_EXACT}
        self.fields["username"].help_text = "Letters, digits and @ . + - _"

    def clean_username(self) -> str:
        """No other account has it, in capitals or without."""
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("Another account has this name.")
        return name


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    """A group's name, and who is in it."""

    members = forms.ModelMultipleChoiceField(
        User.objects.order_by("username"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Group
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= {"autofocus": True, **_EXACT}
        if self.instance.pk:
            self.fields["members"].initial = User.objects.filter(groups=self.instance)

    def clean_name(self) -> str:
        """It is not the name of a role."""
        name = str(self.cleaned_data["name"]).strip()
        if name.lower() in list(Role):
            raise forms.ValidationError("This is the name of a role.")
        return name
