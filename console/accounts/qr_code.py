"""A QR code as the numbers that an SVG in the page is drawn from."""

from dataclasses import dataclass
from typing import Any

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode


@dataclass(frozen=True)
class QrCode:
    """The path of its dark modules, and its size with the quiet margin that readers need."""

    path: str
    size: int


def qr_code(text: str) -> QrCode:
    """The QR code of a text."""
    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    rows = code.get_matrix()
    modules = (
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return QrCode("".join(modules), len(rows))
