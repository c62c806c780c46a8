"""What this house asks of a chain.

Durability   A transaction is prepared, written down by its sender, then sent, since only `outcome` knows what became
             of it. `send` promises nothing but that it was handed over; what is mined may still vanish in a
             reorganisation until it has as many confirmations as the reader wants.
Concurrency  Any number of threads and processes may read. Each account sends from one place at a time (its nonces are
             taken from the chain), which the caller's lock sees to.
Failure      ChainAway: the node does not answer, or not sensibly; nothing is known, ask again. ChainRefused: a contract
             (or, in `send`, the node) says no, with the custom error as `Name(values)`.

Addresses are lower-case with 0x; hashes, keys and signatures are bytes; times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Any, Protocol, Self

from suyuan.core import proof
from suyuan.core.heads import Met
from suyuan.core.proof import BatchState, Claim, Predecessor, Proven, Seal, Verdict
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant
from suyuan.core.statements import Batch, Receipt, Signer


@dataclass(frozen=True, slots=True)
class Passed:
    """A journal that was gone on from: at its own seal of that number."""

    journal: str
    seal: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """The three contracts of a journal. `since`: a block before which they tell nothing.

    `predecessors`: the journals that it goes on from, oldest first.
    """

    chain_id: int
    journal: str
    merchants: str
    batches: str
    since: int = 0
    predecessors: tuple[Passed, ...] = ()

    @property
    def before(self) -> int:
        """How many seals came before its own."""
        return sum(one.seal for one in self.predecessors)

    def journal_after(self, seals: int) -> str:
        """The Journal whose own seals come after so many."""
        begun = 0
        for one in self.predecessors:
            if begun == seals:
                return one.journal
            begun += one.seal
        return self.journal

    def as_json(self) -> dict[str, Any]:
        """What `deployment.json` holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Reads what `as_json` gave."""
        passed = tuple(Passed(**one) for one in value.get("predecessors", ()))
        return cls(**{**value, "predecessors": passed})


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The journal's newest state on-chain; `number` 0 and the empty journal's values where nothing is sealed."""

    number: int
    size: int
    root: bytes
    heads: bytes
    sealed_at: int


@dataclass(frozen=True, slots=True)
class SealRecord:
    """A seal and where it stands on the chain; its own block counts as the first confirmation."""

    seal: Seal
    block: int
    tx: bytes
    confirmations: int


class TransactionState(StrEnum):
    """What became of a transaction."""

    PENDING = "pending"  # the node has it, no block does
    MINED = "mined"  # in a block, and did what it should
    REVERTED = "reverted"  # in a block, and a contract said no
    VANISHED = "vanished"  # the node does not know it: it never came, was dropped, or its block was undone


@dataclass(frozen=True, slots=True)
class Outcome:
    """A transaction's state; `block` and `confirmations` where it is in a block, `reason` where it reverted.

    `gas`: what it used, and `paid`: wei for that; both where it is in a block.
    """

    tx: bytes
    state: TransactionState
    block: int = 0
    confirmations: int = 0
    reason: str = ""
    gas: int = 0
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signed transaction, to be written down and then sent. `fee`: the most it pays, wei a gas."""

    raw: bytes
    tx: bytes
    nonce: int
    fee: int


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch of the BatchRegistry, by its subject's key."""

    key: bytes
    state: BatchState


class Fault(IntEnum):
    """What an operator can be proven to have done, in the contract's order."""

    NONE = 0
    OMISSION = 1
    FORK = 2
    MISSTEP = 3
    BROKEN_PROMISE = 4
    LATENESS = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """A header at its index in the tree of a seal, with its inclusion proof."""

    seal: Seal
    header: bytes
    index: int
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """The header that answers an appeal, at its index in the tree of a new seal, with its inclusion proof."""

    header: bytes
    index: int
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Omission:
    """An entry, and what its key's path ends at in the heads of the same or a later seal (None: at nothing)."""

    entry: Evidence
    seal: Seal
    end: Met | None
    siblings: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Fork:
    """One entry, or an earlier and a later one."""

    entries: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class Misstep:
    """One entry, or an earlier and a later one."""

    entries: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A receipt's leaf, the `place`th of its run with its proof, and the leaf that a seal has there, with its proof."""

    receipt: Receipt
    signature: bytes
    place: int
    promised: bytes
    promised_proof: Sequence[bytes]
    seal: Seal
    found: bytes
    found_proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Lateness:
    """A receipt; the first seal to cover it and the one before. `covering` None: no seal does yet.

    `uncovered` None: there is no seal before it.
    """

    receipt: Receipt
    signature: bytes
    uncovered: Seal | None = None
    covering: Seal | None = None


