"""Forms for roles, grants and teams."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group, User
from django.core.validators import RegexValidator

from console.models import Grant, OwnRole
from console.permissions import Action, Role
from console.roles.action_words import WORDS
from console.roles.grants import role_names
from console.systems import all_systems

#: People and teams that a form suggests.
MOST_SUGGESTED = 500
#: Members of a team.
MOST_MEMBERS = 500


def system_choices() -> list[tuple[str, str]]:
    """The systems that a role can be granted on."""
    systems = [(system.name, system.title) for system in all_systems().values()]
    return [(Grant.EVERY, "All systems"), *systems]


class GiveForm(forms.Form):
    """A role for somebody, on a system."""

    holder = forms.CharField(
        label="Person or team",
        max_length=160,
        widget=forms.TextInput({"list": "holders", "autocomplete": "off", "spellcheck": "false"}),
        help_text="A user name, or “team” and the name of a team.",
    )
    role = forms.ChoiceField(label="Role")
    system = forms.ChoiceField(label="System")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = [(name, name) for name in role_names()]  # type: ignore[attr-defined]
        self.fields["system"].choices = system_choices()  # type: ignore[attr-defined]

    def clean_holder(self) -> User | Group:
        """The person or the team."""
        name: str = self.cleaned_data["holder"]
        if name.startswith("team "):
            team = Group.objects.filter(name=name.removeprefix("team ")).first()
            if team:
                return team
            raise forms.ValidationError("There is no such team.")
        user = User.objects.filter(username=name).first()
        if user:
            return user
        raise forms.ValidationError("There is nobody of this user name.")

    @staticmethod
    def holders() -> list[str]:
        """Some of those that may be meant."""
        teams = Group.objects.order_by("name").values_list("name", flat=True)
        people = User.objects.filter(is_active=True).order_by("username")
        names = people.values_list("username", flat=True)[:MOST_SUGGESTED]
        return [*(f"team {name}" for name in teams[:MOST_SUGGESTED]), *names]


class RoleForm(forms.Form):
    """A role of one's own."""

    name = forms.CharField(
        label="Name",
        max_length=32,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Lower-case letters, digits, hyphens.")
        ],
        help_text="Lower-case letters, digits and hyphens. It stays as it is.",
    )
    description = forms.CharField(label="What it is for", max_length=200, required=False)
    actions = forms.MultipleChoiceField(
        label="What it allows",
        choices=[(action.value, action.value) for action in Action if action != "console.use"],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one action."},
    )

    def __init__(self, *args: Any, own: OwnRole | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.own = own
        if own:
            names = ("name", "description", "actions")
            self.initial = {name: getattr(own, name) for name in names}
            self.fields["name"].disabled = True

    def clean_name(self) -> str:
        """A name that no role has."""
        name: str = self.cleaned_data["name"]
        taken = name in (*Role, "none") or OwnRole.objects.filter(name=name).exists()
        if taken and self.own is None:
            raise forms.ValidationError("There is a role of this name already.")
        return name

    def grouped(self) -> dict[str, list[tuple[str, str, bool]]]:
        """Each action under its heading, with what it means and whether it is chosen."""
        chosen = self["actions"].value() or []
        groups: dict[str, list[tuple[str, str, bool]]] = {}
        for action in Action:
            if action != Action.CONSOLE_USE:
                words = WORDS[action]
                groups.setdefault(words.group, []).append((action, words.meaning, action in chosen))
        return groups


class TeamForm(forms.Form):
    """A team and who is in it."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        validators=[RegexValidator(r"^\w[\w .@+-]*$", "Letters, digits, spaces and . @ + - _.")],
    )
    members = forms.CharField(
        label="Members",
        required=False,
        max_length=100_000,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text="User names, one a line.",
    )

    def clean_members(self) -> list[User]:
        """The people."""
        names = list(dict.fromkeys(self.cleaned_data["members"].split()))
        if len(names) > MOST_MEMBERS:
            raise forms.ValidationError(f"A team has {MOST_MEMBERS} members at most.")
        people = list(User.objects.filter(username__in=names))
        unknown = sorted(set(names) - {one.get_username() for one in people})
        if unknown:
            raise forms.ValidationError(f"There is nobody called {', '.join(unknown[:5])}.")
        return people
