"""What the audit log may be searched for, as a form; what it means stands in `search.py`."""

from typing import cast

from django import forms
from django.utils import timezone

from console.audit.models import AuditOutcome
from console.audit.search import AuditSearch
from console.fields import MomentInput
from console.permissions import Action

_ACTIONS = [("", "any"), *((one.value, one.value) for one in Action)]


class AuditSearchForm(forms.Form):
    """Fields named as those of :class:`console.audit.search.AuditSearch`."""

    username = forms.CharField(label="Who", required=False)
    action = forms.ChoiceField(required=False, choices=_ACTIONS)
    outcome = forms.ChoiceField(required=False, choices=[("", "any"), *AuditOutcome.choices])
    system = forms.CharField(required=False)
    since = forms.CharField(label="From", required=False, widget=MomentInput)
    until = forms.CharField(label="Until", required=False, widget=MomentInput)
    target = forms.CharField(
        label="The whole target", required=False, help_text="An ID or a name, letter by letter."
    )

    def __init__(self, search: AuditSearch) -> None:
        """Filled in with what is searched for, as far as it has a meaning."""
        moments = {
            name: timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")
            for name, value in (("since", search.since), ("until", search.until))
            if value
        }
        super().__init__(initial={**search.asked, **moments})
        if search.action and search.action not in list(Action):  # Such as a sign-in.
            action = cast(forms.ChoiceField, self.fields["action"])
            action.choices = [*_ACTIONS, (search.action, search.action)]
