"""Buttons and links to what a person may do, or that say why not. Loaded in all templates."""

from typing import Any
from zlib import crc32

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from console.permissions import Action, why_not
from console.templatetags.console import icon as icon_of
from console.templatetags.console import in_words

register = template.Library()

_DIALOG = mark_safe('hx-target="#dialog-content"')  # a constant


@register.simple_tag(takes_context=True)
def refusal(context: template.Context, action: str) -> str:
    """Why the person may not do this on the system in sight; empty for who may."""
    system, request = context.get("system"), context["request"]
    return why_not(request.user, Action(action), system) if system else ""


@register.simple_tag(takes_context=True)
def act(
    context: template.Context,
    action: str,
    url: str,
    word: str,
    *,
    icon: str = "",
    look: str = "",
    dialog: bool = False,
    why: str = "",
) -> SafeString:
    """A button that leads to an act, in a dialog if wished; or one that says why it may not be.

    ``why`` says what stands against it apart from the person's role.
    """
    reason = refusal(context, action) or why
    if reason:
        return withheld(word, reason, icon=icon, of=url)
    shown = icon_of(icon) if icon else ""
    opens = format_html(' hx-get="{}" {}', url, _DIALOG) if dialog else ""
    return format_html(
        '<a class="{}" href="{}"{}>{}{}</a>', f"button {look}".strip(), url, opens, shown, word
    )


@register.filter
def seconds_in_words(seconds: float) -> str:
    """A length of time given in seconds."""
    return in_words(round(seconds * 1_000))


@register.simple_tag
def withheld(word: str, reason: str, *, icon: str = "", of: str = "") -> SafeString:
    """A button that does nothing. It takes the focus, so that everybody can learn why.

    ``of`` tells it from others of the page that look alike.
    """
    parts: dict[str, Any] = {
        "icon": icon_of(icon) if icon else "",
        "word": word,
        "reason": reason,
        # The same each time, so that a part of a page that is loaded anew is the same part.
        "id": f"why-{crc32(f'{word} {of}'.encode()):08x}",
    }
    return format_html(
        '<span class="withheld"><button type="button" aria-disabled="true" '
        'aria-describedby="{id}">{icon}{word}</button>'
        '<span class="why-not" role="tooltip" id="{id}">{reason}</span></span>',
        **parts,
    )
