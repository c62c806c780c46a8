"""Who is registered, as every worker knows it."""

from __future__ import annotations

import time

from live import Live
from suyuan.core.rules import Standing
from suyuan.services.known import Known


def standing(known: Known, id: str) -> Standing:
    found = known.participant(id)
    assert found is not None
    return found.standing_at(int(time.time()))


def test_what_another_worker_heard_first_is_known_here_as_well(live: Live) -> None:
    here, there = (Known(live.node.database, live.node.chain, poll=0) for _ in range(2))
    assert {standing(here, live.merchant.id), standing(there, live.merchant.id)} == {Standing.ADMITTED}
    for wanted in (Standing.SUSPENDED, Standing.ADMITTED):
        live.registrar.set_standing(live.merchant.id, wanted, "as the other worker hears")
        assert [standing(there, live.merchant.id), standing(here, live.merchant.id)] == [wanted, wanted]
