"""What is compared: expressions, zones and instants around each change of the zone's offset.

Run as a module it prints the small grid, which `generate_typescript_times.mjs` answers.
"""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypedDict
from zoneinfo import ZoneInfo


class Grid(TypedDict):
    """Expressions, and per zone the instants (seconds since 1970) after which to look."""

    expressions: list[str]
    zones: dict[str, list[int]]
    count: int


#: Read by both languages, though not always alike.
COMMON = """
* * * * *|* * * * * *|*/5 * * * *|*/15 * * * * *|0 * * * *|30 * * * *|59 59 23 * * *|0 0 * * *
0 1 * * *|30 1 * * *|0 2 * * *|30 2 * * *|15,45 2 * * *|0 3 * * *|30 0 * * *|0 23 * * *
30 23 * * *|*/20 1-3 * * *|0 */2 * * *|0 1-23/2 * * *|*/7 * * * *|5-50/9 * * * *|13 5 * * *
45 30 1 * * *|30 30 2 * * *|*/30 59 1,2 * * *|0 0 1 * *|0 0 31 * *|0 0 29 2 *|0 0 0 29 2 *
0 12 15 6 *|0 0 1 1 *|0 0 1 */3 *|30 2 1 3,10 *|30 2 * 3 0|30 2 * * 0|0 9 * * 1-5|0 9 * * mon-fri
0 9 * * MON,Wed,fri|0 0 * jan-mar *|0 0 * FEB *|0 0 * * 7|0 0 * * 0,7|0 0 * * 5-7|0 0 13 * 5
0 0 1,15 * 1|0 0 1-7 * 1|30 1 29-31 3,10 *|30 1 25-31 10 0|30 2 25-31 3 0|30 2 8-14 3 0
30 1 1-7 11 0|0 0 ? * *|0 0 * * ?|0 0 ? * 3|0 0 1 * ?|0 22-2 * * *|50-10/5 * * * *|0 0 * 11-2 *
0 0 * * 5-1|0 0 28-3 * *|0 0 L * *|0 0 l * *|0 0 15W * *|0 0 1W * *|0 0 31W * *|0 0 * * 1#1
0 0 * * 5#3|0 0 * * 0#5|0 0 * * 1#1,3#2|0 0 * * fri#2|30 2 * * 0#2|30 2 * 10 0#5|@hourly|@daily
@midnight|@weekly|@monthly|@yearly|@annually|@DAILY|59 23 31 12 *|0 0 1 1 0|0 0 30 4,6,9,11 *
*/59 * * * *|*/100 * * * *|0 0 */10 * *|0 0 */31 * *|0 12 * */5 *|1-5,10-20/5,40 * * * *
07 08 09 * *|0 0 0 1 * *|10 20 4 5 6 *|0-59 0-23 * * *|0 0 * * */2|0 0 31 1,2 *|0 0 30 2,3 *
0 24-1 * * *|0 0 31 4 1|0 0 30 2 1#1|0 0 29 2 1|0 0 29 2 1#5|0 0 31W 2 *|0 0 1-31 * 1|0 0 * 1-12 2
0 0 1-31 * 0-6|*/1 */1 */1 */1 */1|0 0 1 2 0-6|30 0 * * 6|0 0 * * 6,0
"""
#: Read by TypeScript alone.
TYPESCRIPT = """
0 0 LW * *|0 0 L-3 * *|0 0 l-30 * *|0 0 L-1,15W * *|0 0 1,L * *|0 0 * * 5L|0 0 * * 0l|0 0 * * 7L
0 0 * * friL|0 0 * * 7#2|0 0 L 2 1L|0 0 * * 1L,3#2|0 0 13 * fri|0 0 L * 5|0 0 L-30 2 *
0 0 1W,15W * *|0 0 * january *|0 0 * June,September *|0 0 * * Monday|0 0 * * sunday-tuesday
0 0 * * Wednesday#3|1* * * * *|0 2* * * *|0 0 * janfeb *|  0   0  *  * *  |0 0 LW,L-2 * 1-5
0 0 05W * *|0 0 lw 2 *|0 0 * * 6-0|0 0 * * 7-2|0 0 31,L-30 2 *|30 1 L 3,10 0L|30 2 * 3 0L
30 1 * 10 SunL|0 0 15W * 1
"""
#: Read by Python alone, or by both with another meaning.
PYTHON = """
0 0 W15 * *|0 0 * * L5|0 0 * * l5,l1|0 0 * * *#1|0 0 1 1 * 0 2030|0 0 0 1 1 * 2027-2030
0 0 1 * mon#1|0 0 1,l * *|5/15 * * * *|59/15 * * * *|0 0 * dec/3 *|0 0 * jan-jan *|0 0 * * sat-sun
0 0 * * 3-3|0 0 31 2 *|0 0 31 2 0|0 0 30 2 *|0 0 0 1 1 * 2099|0 0 15W * 3|0 0 * * sun#l
0 0 29 2 0 0 2028
"""
#: Refused by at least one of the two.
DOUBTFUL = """
60 * * * *|* 24 * * *|* * 0 * *|* * 32 * *|* * * 0 *|* * * 13 *|* * * * 8|60 * * * * *|-1 * * * *
* * * *|* * * * * * *|* * * * * * * *|a * * * *|*/0 * * * *|1/5 * * * *|1-5/0 * * * *|1-70 * * * *
? * * * *|* ? * * *|* * * ? *|? ? ? ? ?|* * ?,1 * *|* * * * 1?|, * * * *|1, * * * *|,1 * * * *
1,,2 * * * *|** * * * *|*5 * * * *|*-5 * * * *|*/ * * * *|/5 * * * *|1- * * * *|-5 * * * *
1-2-3 * * * *|1-2/3/4 * * * *|1.5 * * * *|+1 * * * *|0x10 * * * *|1e1 * * * *|* * L-0 * *
* * L-31 * *|* * 0W * *|* * 32W * *|* * W * *|* * 1-15W * *|* * WL * *|* * 15W,20 * *|* * 5L * *
* * L5 * *|* L * * *|* * * L *|* * * * L|* * * * W|* * * * 8L|* * * * 1#0|* * * * 1#6|* * * * 8#1
* * * * #1|* * * * 1#|* * * * 1,2#1|* * 1#1 * *|* * * foo *|* * * * foo|* * * sept *|* * * * thurs
* * * jan1 *|* * * 1jan *|jan * * * *|* * mon * *|0 0 30 2 *|0 0 31 4,6,9,11 *|@reboot|@every 5m|@
@dailyx| @daily |@Weekly|h * * * *|h/5 * * * *|r * * * *|r(0-5) * * * *|r(5-0) * * * *
r(0-99) * * * *|r/0 * * * *|H(0-5) * * * *|* * * * *;|* * * * * #|٣ * * * *|100-2 * * * *
* * * * 5-8|* * * * 8-2|* * 40-2 * *|* * * 13-2 *|* * 0-5 * *|* * * 0-3 *|7-0 * * * 7-0
000 * * * *|* * * * 0000007|59-59 * * * *|* * * jan-dec *|* * * * sun-sat|* * * * mon-sun
* * L,LW,L-1 * *|* * L-L * *|* * 1-L * *|* * L-3-5 * *|* * * * 1L-3L|* * * * 1-5L|* * * * 1-5#2
* * * * *#2|* * * * *L
"""


