"""One payload of a run: as a tree, as it is stored, as a file, and revealed."""

import asyncio
import codecs
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.contrib import messages
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from client_core import PayloadKind, PayloadPlace, PayloadText, RawValue, RecordedError
from console import actions, payload_tree
from console.audit.whence import because
from console.digits import whole_number
from console.http import Request
from console.masking import HIDDEN, NO_MASKS, Masks, configured
from console.payload import WITHHELD, show
from console.permissions import Action, requires
from console.systems import System
from console.views.common import render_form, render_part

#: What is larger is not decoded: its text is shown, a piece at a time.
DECODE_BYTES = 2**20
#: Of a payload described as text.
TEXT_CHARACTERS = 512 * 2**10
#: Of a stored text, on a page and from the database.
PIECE_BYTES = 64 * 2**10
CHUNK_BYTES = 2 * 2**20
#: What is larger is not looked through for secrets: it is withheld as if it had some.
LOOKED_THROUGH_BYTES = 128 * 2**20


class PayloadChanged(Exception):
    """The payload is another one than when its reading began."""


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, workflow_id: str, place: PayloadPlace) -> HttpResponse:
    """A payload with its secrets hidden."""
    masks = configured()
    stored = system.client.get_payload_text(workflow_id, place, max_bytes=DECODE_BYTES)
    context = _described(request.GET, system, workflow_id, place, stored, masks)
    if "lines" not in context and stored:
        context |= _stored_text(request.GET, system, workflow_id, place, stored, masks)
    return render_part(request, "payloads/detail.html", "lines", context)


@require_safe
@requires(Action.WORKFLOW_READ)
def text(request: Request, system: System, workflow_id: str, place: PayloadPlace) -> HttpResponse:
    """A payload as text with its secrets hidden, for the clipboard."""
    stored = system.client.get_payload_text(workflow_id, place, max_bytes=DECODE_BYTES)
    if stored is None:
        return HttpResponse("", headers=_PLAIN)
    masks = configured()
    shown = show(_value(system, place, stored, masks), masks, TEXT_CHARACTERS)
    return HttpResponse("\n\n".join(filter(None, (shown.text, shown.note))), headers=_PLAIN)


@require_safe
@requires(Action.WORKFLOW_READ)
def download(
    request: Request, system: System, workflow_id: str, place: PayloadPlace
) -> HttpResponseBase:
    """A payload as it is stored, as a file, if it certainly holds no secret."""
    url = reverse("payload", args=[system, workflow_id, place])
    stored = system.client.get_payload_text(workflow_id, place, max_bytes=0)
    if stored is None:
        messages.warning(request, "There is nothing to download.")
        return HttpResponseRedirect(url)
    if _withheld(system, workflow_id, place, stored.size_bytes, stored.size_bytes, configured()):
        messages.warning(request, WITHHELD)
        return HttpResponseRedirect(url)
    return _file(system, workflow_id, place, stored)


@require_http_methods(["GET", "POST"])
@requires(Action.PAYLOAD_REVEAL)
def reveal(
    request: Request, system: System, workflow_id: str, place: PayloadPlace
) -> HttpResponseBase:
    """Ask whether to reveal a payload, then answer with it once."""
    here = {"workflow_id": workflow_id, "place": place, "label": label(place)}
    if request.method != "POST":
        return render_form(request, "payloads/reveal.html", None, {**here, "position": request.GET})
    as_file = request.POST.get("as") == "file"
    with because(request.POST.get("reason", "")[:1_000].replace("\0", "")):
        stored = actions.reveal_payload(
            request.user, system, workflow_id, place, max_bytes=DECODE_BYTES, download=as_file
        )
    if as_file and stored:
        return _file(system, workflow_id, place, stored)
    context = _described(request.POST, system, workflow_id, place, stored, NO_MASKS)
    if "lines" not in context and stored:
        context |= _stored_text(request.POST, system, workflow_id, place, stored, NO_MASKS)
    return render(request, "payloads/detail.html", {**context, "revealed": True})


