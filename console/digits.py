"""Numbers as addresses and fields spell them."""


def whole_number(text: str, *, most: int = 2**31 - 1) -> int | None:
    """The whole number from 0 on that a text is; None for any other text, and for too large ones.

    Digits are those of ASCII, and few enough to be read at once.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= most else None
