"""The small pieces that every page is made of. Loaded in all templates."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from client_core import PayloadKind, PayloadPlace, RecordedError, StatusString, dialect_name
from console import payload, payload_tree
from console.audit import words as audit_words
from console.audit.models import AuditEntry
from console.masking import DOTS, configured
from console.workflows.search import Search, exact_term

register = template.Library()
#: Characters of a payload, with its indents, that are made for its first line.
BRIEF_LIMIT = 1_000

#: Status → words. The icon and the colour are named by the status itself.
_WORDS = {
    StatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED: "Gave up",
    StatusString.PENDING: "Running",
}
#: A status that a newer SDK brought is shown by its own name, in neutral colour.
_KNOWN = {status.value for status in StatusString}


@register.simple_tag(takes_context=True)
def cell(context: template.Context, column: Any, run: Any) -> SafeString | str:
    """A run's cell of a :class:`console.workflows.columns.Column`."""
    shown: SafeString | str = column.show(run, context["system"])
    return shown


@register.simple_tag
@lru_cache(maxsize=256)  # A page has hundreds of them.
def icon(name: str) -> SafeString:
    """An icon of icons.svg, hidden from screen readers: a word always stands beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag
@lru_cache(maxsize=64)
def status_badge(status: str) -> SafeString:
    """A status as icon and word."""
    kind = status.lower() if status in _KNOWN else "unknown"
    return format_html(
        '<span class="status status-{}" title="{}">{}{}</span>',
        kind,
        status,
        icon(kind),
        status_word(status),
    )


@register.simple_tag
@lru_cache(maxsize=64)
def schedule_state(status: str) -> SafeString:
    """Whether a schedule fires, as icon and word."""
    if status == "ACTIVE":
        return format_html('<span class="status status-success">{}Active</span>', icon("success"))
    if status == "PAUSED":
        return format_html('<span class="status">{}Paused</span>', icon("pause"))
    return format_html('<span class="status">{}</span>', status)


def status_word(status: str) -> str:
    """A status as people say it."""
    word: str = _WORDS.get(status, status.replace("_", " ").capitalize())  # type: ignore[call-overload]
    return word


@register.simple_tag
def when(epoch_ms: int | None) -> SafeString | str:
    """A moment in the person's zone, and in UTC at hand; time.js makes it relative."""
    if epoch_ms is None:
        return "–"
    try:
        moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
        local = timezone.localtime(moment)
    except (ValueError, OverflowError, OSError):
        return str(epoch_ms)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(timespec="milliseconds"),
        exact(epoch_ms),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
    )