def label(place: PayloadPlace) -> str:
    """A place in words."""
    words = {
        PayloadKind.INPUT: "Input",
        PayloadKind.OUTPUT: "Output",
        PayloadKind.ERROR: "Error",
        PayloadKind.STEP_OUTPUT: f"Output of step {place.number}",
        PayloadKind.STEP_ERROR: f"Error of step {place.number}",
        PayloadKind.EVENT: f"Event {place.key}",
        PayloadKind.EVENT_HISTORY: f"Event {place.key}, set by step {place.number}",
        PayloadKind.STREAM: f"Stream {place.key}, value {place.number}",
        PayloadKind.MESSAGE: "Message",
    }
    return words[place.kind]


def _value(system: System, place: PayloadPlace, stored: PayloadText, masks: Masks) -> Any:
    return masks.under(place.key, system.client.decode_payload(place, stored))


def _described(
    asked: Any,
    system: System,
    workflow_id: str,
    place: PayloadPlace,
    stored: PayloadText | None,
    masks: Masks,
) -> dict[str, Any]:
    """What the page says of a payload; its lines, unless its text is to be shown."""
    context: dict[str, Any] = {
        "workflow_id": workflow_id,
        "place": place,
        "label": label(place),
        "stored": stored,
        "view": "text" if asked.get("view") == "text" else "tree",
    }
    value = _value(system, place, stored, masks) if stored else None
    if stored is None or context["view"] == "text":
        return context
    if isinstance(value, RecordedError):
        context |= {"error_name": value.name, "error_message": masks.text(value.message)}
        if value.data is None:
            return {**context, "lines": []}
    elif isinstance(value, RawValue):
        return {**context, "note": value.reason, "view": "text", "only_text": True}
    path, start = asked.get("at", "")[:1_000], whole_number(asked.get("from", "")) or 0
    try:
        context["lines"] = payload_tree.tree(value, masks, path=path, start=start)
        context["crumbs"] = payload_tree.crumbs(value, path, masks)
    except KeyError as error:
        raise Http404(path) from error
    return {**context, "at": path, "from": start}


def _stored_text(
    asked: Any,
    system: System,
    workflow_id: str,
    place: PayloadPlace,
    stored: PayloadText,
    masks: Masks,
) -> dict[str, Any]:
    """A piece of the stored text, if nothing up to its end may be a secret."""
    offset = min(whole_number(asked.get("offset", "")) or 0, stored.size_bytes)
    end = min(offset + PIECE_BYTES, stored.size_bytes)
    if _withheld(system, workflow_id, place, end, stored.size_bytes, masks):
        return {"withheld": WITHHELD}
    found = system.client.get_payload_text(
        workflow_id, place, offset_bytes=offset, max_bytes=PIECE_BYTES
    )
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    piece = found.piece if found else b""
    text = decoder.decode(piece)
    end = offset + len(piece) - len(decoder.getstate()[0])
    more = {"following": end} if end < stored.size_bytes and text else {}
    return {"text": text, "offset": offset, "end": end, **more}


def _withheld(
    system: System, workflow_id: str, place: PayloadPlace, end: int, size: int, masks: Masks
) -> bool:
    """Whether the first `end` bytes may hold a secret; a key stands before its value."""
    if not masks:
        return False
    if masks.under(place.key, True) is HIDDEN or end > LOOKED_THROUGH_BYTES:
        return True
    try:
        return masks.suspects(_pieces(system, workflow_id, place, end, size))
    except PayloadChanged:
        return True


def _pieces(
    system: System, workflow_id: str, place: PayloadPlace, end: int, size: int
) -> Iterator[bytes]:
    """A stored text up to `end`. Each piece is a read of its own: no connection is kept."""
    offset = 0
    while offset < end:
        found = system.client.get_payload_text(
            workflow_id, place, offset_bytes=offset, max_bytes=min(CHUNK_BYTES, end - offset)
        )
        if not found or not found.piece or found.size_bytes != size:
            raise PayloadChanged
        offset += len(found.piece)
        yield found.piece


_PLAIN = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}


def _file(
    system: System, workflow_id: str, place: PayloadPlace, stored: PayloadText
) -> StreamingHttpResponse:
    pieces = _pieces(system, workflow_id, place, stored.size_bytes, stored.size_bytes)

    async def sent() -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece

    name = f"{workflow_id}-{place.kind}"[:100]
    safe = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
    headers = {**_PLAIN, "Content-Disposition": f'attachment; filename="{safe}.txt"'}
    return StreamingHttpResponse(sent(), headers=headers)
