"""A journal of any size at which one proof or answer can be sent, and its cost read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.deployments import FEE, NO_SEAL, Deployment
from contracts.nodes import accounts, sign
from contracts.test_journal import RECEIPT, begun_at, receipt
from proof_trees import inclusion
from trial_journals import APPEAL, BODY, TRIALS, Place, headers, heads, leaf, sealing

__all__ = ["TRIALS", "Trial", "trial"]
RECEIPTS, OTHER = 4, 5
ISSUED = 0x7F010101  # before every block of the measured chain, and without a zero byte


@dataclass(frozen=True)
class Trial:
    """The call to be measured, its function, and what sets the figure apart."""

    function: str
    what: str
    call: tuple[Any, int]


def trial(deployed: Deployment, name: str, size: int, subjects: int) -> Trial:
    """Brings a journal to its size, sealed, with what the trial turns on in it."""
    function, _, what = name.partition(" (")
    what = what.removesuffix(", ")
    place = Place(size, headers(name, size))
    tree = place.tree
    end, siblings, root = heads(subjects)
    before = size - 100
    journal = begun_at(deployed, before, tree)
    functions = journal.functions
    first = next(iter(place.headers))
    if function == "seal":
        count = 32 if "32" in what else 1
        for _ in range(count):
            deployed.send(functions.appeal(APPEAL), OTHER, FEE)
        answer = (place.headers[first], first, inclusion(first, size, tree))
        return Trial(function, what, (sealing(journal, before, place, root, [answer] * count), 0))

    deployed.send(sealing(journal, before, place, root, []))
    under = (1, size, tree(0, size), root, deployed.node.now())
    evidence = [place.evidence(under, index) for index in place.headers]
    if function == "answer":
        deployed.send(functions.appeal(APPEAL), OTHER, FEE)
        call = functions.answer(evidence[0])
    elif function == "proveOmission":
        call = functions.proveOmission(evidence[0], (under, end, siblings))
    elif function == "proveFork":
        call = functions.proveFork(evidence)
    elif function == "proveMisstep":
        call = functions.proveMisstep(evidence)
    else:
        deployed.send(functions.setReceiptKey(accounts()[RECEIPTS].address, True))
        late = function == "proveLateness"
        made = receipt(ISSUED, index=before if late else first, sealBy=ISSUED + 1) | {"leaves": BODY}
        given = (tuple(made.values()), sign(accounts()[RECEIPTS], journal, "Receipt", RECEIPT, made))
        if late:
            call = functions.proveLateness(*given, NO_SEAL, under)
        else:
            found = (under, leaf(place.headers[first]), inclusion(first, size, tree))
            call = functions.proveBrokenPromise(*given, (0, BODY, []), found)
    return Trial(function, what, (call, OTHER))
