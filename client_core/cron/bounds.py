"""What no dialect gets to see: expressions so large that expanding them would cost something.

The official readers expand a range before they look at its ends, so that a short text can ask for
gigabytes. Here the text is measured first, in time proportional to its length.
"""

import re

#: Every minute and every second spelled out fit twice.
MAX_LENGTH = 1_000
#: Items in the list of one field; the largest field has 60 values (years are given as ranges).
MAX_ITEMS = 130
#: Of any number, steps included.
MAX_DIGITS = 9
#: The end of a range; the largest that any field knows is the year 2099.
MAX_RANGE_END = 9_999

_NUMBER = re.compile(r"[0-9]+")
_RANGE_ENDS = re.compile(r"([0-9]+)-+(?=([0-9]+))")


def bounds_rule(expression: object) -> str | None:
    """The bound that an expression exceeds, as a sentence, or None."""
    if not isinstance(expression, str):
        return "It must be text."
    if not expression.strip():
        return "It is empty."
    if len(expression) > MAX_LENGTH:
        return f"It has {len(expression):,} characters; at most {MAX_LENGTH:,} are accepted."
    if any(field.count(",") >= MAX_ITEMS for field in expression.split()):
        return f"A field lists more than {MAX_ITEMS} items."
    if any(len(number) > MAX_DIGITS for number in _NUMBER.findall(expression)):
        return f"A number has more than {MAX_DIGITS} digits."
    for ends in _RANGE_ENDS.findall(expression):
        if max(map(int, ends)) > MAX_RANGE_END:
            return "A range ends beyond every field."
    return None
