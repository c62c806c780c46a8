"""A review stream's running totals, kept in each entry's `state` (PROTOCOL section 2).

state = ten 24-bit counts: standing with 1..5 stars, withheld with 1..5 stars; two zero bytes
arg   = h << 6 | a << 3 | b          b: new stars, a: old stars, h: 1 where the review is withheld at the time
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from suyuan.core.errors import ProofFault

ZERO = bytes(32)
_COUNT_MAX = 2**24 - 1

# kind -> (fields of arg that must be stars, standing changes, withheld changes); changes are (sign, field)
_STANDING: dict[int, tuple[tuple[int, str], ...]] = {
    7: ((1, "b"),),
    8: ((-1, "a"), (1, "b")),
    9: ((-1, "a"),),
    10: (),
    11: (),
    12: (),
    13: (),
}
_WITHHELD: dict[int, tuple[tuple[int, str], ...]] = {
    8: ((-1, "a"), (1, "b")),
    9: ((-1, "a"),),
    10: ((1, "a"),),
    11: ((-1, "a"),),
}
_WHILE_WITHHELD = (8, 9)  # these touch the withheld counts only where h is 1
_FIELDS = {7: "b", 8: "hab", 9: "ha", 10: "a", 11: "a", 12: "", 13: ""}


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by stars, from one star to five."""

    standing: tuple[int, ...]
    withheld: tuple[int, ...]

    @property
    def shown(self) -> tuple[int, ...]:
        """What readers see: standing without withheld."""
        return tuple(s - w for s, w in zip(self.standing, self.withheld, strict=True))


def decode(state: bytes) -> Tally:
    """The tally in a 32-byte state. Raises ProofFault if it could not have come about."""
    counts = tuple(int.from_bytes(state[i : i + 3], "big") for i in range(0, 30, 3))
    if state[30:] != b"\0\0" or any(w > s for s, w in zip(counts[:5], counts[5:], strict=True)):
        raise ProofFault(f"state {state.hex()} is no tally")
    return Tally(counts[:5], counts[5:])


def _encode(tally: Tally) -> bytes:
    return b"".join(n.to_bytes(3, "big") for n in tally.standing + tally.withheld) + b"\0\0"


def total(counts: Mapping[tuple[int, int], int]) -> Tally:
    """What entries come to in all streams together; `counts`: how many there are by (kind, arg), each a step of its."""
    standing, withheld = [0] * 5, [0] * 5
    for (kind, arg), entries in counts.items():
        value = {"h": arg >> 6, "a": arg >> 3 & 7, "b": arg & 7}
        for sign, name in _STANDING.get(kind, ()):
            standing[value[name] - 1] += sign * entries
        if kind not in _WHILE_WITHHELD or value["h"]:
            for sign, name in _WITHHELD.get(kind, ()):
                withheld[value[name] - 1] += sign * entries
    return Tally(tuple(standing), tuple(withheld))


def step(before: bytes, kind: int, arg: int) -> bytes:
    """The state after an entry of `kind` with `arg`. Raises ProofFault where the step is none."""
    if kind not in _FIELDS:
        if arg:
            raise ProofFault(f"kind {kind} has no arg, met {arg}")
        return before
    value = {"h": arg >> 6, "a": arg >> 3 & 7, "b": arg & 7}
    wanted = _FIELDS[kind]
    for name in "ab":
        if name in wanted and not 1 <= value[name] <= 5:
            raise ProofFault(f"kind {kind}: {value[name]} stars in arg {arg}")
    if value["h"] > 1 or any(value[name] for name in "hab" if name not in wanted):
        raise ProofFault(f"kind {kind}: arg {arg} says what it may not")
    tally = decode(before)
    counts = [*tally.standing, *tally.withheld]
    for sign, name in _STANDING[kind]:
        counts[value[name] - 1] += sign
    if kind not in _WHILE_WITHHELD or value["h"]:
        for sign, name in _WITHHELD.get(kind, ()):
            counts[5 + value[name] - 1] += sign
    for s, w in zip(counts[:5], counts[5:], strict=True):
        if not 0 <= w <= s <= _COUNT_MAX:
            raise ProofFault(f"kind {kind}, arg {arg}: counts {counts} from {before.hex()}")
    return _encode(Tally(tuple(counts[:5]), tuple(counts[5:])))