def listed(text: str) -> list[str]:
    return [item for line in text.strip("\n").split("\n") for item in line.split("|")]


#: What random fields are made of.
_PIECES = [
    *"0123456789*,-/?LW#lw ",
    "*/",
    "mon",
    "SUN",
    "jan",
    "march",
    "friday",
    "10",
    "31",
    "R",
    "H",
]
_PLAIN = ("*", "0", "?", "1-5", "*/2", "22-2", "L", "15W", "1,15", "2#2", "5L", "feb", "mon-fri")


def random_expressions(count: int, seed: int) -> list[str]:
    """Expressions that nobody would write, the same ones for the same seed."""
    random = Random(seed)

    def odd() -> str:
        text = "".join(random.choices(_PIECES, k=random.randint(1, 4)))
        # The TypeScript SDK expands `0-99999999`, and `*` before digits, to all its numbers.
        return "*" if re.search(r"[0-9]{4}|\*[0-9]{2}", text) else text

    def expression() -> str:
        fields = ["*", "0", "*", "*", "*", "*"][: random.choice((5, 6))]
        fields[random.randrange(len(fields))] = (
            odd() if random.random() < 0.5 else random.choice(_PLAIN)
        )
        fields[random.randrange(len(fields))] = random.choice(_PLAIN)
        return " ".join(fields)

    return [expression() for _ in range(count)]


#: A zone and the years whose changes are looked at.
ZONES = {
    "UTC": (2024,),
    "Europe/Berlin": (2026,),
    "America/New_York": (2027,),
    "Australia/Lord_Howe": (2026,),
    "Asia/Kolkata": (),
    "America/Sao_Paulo": (2018,),
    "Pacific/Apia": (2011,),
    "America/St_Johns": (2011,),
    "Africa/Casablanca": (2026,),
    "Europe/Dublin": (2025,),
    "Asia/Beirut": (2027,),
    "Antarctica/Troll": (2026,),
    "Asia/Gaza": (2025,),
    "America/Havana": (2026,),
    "Asia/Pyongyang": (2018,),
    "Pacific/Kiritimati": (1994,),
}
#: These relative to a change, in seconds.
EDGES = (-26 * 3600, -3 * 3600, -1, 0, 1799)
#: The last second before a leap day.
QUIET = 1_709_164_799


def changes(zone: str, year: int) -> list[int]:
    """The instants of a year at which the zone's offset changes."""
    info = ZoneInfo(zone)

    def offset(instant: int) -> timedelta | None:
        return datetime.fromtimestamp(instant, info).utcoffset()

    first = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    found = []
    for low in range(first, first + 367 * 86400, 86400):
        high = low + 86400
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        found.append(high)
    return found


def grid(edges: tuple[int, ...] = EDGES, count: int = 6, zones: int = len(ZONES)) -> Grid:
    """The whole grid, or the part with these edges and the first zones."""
    instants = {
        zone: [
            QUIET,
            *(change + edge for year in years for change in changes(zone, year) for edge in edges),
        ]
        for zone, years in list(ZONES.items())[:zones]
    }
    expressions = listed(COMMON) + listed(TYPESCRIPT) + listed(PYTHON) + listed(DOUBTFUL)
    return {"expressions": expressions, "zones": instants, "count": count}


def small_grid() -> Grid:
    """The part that is kept as a file."""
    return grid(edges=(-3 * 3600, -1, 1799), count=3, zones=9)


if __name__ == "__main__":
    json.dump(small_grid(), sys.stdout)
