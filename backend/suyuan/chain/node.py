"""The port over any node that speaks Ethereum's JSON-RPC, by web3."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Self

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BadFunctionCallOutput, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers import BaseProvider
from web3.types import RPCEndpoint

from suyuan.chain import contracts, transactions
from suyuan.chain.port import (
    Answer,
    AppealNews,
    AppealRecord,
    BatchRecord,
    BrokenPromise,
    ChainHead,
    Deployment,
    Evidence,
    Fault,
    FaultProof,
    FaultRecord,
    Fork,
    Lateness,
    Misstep,
    Omission,
    OpenAppeal,
    Outcome,
    Prepared,
    SealRecord,
    Standings,
    TransactionState,
)
from suyuan.chain.transactions import Transaction
from suyuan.core import proof
from suyuan.core.errors import ChainAway, ChainRefused
from suyuan.core.proof import BatchState, Claim, Predecessor, Proven, Seal, Verdict
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant
from suyuan.core.statements import Batch, Receipt, Signer

_SPAN = 10_000  # blocks whose logs are asked for at once; halved where a node gives fewer
_TOGETHER = 100  # claims in one call, ids in one filter
_SLOTS = 60_000  # gas of two fresh storage slots and what goes with them
_VERDICTS = tuple(Verdict)  # in the contract's order
_PROOFS = {
    "OmissionProven": Fault.OMISSION,
    "ForkProven": Fault.FORK,
    "MisstepProven": Fault.MISSTEP,
    "BrokenPromiseProven": Fault.BROKEN_PROMISE,
    "LatenessProven": Fault.LATENESS,
}
_NO_SEAL = Seal(0, 0, bytes(32), bytes(32), 0)
_STATES = {1: TransactionState.MINED, 0: TransactionState.REVERTED}

Event = tuple[str, Mapping[str, Any], Mapping[str, Any]]  # name, values, log


class Web3Chain:
    """`Chain` (which see) over a web3 provider. `where` names the node in errors; `close` lets go of it."""

    def __init__(
        self, provider: BaseProvider, *, where: str, confirmations: int = 1, close: Callable[[], None] = lambda: None
    ) -> None:
        self._provider = provider
        self._where = where
        self._confirmations = confirmations
        self._close = close
        self._w3 = Web3(provider)
        self._w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)  # consortium chains put signatures there
        self._block: Any = "latest"
        self._signers: dict[str, Signer] = {}
        self._sealer: Signer | None = None
        self._operator: Signer | None = None

    def use(self, deployment: Deployment, *, sealer: Signer | None = None, operator: Signer | None = None) -> None:
        self._deployment = deployment
        self._journal = self.contract("Journal", deployment.journal)
        self._merchants = self.contract("MerchantRegistry", deployment.merchants)
        self._batches = self.contract("BatchRegistry", deployment.batches)
        self._sealer, self._operator = sealer, operator
        self._signers |= {one.address: one for one in (sealer, operator) if one is not None}

    def close(self) -> None:
        self._close()

    def rpc(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        with self._asking():
            answer = self._provider.make_request(RPCEndpoint(method), params)
        return {"error": answer["error"]} if "error" in answer else {"result": answer["result"]}

    # -- reading

    def as_of(self, block: int | None = None) -> Self:
        held = copy.copy(self)
        held._block = self.block_number() if block is None else block
        return held

    def block_number(self) -> int:
        """The newest block's."""
        with self._asking():
            return self._w3.eth.block_number

    def chain_id(self) -> int:
        """The id that the chain gives."""
        with self._asking():
            return self._w3.eth.chain_id

    def contract(self, name: str, address: str) -> Contract:
        """A compiled contract at an address."""
        return self._w3.eth.contract(Web3.to_checksum_address(address), abi=contracts.artifact(name)["abi"])

    def has_code(self, address: str) -> bool:
        """Whether there is a contract at an address."""
        with self._asking():
            return bool(self._w3.eth.get_code(Web3.to_checksum_address(address), self._block))

    def call(self, function: Any) -> Any:
        """Asks a contract's function."""
        with self._asking():
            return function.call(block_identifier=self._block)

    def deployment(self) -> proof.Deployment:
        return proof.Deployment(self.chain_id(), self._deployment.journal)

    def deployment_of(self, journal: str) -> Deployment:
        named = self.contract("Journal", journal).functions
        merchants, batches = self.call(named.merchants()), self.call(named.batches())
        return Deployment(self.chain_id(), journal, merchants.lower(), batches.lower())

    def journal_head(self) -> ChainHead:
        held = self if self._block != "latest" else self.as_of()  # two calls, one answer
        number = held.call(held._journal.functions.seals())
        size, sealed_at, root, heads = held.call(held._journal.functions.head())
        return ChainHead(number, size, root, heads, sealed_at)

    def journal_seals(self, since: int = 0) -> list[Seal]:
        spans = self._spans(max(since, self._deployment.since), self._newest_block())
        events = self._events(self._journal, ("Sealed",), spans)
        return [_seal(values) for _, values, _ in events]

    def seal_record(self, number: int) -> SealRecord | None:
        head = self._newest_block()
        spans = reversed(self._spans(self._deployment.since, head))  # it is most often a new one that is asked for
        for _, values, log in self._events(self._journal, ("Sealed",), spans, [_word(number)]):
            block = log["blockNumber"]
            return SealRecord(_seal(values), block, bytes(log["transactionHash"]), head - block + 1)
        return None

    def confirms(self, seal: Seal) -> bool:
        return bool(self.call(self._journal.functions.isSeal(*_given(seal))))

    def verdicts(self, claims: Sequence[Claim]) -> list[Verdict]:
        encoded = [_claim(claim) for claim in claims]
        found: list[int] = []
        for at in range(0, len(encoded), _TOGETHER):
            found += self.call(self._merchants.functions.check(encoded[at : at + _TOGETHER]))
        return [_VERDICTS[one] for one in found]

    def receipt_key_at(self, key: str, second: int) -> bool:
        return bool(self.call(self._journal.functions.receiptKeyAt(Web3.to_checksum_address(key), second)))

    def batch(self, key: bytes) -> BatchState | None:
        merchant, quantity, registered, recalled, root, content, _ = self.call(self._batches.functions.batch(key))
        return BatchState(merchant.lower(), quantity, root, content, registered, recalled) if registered else None

    def participants_since(self, block: int) -> tuple[list[Participant], int]:
        last = self._newest_block() - self._confirmations + 1
        if last < block:
            return [], block
        names = ("Admitted", "StandingChanged", "KeyRotated")
        fresh = list(self._events(self._merchants, names, self._spans(block, last)))
        ids = sorted({values["id"] for _, values, _ in fresh})
        whole: list[Event] = fresh if block <= self._deployment.since else []
        if not whole:
            spans = self._spans(self._deployment.since, last)
            for at in range(0, len(ids), _TOGETHER):
                topic = [_word(int(id, 16)) for id in ids[at : at + _TOGETHER]]
                whole += self._events(self._merchants, names, spans, topic)
        return list(self._participants(whole)), last + 1

    def batches_since(self, block: int) -> tuple[list[BatchRecord], int]:
        last = self._newest_block() - self._confirmations + 1
        if last < block:
            return [], block
        events = self._events(self._batches, ("Registered", "Recalled"), self._spans(block, last))
        states = {key: self.batch(key) for key in dict.fromkeys(values["key"] for _, values, _ in events)}
        return [BatchRecord(key, state) for key, state in states.items() if state is not None], last + 1

    def standings(self) -> Standings:
        held = self if self._block != "latest" else self.as_of()  # many calls, one answer
        functions = held._journal.functions
        asked, answered = held.call(functions.appeals())
        _, since = held.call(functions.openAppeal(answered + 1))
        return Standings(
            Fault(held.call(functions.ended())), held.call(functions.lateReceipts()), asked, answered, since,
            held.call(functions.gracePeriod()), held.call(functions.appealFee()),
        )  # fmt: skip

    def appeals(self) -> list[AppealRecord]:
        time_of = self._times()
        found: dict[int, AppealRecord] = {}
        spans = self._spans(self._deployment.since, self._newest_block())
        for name, values, log in self._events(self._journal, ("Appealed", "Answered"), spans):
            number = values["number"]
            if name == "Appealed":
                body, tx = bytes(values["body"]), bytes(log["transactionHash"])
                found[number] = AppealRecord(number, values["by"], body, time_of(log), None, tx)
            else:
                found[number] = replace(found[number], answered=(values["sealNumber"], values["index"]))
        return list(found.values())

    def proven(self) -> Proven:
        functions = self._journal.functions
        try:
            fault, late = Fault(self.call(functions.ended())), self.call(functions.lateReceipts())
        except (ChainRefused, ValueError):
            raise ChainAway("the Journal is one of another kind: it does not say what was proven of it") from None
        word = fault.name.lower().replace("_", " ") if fault else ""
        return Proven(self._deployment.journal, word, late)

    def predecessor(self) -> Predecessor | None:
        functions = self._journal.functions
        journal = self.call(functions.predecessor()).lower()
        if not int(journal, 16):
            return None
        number, size, root, heads, sealed_at = self.call(functions.predecessorSeal())
        return Predecessor(journal, Seal(number, size, root, heads, sealed_at))

    def journal_at(self, journal: str) -> Self:
        other = copy.copy(self)
        other.use(self.deployment_of(journal))
        return other

    def verifier_since(self, hash: bytes) -> int:
        try:
            return int(self.call(self._journal.functions.verifierSince(hash)))
        except ChainRefused:
            raise ChainAway("the Journal is one of an older kind: it keeps no verifier's hash") from None

    def open_appeals(self, most: int) -> list[OpenAppeal]:
        held = self if self._block != "latest" else self.as_of()  # many calls, one answer
        functions = held._journal.functions
        asked, answered = held.call(functions.appeals())
        numbers = range(answered + 1, min(asked, answered + most) + 1)
        return [OpenAppeal(number, *held.call(functions.openAppeal(number))) for number in numbers]

    def appeals_since(self, block: int) -> AppealNews | None:
        last = self._newest_block() - self._confirmations + 1
        if last < block:
            return None
        time_of = self._times()
        asked: list[AppealRecord] = []
        answered: list[tuple[int, int]] = []
        spans = self._spans(max(block, self._deployment.since), last)
        for name, values, log in self._events(self._journal, ("Appealed", "Answered"), spans):
            if name == "Appealed":
                body, tx = bytes(values["body"]), bytes(log["transactionHash"])
                asked.append(AppealRecord(values["number"], values["by"], body, time_of(log), None, tx))
            else:
                answered.append((values["number"], values["sealNumber"]))
        held = self.as_of(last)
        return AppealNews(asked, answered, tuple(held.call(held._journal.functions.appeals())), last + 1)

    def faults(self) -> list[FaultRecord]:
        spans = self._spans(self._deployment.since, self._newest_block())
        return [
            FaultRecord(_PROOFS[name], log["blockNumber"], bytes(log["transactionHash"]), values)
            for name, values, log in self._events(self._journal, tuple(_PROOFS), spans)
        ]

    def judge_fault(self, fault: FaultProof) -> None:
        self.call(self._judgement(fault))

    # -- sending

    def prepare_seal(self, seal: Seal, consistency: Sequence[bytes], answers: Sequence[Answer] = ()) -> Prepared:
        given = [(one.header, one.index, list(one.proof)) for one in answers]
        return self.prepare(
            self._held(self._sealer, "sealer"),
            self._journal.functions.seal(seal.size, seal.root, seal.heads, list(consistency), given),
        )

    def prepare_appeal(self, by: Signer, body: bytes) -> Prepared:
        fee = self.call(self._journal.functions.appealFee())
        return self.prepare(by, self._journal.functions.appeal(body), value=fee)

    def prepare_answer(self, by: Signer, answer: Evidence) -> Prepared:
        return self.prepare(by, self._journal.functions.answer(_evidence(answer)))

    def prepare_fault(self, by: Signer, fault: FaultProof) -> Prepared:
        return self.prepare(by, self._judgement(fault))

    def prepare_register(self, batches: Sequence[Batch], signatures: Sequence[bytes]) -> Prepared:
        given = [(b.key, Web3.to_checksum_address(b.merchant), b.quantity, b.items_root, b.content) for b in batches]
        function = self._batches.functions.register(given, list(signatures))
        return self.prepare(self._held(self._operator, "operator"), function)

    def prepare_recall(self, key: bytes, reason: bytes, signature: bytes) -> Prepared:
        function = self._batches.functions.recallFor(key, reason, signature)
        return self.prepare(self._held(self._operator, "operator"), function)

    def prepare_admit(self, by: Signer, id: str, role: Role, licence: bytes, categories: Sequence[str]) -> Prepared:
        who = Web3.to_checksum_address(id)
        return self.prepare(by, self._merchants.functions.admit(who, int(role), licence, list(categories)))

    def prepare_standing(self, by: Signer, id: str, standing: Standing, reason: bytes) -> Prepared:
        who = Web3.to_checksum_address(id)
        return self.prepare(by, self._merchants.functions.setStanding(who, int(standing), reason))

    def prepare_rotate(self, by: Signer, id: str, key: str) -> Prepared:
        who, to = Web3.to_checksum_address(id), Web3.to_checksum_address(key)
        return self.prepare(by, self._merchants.functions.rotateKey(who, to))

    def prepare_receipt_key(self, by: Signer, key: str, signs: bool) -> Prepared:
        return self.prepare(by, self._journal.functions.setReceiptKey(Web3.to_checksum_address(key), signs))

    def prepare_verifier(self, by: Signer, hash: bytes) -> Prepared:
        return self.prepare(by, self._journal.functions.publishVerifier(hash))

    def prepare_deploy(self, by: Signer, name: str, *arguments: Any) -> Prepared:
        """The creation of a compiled contract; its address is `created_address(by.address, prepared.nonce)`."""
        artifact = contracts.artifact(name)
        factory = self._w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        return self._prepare(by, b"", bytes(HexBytes(factory.constructor(*arguments).data_in_transaction)))

    def prepare(self, by: Signer, function: Any, value: int = 0) -> Prepared:
        """A call of a contract's function, as a transaction. Raises ChainRefused where it would revert now."""
        data = bytes(HexBytes(function._encode_transaction_data()))
        return self._prepare(by, bytes(HexBytes(function.address)), data, value)

    def _prepare(self, by: Signer, to: bytes, data: bytes, value: int = 0) -> Prepared:
        self._signers[by.address] = by
        sender = Web3.to_checksum_address(by.address)
        call: Any = {"from": sender, "data": HexBytes(data), "value": value} | (
            {"to": Web3.to_checksum_address(to)} if to else {}
        )
        with self._asking():
            gas = self._w3.eth.estimate_gas(call)
            nonce = self._w3.eth.get_transaction_count(sender, "latest")
            forgotten = self._w3.eth.get_transaction_count(sender, "pending") - nonce
            chain_id = self._w3.eth.chain_id
        tip, fee = self._fees()
        if forgotten:  # somebody died with a transaction on its way: what takes its nonce has to be dearer
            tip, fee = 2 * tip, 2 * fee
        # Gas depends on the time: in the same second a registry overwrites its checkpoint, later it adds one.
        return Transaction(chain_id, nonce, tip, fee, gas + gas // 4 + _SLOTS, to, data, value).sign(by)

    def bump(self, attempt: Prepared) -> Prepared:
        transaction, sender = transactions.decode(attempt.raw)
        return transaction.dearer(*self._fees()).sign(self._held(self._signers.get(sender), sender))

    def send(self, attempt: Prepared) -> None:
        try:
            with self._asking(refusing=True):
                self._w3.eth.send_raw_transaction(HexBytes(attempt.raw))
        except ChainRefused:
            # Nodes have many words for "I have it already"; what counts is whether they do.
            if self.outcome(attempt.tx).state is TransactionState.VANISHED and not self.nonce_used(attempt):
                raise

    def outcome(self, tx: bytes) -> Outcome:
        with self._asking():
            receipt: Any = None
            with suppress(TransactionNotFound):
                receipt = self._w3.eth.get_transaction_receipt(HexBytes(tx))
            if receipt is None or receipt["blockNumber"] is None:
                try:
                    self._w3.eth.get_transaction(HexBytes(tx))
                except TransactionNotFound:
                    return Outcome(tx, TransactionState.VANISHED)
                return Outcome(tx, TransactionState.PENDING)
            state, block = _STATES[receipt["status"]], receipt["blockNumber"]
            confirmations = max(1, self._w3.eth.block_number - block + 1)
        reason = self._reason(tx, receipt) if state is TransactionState.REVERTED else ""
        gas = receipt["gasUsed"]
        return Outcome(tx, state, block, confirmations, reason, gas, gas * receipt.get("effectiveGasPrice", 0))

    def nonce_used(self, attempt: Prepared) -> bool:
        _, sender = transactions.decode(attempt.raw)
        with self._asking():
            return self._w3.eth.get_transaction_count(Web3.to_checksum_address(sender), "latest") > attempt.nonce

    def transact(self, attempt: Prepared, *, stuck: float = 30, patience: float = 600) -> Outcome:
        attempts = [attempt]
        self.send(attempt)
        begun = sent_at = time.monotonic()
        rest = 0.01
        while time.monotonic() - begun < patience:
            outcomes = [self.outcome(one.tx) for one in attempts]  # the one that counts may be a cheaper one
            for found in outcomes:
                if found.state is TransactionState.REVERTED:
                    raise ChainRefused(found.reason)
                if found.state is TransactionState.MINED and found.confirmations >= self._confirmations:
                    return found
            if all(one.state is TransactionState.VANISHED for one in outcomes):
                if self.nonce_used(attempt) and all(
                    self.outcome(one.tx).state is TransactionState.VANISHED for one in attempts
                ):
                    raise ChainRefused(f"another transaction took nonce {attempt.nonce}")
                self.send(attempts[-1])
            elif outcomes[-1].state is TransactionState.PENDING and time.monotonic() - sent_at > stuck:
                attempts.append(self.bump(attempts[-1]))
                self.send(attempts[-1])
                sent_at = time.monotonic()
            time.sleep(rest)
            rest = min(1.0, 1.5 * rest)
        raise ChainAway(f"{self._where} did not confirm 0x{attempts[-1].tx.hex()} within {patience:g} seconds")

    # -- beneath

    def _judgement(self, fault: FaultProof) -> Any:
        functions = self._journal.functions
        match fault:
            case Omission():
                end = (fault.end.key, fault.end.count, fault.end.leaf) if fault.end else (bytes(32), 0, bytes(32))
                head = (_given(fault.seal), end, list(fault.siblings))
                return functions.proveOmission(_evidence(fault.entry), head)
            case Fork():
                return functions.proveFork([_evidence(one) for one in fault.entries])
            case Misstep():
                return functions.proveMisstep([_evidence(one) for one in fault.entries])
            case BrokenPromise():
                promised = (fault.place, fault.promised, list(fault.promised_proof))
                found = (_given(fault.seal), fault.found, list(fault.found_proof))
                receipt = _receipt(fault.receipt)
                return functions.proveBrokenPromise(receipt, fault.signature, promised, found)
            case Lateness():
                seals = (_given(fault.uncovered or _NO_SEAL), _given(fault.covering or _NO_SEAL))
                return functions.proveLateness(_receipt(fault.receipt), fault.signature, *seals)

    @contextmanager
    def _asking(self, *, refusing: bool = False) -> Iterator[None]:
        """Errors of web3 and its transports as ours. `refusing`: the node itself may say no."""
        try:
            yield
        except ContractLogicError as error:
            data = error.data if isinstance(error.data, str) else ""
            reason = contracts.explain(bytes(HexBytes(data))) if data.startswith("0x") else str(error.message)
            raise ChainRefused(reason) from error
        except Web3RPCError as error:
            words = _words(error)
            if refusing:
                raise ChainRefused(words) from None
            raise ChainAway(f"{self._where} answers: {words}") from None
        except BadFunctionCallOutput:
            raise ChainAway(f"{self._where} has no such contract there, or had none as of that block") from None
        except (OSError, json.JSONDecodeError, Web3Exception) as error:
            # Theirs would repeat the URL, and with it an access key.
            raise ChainAway(f"{self._where} does not answer: {type(error).__name__}") from None

    def _newest_block(self) -> int:
        return self.block_number() if self._block == "latest" else int(self._block)

    def _held(self, signer: Signer | None, who: str) -> Signer:
        if signer is None:
            raise ValueError(f"the key of {who} is not here")
        return signer

    def _fees(self) -> tuple[int, int]:
        """Tip and fee, wei a gas: enough for the base fee to double."""
        with self._asking():
            base = self._w3.eth.get_block("latest").get("baseFeePerGas", 0)
            tip = self._w3.eth.max_priority_fee
        return tip, 2 * base + tip

    def _reason(self, tx: bytes, receipt: Mapping[str, Any]) -> str:
        """Why a transaction reverted: it is called again on the state before its block."""
        try:
            with self._asking():
                sent: Any = self._w3.eth.get_transaction(HexBytes(tx))
                call = {"from": sent["from"], "data": sent["input"], "gas": sent["gas"], "value": sent["value"]}
                call |= {"to": sent["to"]} if sent.get("to") else {}
                self._w3.eth.call(call, receipt["blockNumber"] - 1)  # type: ignore[arg-type]
        except ChainRefused as refused:
            return refused.reason
        except ChainAway:
            return "reverted; the node does not keep the state that would say why"
        return "out of gas" if receipt["gasUsed"] >= sent["gas"] else "reverted; called again, it does not"

    @staticmethod
    def _spans(first: int, last: int) -> list[tuple[int, int]]:
        return [(at, min(at + _SPAN - 1, last)) for at in range(first, last + 1, _SPAN)]

    def _events(
        self, contract: Contract, names: Sequence[str], spans: Iterable[tuple[int, int]], topic: Sequence[str] = ()
    ) -> Iterator[Event]:
        """A contract's events in spans of blocks; `topic`: what the first indexed value may be."""
        by_topic = {_signature(contract, name): name for name in names}
        query = {"address": contract.address, "topics": [list(by_topic), *([list(topic)] if topic else [])]}
        for first, last in spans:
            for log in self._logs(query, first, last):
                name = by_topic[log["topics"][0].to_0x_hex()]
                values = dict(contract.events[name]().process_log(log)["args"])
                yield name, {k: _lower(v) for k, v in values.items()}, log

    def _logs(self, query: Mapping[str, Any], first: int, last: int) -> list[Any]:
        asked: Any = {**query, "fromBlock": hex(first), "toBlock": hex(last)}
        with self._asking():
            try:
                return list(self._w3.eth.get_logs(asked))
            except Web3RPCError:
                if first == last:
                    raise
        middle = (first + last) // 2  # many nodes limit how much one answer covers
        return self._logs(query, first, middle) + self._logs(query, middle + 1, last)

    def _participants(self, events: Iterable[Event]) -> Iterator[Participant]:
        """Participants from all of their events, in order."""
        time_of = self._times()
        admitted: dict[str, Mapping[str, Any]] = {}
        standings: dict[str, list[tuple[int, Standing]]] = {}
        keys: dict[str, list[tuple[int, str]]] = {}
        for name, values, log in events:
            id, at = values["id"], time_of(log)
            if name == "Admitted":
                admitted[id] = values
                standings[id], keys[id] = [(at, Standing.ADMITTED)], [(at, id)]
            elif name == "StandingChanged":
                standings[id].append((at, Standing(values["standing"])))
            else:
                keys[id].append((at, values["key"]))
        for id, values in admitted.items():
            yield Participant(
                id, Role(values["role"]), tuple(standings[id]), tuple(keys[id]),
                bytes(values["licence"]), tuple(values["categories"]),
            )  # fmt: skip

    def _times(self) -> Callable[[Mapping[str, Any]], int]:
        """The time of a log's block; not every node says it in the log."""
        known: dict[int, int] = {}

        def of(log: Mapping[str, Any]) -> int:
            said = log.get("blockTimestamp")
            if said is not None:
                return said if isinstance(said, int) else int(said, 16)
            block = log["blockNumber"]
            if block not in known:
                with self._asking():
                    known[block] = self._w3.eth.get_block(block)["timestamp"]
            return known[block]

        return of


def _signature(contract: Contract, name: str) -> str:
    return Web3.keccak(text=contract.events[name].signature).to_0x_hex()


def _seal(values: Mapping[str, Any]) -> Seal:
    return Seal(values["number"], values["size"], bytes(values["root"]), bytes(values["heads"]), values["sealedAt"])


def _given(seal: Seal) -> tuple[Any, ...]:
    return seal.number, seal.size, seal.root, seal.heads, seal.sealed_at


def _evidence(one: Evidence) -> tuple[Any, ...]:
    return _given(one.seal), one.header, one.index, list(one.proof)


def _receipt(one: Receipt) -> tuple[Any, ...]:
    return one.leaves, one.index, one.count, one.issued_at, one.seal_by


def _claim(claim: Claim) -> tuple[Any, ...]:
    s = claim.signed.statement
    statement = (s.kind, s.subject, s.content, s.issued_at, s.nonce)
    return Web3.to_checksum_address(claim.signed.by), claim.at, statement, claim.signed.signature


def _word(number: int) -> str:
    return f"0x{number:064x}"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) and Web3.is_checksum_address(value) else value


def _words(error: Web3RPCError) -> str:
    said = (error.rpc_response or {}).get("error", {})
    return str(said.get("message", error)) if isinstance(said, dict) else str(said)
