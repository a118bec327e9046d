"""Ours reads what jsonpickle itself wrote, in the interpreter of the SDK that wrote with it."""

import json
import subprocess
from typing import Any

import pytest

from client_core.serialization import Serialization
from tests.client_core.serialization.support import shape
from tests.contract.generations import OLDEST, interpreter

pytestmark = pytest.mark.xdist_group(str(OLDEST[0]))

#: Expressions of values that plain data may be made of.
EXPRESSIONS = """
[None, True, 3, 2.5, -0.0, 2**70, 'grüß ✓', '', 'py/tuple']
[float('inf'), float('-inf'), float('nan')]
{'a': {'b': [1, {}]}, 'json': 1, '': []}
(1, (2, [3, (4,)]), ())
{1, 'a', (2, 3)}
frozenset({1, (2,)})
[b'', b'\\x00\\xff', Decimal('1.50'), Decimal('NaN'), Decimal('-0E+3')]
[UUID(int=0), UUID(int=2**128 - 1), complex(1, -2)]
[date(2026, 1, 2), time(3, 4, 5, 6), timedelta(-1, 2, 3), datetime(1, 1, 1)]
[datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo('Europe/Berlin'))]
[datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=30), 'IST')), UTC]
[OrderedDict(b=1, a=[2]), deque([1, 2], 3), deque(), range(3)]
(lambda l: [l, l, (l, {'a': l})])([1])
(lambda t: [t, {'x': t}, t])(datetime(2026, 1, 2, tzinfo=UTC))
(lambda z, d: [datetime(1, 1, 2, tzinfo=z), d, z, [d, z]])(ZoneInfo('UTC'), {'a': ()})
(lambda n, s: [(s, n), {'n': s}, n, [s, n, s]])(Decimal('1.5'), frozenset({2}))
""".strip().splitlines()

#: What the expressions need, on both sides.
_NAMES = """
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo
"""
_ENCODE = f"""
import json, sys, warnings, jsonpickle
{_NAMES}
warnings.simplefilter("ignore")
values = map(eval, json.load(sys.stdin))
print(json.dumps([jsonpickle.encode(value, unpicklable=True) for value in values]))
"""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """What jsonpickle makes of the expressions."""
    done = subprocess.run(
        [interpreter(OLDEST[0]), "-c", _ENCODE],
        input=json.dumps(EXPRESSIONS),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(EXPRESSIONS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_value_is_the_one_that_was_written(texts: dict[str, str], expression: str) -> None:
    names: dict[str, Any] = {}
    exec(_NAMES, names)
    value = eval(expression, names)
    assert shape(Serialization().decode_value(texts[expression], None)) == shape(value)
