"""What the audit log may be searched for, as a form; what it means stands in `audit_search.py`."""

from django import forms

from console.audit_models import AuditOutcome
from console.fields import MomentInput
from console.permissions import Action


class AuditSearchForm(forms.Form):
    """Fields named as those of :class:`console.audit_search.AuditSearch`."""

    username = forms.CharField(label="Who", required=False)
    action = forms.ChoiceField(
        required=False, choices=[("", "any"), *((one, one) for one in Action)]
    )
    outcome = forms.ChoiceField(required=False, choices=[("", "any"), *AuditOutcome.choices])
    system = forms.CharField(required=False)
    since = forms.CharField(label="From", required=False, widget=MomentInput)
    until = forms.CharField(label="Until", required=False, widget=MomentInput)
    target = forms.CharField(
        label="The whole target", required=False, help_text="An ID or a name, letter by letter."
    )