FaultProof = Omission | Fork | Misstep | BrokenPromise | Lateness


@dataclass(frozen=True, slots=True)
class AppealRecord:
    """An appeal, numbered from 1, with the transaction that made it.

    `answered`: (seal, index) by which it was, None while it is open.
    """

    number: int
    by: str
    body: bytes
    asked_at: int
    answered: tuple[int, int] | None
    tx: bytes = b""


@dataclass(frozen=True, slots=True)
class OpenAppeal:
    """An appeal that the contract still holds open. `body`: SHA-256 of its body."""

    number: int
    body: bytes
    asked_at: int


@dataclass(frozen=True, slots=True)
class AppealNews:
    """What confirmed blocks told of appeals. `asked`: new ones, `answered`: (number, seal) of those answered since.

    `total`: how many the contract had of both as of the last of these blocks; `next`: the block to ask from next.
    """

    asked: Sequence[AppealRecord]
    answered: Sequence[tuple[int, int]]
    total: tuple[int, int]
    next: int


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A fault that somebody proved, with the values of the contract's event."""

    fault: Fault
    block: int
    tx: bytes
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standings:
    """How the journal stands: what ended it (NONE: it goes on), receipts proven late, appeals asked and answered.

    `waiting_since`: when the oldest open appeal was asked, 0 where none is. `grace` in seconds, `fee` in wei.
    """

    ended: Fault
    late: int
    asked: int
    answered: int
    waiting_since: int
    grace: int
    fee: int


