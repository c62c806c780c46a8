"""Participants over time: keys, role and standing, as the MerchantRegistry's events tell them (PROTOCOL section 6).

Times are seconds. What changed in a second holds from that second on; of two changes in one second the later holds, as
in the contract's own checkpoints.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from suyuan.core.proof import Verdict
from suyuan.core.rules import Role, Standing
from suyuan.core.statements import SKEW

_SINCE = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Participant:
    """Who was admitted: `standings` and `keys` are (from second, value), oldest first; `licence` is its hash."""

    id: str
    role: Role
    standings: tuple[tuple[int, Standing], ...]
    keys: tuple[tuple[int, str], ...]
    licence: bytes = b""
    categories: tuple[str, ...] = ()

    def standing_at(self, second: int) -> Standing:
        """The standing that held at a time."""
        place = bisect_right(self.standings, second, key=_SINCE)
        return self.standings[place - 1][1] if place else Standing.UNKNOWN

    def key_at(self, second: int) -> str:
        """The address that signed at a time; empty before the first."""
        place = bisect_right(self.keys, second, key=_SINCE)
        return self.keys[place - 1][1] if place else ""


class Registry:
    """All participants, by id."""

    def __init__(self, participants: Iterable[Participant] = ()) -> None:
        self._held = {one.id: one for one in participants}

    def put(self, participant: Participant) -> None:
        """Takes a participant, or what is known of it now."""
        self._held[participant.id] = participant

    def of(self, id: str) -> Participant | None:
        """Whoever was admitted under that address."""
        return self._held.get(id)

    def verdict(self, id: str, signer: str, at: int, issued_at: int) -> Verdict:
        """What the contract says of a statement by `id`, accepted `at`, that `signer` signed (empty: no key did)."""
        author = self._held.get(id)
        key = author.key_at(at) if author else ""
        if author is None or not key:
            return Verdict.UNKNOWN_SIGNER
        if signer != key:
            return Verdict.BAD_SIGNATURE
        if not author.standing_at(at).may_write:
            return Verdict.NO_STANDING
        return Verdict.VALID if issued_at <= at + SKEW else Verdict.ISSUED_LATE