def exact(epoch_ms: int) -> str:
    """A moment to the millisecond, in the person's zone and in UTC."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    local = timezone.localtime(moment)
    utc = moment.isoformat(" ", "milliseconds").removesuffix("+00:00") + " UTC"
    if local.utcoffset() == moment.utcoffset():
        return utc
    here = local.replace(tzinfo=None).isoformat(" ", "milliseconds")
    return f"{here} {local:%Z} · {utc}"


@register.simple_tag
def duration(start_ms: int | None, end_ms: int | None) -> SafeString | str:
    """The time between two moments; one that still runs is counted on by time.js."""
    if start_ms is None:
        return "–"
    if end_ms is not None:
        return in_words(end_ms - start_ms)
    return format_html('<span data-since="{}">running</span>', start_ms)


@register.simple_tag
def offset(start_ms: int | None, epoch_ms: int | None) -> SafeString | str:
    """A moment as its distance from the start, with the exact one in its title."""
    if start_ms is None or epoch_ms is None:
        return when(epoch_ms)
    since = in_words(max(0, epoch_ms - start_ms))
    return format_html('<span title="{}">+{}</span>', exact(epoch_ms), since)


@register.filter
def in_words(ms: int | None) -> str:
    """A length of time with the two units that matter."""
    if ms is None:
        return "–"
    if ms < 0:
        return "0 ms"
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")]
    words: list[str] = []
    for size, unit in units:
        count, ms = divmod(ms, size)
        if count or words:
            words.append(f"{count} {unit}")
        if len(words) == 2:
            break
    return " ".join(words)


@register.filter
def language(dialect: str) -> str:
    """The name of a programming language as people write it."""
    return dialect_name(dialect)


@register.simple_tag
def copyable(text: str) -> SafeString:
    """A long ID, cut in the middle by the style sheet, that one click copies whole."""
    return format_html(
        '<span class="copyable"><code title="{text}"><span class="head">{head}</span>'
        '<span class="tail">{tail}</span></code><button type="button" class="copy quiet" '
        'data-copy="{text}" title="Copy the ID">{icon}<span class="sr">Copy {text}</span></button>'
        "</span>",
        text=text,
        head=text[:-6],
        tail=text[-6:],
        icon=icon("copy"),
    )


@register.inclusion_tag("components/payload.html", takes_context=True)
def show_payload(
    context: template.Context,
    value: Any,
    label: str,
    kind: str = "",
    number: int | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """A payload with its secrets hidden; where its place in the run is told, with the way to it.

    Those of the run itself are trees, and the many of its steps and events short texts.
    """
    masks = configured()
    value = masks.under(key, value)
    shown: dict[str, Any] = {"label": label, "system": context.get("system")}
    if kind in ("input", "output", "error") and payload_tree.is_tree(value):
        lines = payload_tree.tree(value, masks, lines=payload_tree.PANEL_LINES)
        hidden = any(DOTS in line.text for line in lines)
        shown |= {"lines": lines, "hidden": hidden}
    else:
        limit = payload.STEP_CHARACTERS if kind else payload.MAX_CHARACTERS
        text = payload.show(value, masks, limit)
        hidden = DOTS in text.text or payload.WITHHELD in text.note
        shown |= {"shown": text, "hidden": hidden}
    if isinstance(value, RecordedError) and masks.text(value.message) != value.message:
        shown["hidden"] = True
    if kind and (run := context.get("run")):
        place = PayloadPlace(PayloadKind(kind), number, key)
        shown |= {"place": place, "workflow_id": run.workflow_id, "request": context.get("request")}
    return shown


@register.simple_tag(takes_context=True)
def payload_url(
    context: template.Context, kind: str, number: int | None = None, key: str | None = None
) -> str:
    """The address of one payload of the page's run."""
    place = PayloadPlace(PayloadKind(kind), number, key)
    return reverse("payload", args=[context["system"], context["run"].workflow_id, place])


@register.filter
def brief(value: Any) -> str:
    """The first line's worth of a payload."""
    text = " ".join(payload.show(value, limit=BRIEF_LIMIT).text.split())
    return text if len(text) <= 80 else text[:79] + "…"


@register.filter
def brief_under(value: Any, key: str) -> str:
    """The first line's worth of what stands under a key, which may hide it."""
    return brief(configured().under(key, value))


@register.filter
def masked(text: str) -> str:
    """A sentence of an application, such as an error's message, without the secrets it tells."""
    return configured().text(text)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A form field with its label, help and errors, wired for screen readers."""
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    attributes: dict[str, str | bool] = {}
    if bound.errors:
        described.append(f"{bound.auto_id}_errors")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return {"field": bound, "widget": bound.as_widget(attrs=attributes)}


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """The present URL's query with some parameters set or, when empty, taken out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def without(context: template.Context, name: str) -> str:
    """The present URL's query, from its first page, without one parameter."""
    return with_query(context, **{name: None, "before": None})


@register.filter
def act_in_brief(entry: AuditEntry) -> str:
    """What an audit entry says in particular."""
    return audit_words.in_brief(entry)


@register.filter
def as_json(value: Any) -> str:
    """A value of the console's own as JSON, a line for each part."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def taken_from(term: str, search: Search) -> str:
    """The search without one of its terms."""
    return search.without(term)


@register.filter
def as_term(value: str, key: str) -> str:
    """A term that finds what has exactly this value."""
    return exact_term(key, value)


@register.simple_tag(takes_context=True)
def in_place(context: template.Context, **changes: Any) -> SafeString:
    """The attributes of a link that changes the page of a run in place, or else by its address."""
    return format_html(
        'href="{0}" hx-get="{0}" hx-target="#run" hx-swap="outerHTML" hx-push-url="true" '
        'hx-sync="#run:replace"',
        with_query(context, **changes),
    )


@register.filter
def thousands(count: int) -> str:
    """A count with commas."""
    return f"{count:,}"


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A moment of the console's own rows."""
    return when(None if at is None else round(at.timestamp() * 1000))


@register.filter
def up_to(count: int, ceiling: int) -> str:
    """A count that was made up to a ceiling."""
    return f"{ceiling:,} or more" if count >= ceiling else f"{count:,}"