class Chain(Protocol):
    """A deployment on a chain. It serves as `core.proof.Judge` and as an audit's source of seals, too."""

    def use(self, deployment: Deployment, *, sealer: Signer | None = None, operator: Signer | None = None) -> None:
        """Which contracts to speak of, and who sends seals, and what merchants signed. Asks the chain nothing."""

    def close(self) -> None:
        """Lets go of connections and files."""

    def rpc(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """A JSON-RPC call as it is: {"result": …} or {"error": {"code", "message", "data"?}}. Raises ChainAway."""

    # -- reading; all raise ChainAway

    def as_of(self, block: int | None = None) -> Self:
        """The same chain, every answer of which is as of one block: the given one, else the newest."""

    def deployment(self) -> proof.Deployment:
        """The id that the chain gives, and the Journal in use."""

    def deployment_of(self, journal: str) -> Deployment:
        """The deployment of a Journal, from the addresses that it names."""

    def journal_head(self) -> ChainHead:
        """The journal's newest state."""

    def journal_seals(self, since: int = 0) -> Sequence[Seal]:
        """Every seal that the contract told of from a block on, by number."""

    def seal_record(self, number: int) -> SealRecord | None:
        """Where a seal stands; None where the chain has none of that number."""

    def confirms(self, seal: Seal) -> bool:
        """Whether the contract has kept that very seal."""

    def verdicts(self, claims: Sequence[Claim]) -> Sequence[Verdict]:
        """What the MerchantRegistry says of signed statements, a verdict each."""

    def receipt_key_at(self, key: str, second: int) -> bool:
        """Whether receipts signed by a key count at a time."""

    def batch(self, key: bytes) -> BatchState | None:
        """A batch by its subject's key."""

    def participants_since(self, block: int) -> tuple[list[Participant], int]:
        """Whoever changed in the confirmed blocks from `block` on, whole; and the block to ask from next."""

    def batches_since(self, block: int) -> tuple[list[BatchRecord], int]:
        """Batches registered or recalled in the confirmed blocks from `block` on; and the block to ask from next."""

    def standings(self) -> Standings:
        """Whether the journal goes on, and what it still has to answer."""

    def appeals(self) -> Sequence[AppealRecord]:
        """Every appeal that the contract told of, by number, with its body."""

    def proven(self) -> Proven:
        """What was proven against the journal: what verifiers ask of `standings`. ChainAway where it cannot say."""

    def predecessor(self) -> Predecessor | None:
        """The journal that this one goes on from."""

    def journal_at(self, journal: str) -> Self:
        """The same chain, as of the same block, with the deployment of another Journal."""

    def verifier_since(self, hash: bytes) -> int:
        """Since when the verifier's file with this SHA-256 is published; 0: it is not."""

    def open_appeals(self, most: int) -> Sequence[OpenAppeal]:
        """The oldest appeals that are open as of the newest block, up to so many, in their order."""

    def appeals_since(self, block: int) -> AppealNews | None:
        """What the confirmed blocks from `block` on told of appeals; None where there are none yet."""

    def faults(self) -> Sequence[FaultRecord]:
        """Every fault that the contract told of, oldest first. A fault may be told of more than once."""

    def judge_fault(self, fault: FaultProof) -> None:
        """Returns if the contract would take such a proof now. Raises ChainRefused where it would say no."""

    # -- sending; all raise ChainAway, and each `prepare_…` ChainRefused where the contract would say no now

    def prepare_seal(self, seal: Seal, consistency: Sequence[bytes], answers: Sequence[Answer] = ()) -> Prepared:
        """Journal.seal, by the sealer. `answers`: to the oldest open appeals, in their order, in the new tree."""

    def prepare_appeal(self, by: Signer, body: bytes) -> Prepared:
        """Journal.appeal, with its fee."""

    def prepare_answer(self, by: Signer, answer: Evidence) -> Prepared:
        """Journal.answer, to the oldest open appeal."""

    def prepare_fault(self, by: Signer, fault: FaultProof) -> Prepared:
        """The Journal's function that judges such a fault. Anyone may be the sender."""

    def prepare_register(self, batches: Sequence[Batch], signatures: Sequence[bytes]) -> Prepared:
        """BatchRegistry.register, by the operator."""

    def prepare_recall(self, key: bytes, reason: bytes, signature: bytes) -> Prepared:
        """BatchRegistry.recallFor, by the operator."""

    def prepare_admit(self, by: Signer, id: str, role: Role, licence: bytes, categories: Sequence[str]) -> Prepared:
        """MerchantRegistry.admit."""

    def prepare_standing(self, by: Signer, id: str, standing: Standing, reason: bytes) -> Prepared:
        """MerchantRegistry.setStanding."""

    def prepare_rotate(self, by: Signer, id: str, key: str) -> Prepared:
        """MerchantRegistry.rotateKey."""

    def prepare_receipt_key(self, by: Signer, key: str, signs: bool) -> Prepared:
        """Journal.setReceiptKey."""

    def prepare_verifier(self, by: Signer, hash: bytes) -> Prepared:
        """Journal.publishVerifier."""

    def bump(self, attempt: Prepared) -> Prepared:
        """The same transaction on the same nonce, at a fee at least 12.5 % higher and no lower than today's."""

    def send(self, attempt: Prepared) -> None:
        """Hands a transaction to the node, again if need be. Raises ChainRefused where the node will not have it."""

    def outcome(self, tx: bytes) -> Outcome:
        """What became of a transaction."""

    def nonce_used(self, attempt: Prepared) -> bool:
        """Whether a block has a transaction with this one's sender and nonce: this one or another."""

    def transact(self, attempt: Prepared, *, stuck: float = 30, patience: float = 600) -> Outcome:
        """Sends and waits until it is confirmed: dearer after `stuck` seconds, again where it vanished.

        Raises ChainRefused where it reverts or another took its nonce; ChainAway after `patience` seconds.
        """
