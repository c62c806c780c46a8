"""Throttle: who fails too often waits. Kept in memory alone, for a bounded number of addresses, written nowhere."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from suyuan.core.errors import Throttled

_HELD = 20_000  # addresses; the ones that failed longest ago are forgotten first


class Throttle:
    """A bucket of tokens for each address. `tries`: failures at once; `rest`: seconds until one more is forgiven;
    `why`: what one is told who has no more.

    Safe for many threads; each worker has its own.
    """

    def __init__(
        self,
        tries: int,
        rest: float,
        *,
        why: str = "too many wrong codes from this address",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tries = tries
        self._why = why
        self._rest = rest
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, as of when

    def check(self, address: str) -> None:
        """Returns if the address may try. Raises Throttled."""
        with self._lock:
            tokens = self._tokens(_network(address))
        if tokens < 1:
            raise Throttled(self._why, math.ceil((1 - tokens) * self._rest))

    def failed(self, address: str) -> None:
        """Counts a failure."""
        key = _network(address)
        with self._lock:
            self._buckets[key] = max(0.0, self._tokens(key) - 1), self._clock()
            self._buckets.move_to_end(key)
            if len(self._buckets) > _HELD:
                self._buckets.popitem(last=False)

    def _tokens(self, key: str) -> float:
        tokens, since = self._buckets.get(key, (float(self._tries), self._clock()))
        return min(self._tries, tokens + (self._clock() - since) / self._rest)


def _network(address: str) -> str:
    """Who has one IPv6 address has all of its /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return ip.packed[:8].hex() if isinstance(ip, IPv6Address) else address
