"""The default chain: py-evm in this process, on an SQLite file that lasts.

One transaction a block, mined when it is sent, in one SQLite transaction with the block, its receipt and its logs, and
synced to disk before it is answered: a block that was acknowledged survives `kill -9`, one that was not leaves nothing.
Nothing of the chain is held in memory between calls, and SQLite's own locks order the writers, so any number of threads
and processes may open the same folder and see the same chain. They must each open it themselves: an open node must not
be carried across a fork.

It speaks JSON-RPC, like any other node: `rpc` is that face, `EmbeddedProvider` hands it to web3.
Times of blocks never run ahead of the wall clock, so blocks of one second share their time, as on many an L2.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.chains.base import Chain
from eth.constants import BLANK_ROOT_HASH, POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, ZERO_ADDRESS
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.exceptions import CanonicalHeadNotFound, HeaderNotFound, Revert, TransactionNotFound, VMError
from eth.vm.chain_context import ChainContext
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from eth.vm.spoof import SpoofTransaction
from eth_abi.abi import decode
from eth_utils.exceptions import ValidationError
from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from suyuan.chain.transactions import created_address
from suyuan.core.errors import ChainAway

CHAIN_ID = 31337
GAS_LIMIT = 30_000_000  # of a block
CALL_GAS = 10_000_000  # of an `eth_call`, which anyone may make: two seconds of this EVM
TIP = 10**9  # wei a gas, what `eth_maxPriorityFeePerGas` suggests
FUNDS = 10**24  # wei that the genesis gives to each funded address
MOST_LOGS = 10_000  # in one answer

_LOCK_SECONDS = 60.0
_PRECOMPILES = (1, 2, 3, 4, 5, 9)  # recovery, SHA-256, RIPEMD, identity, powers, BLAKE2
_BLOB = 3  # the transaction type that carries blobs
_ERROR_STRING = bytes.fromhex("08c379a0")  # selector of Error(string)

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, time INTEGER NOT NULL, tx BLOB);
    CREATE TABLE IF NOT EXISTS logs (
        block INTEGER, position INTEGER, address BLOB NOT NULL, data BLOB NOT NULL,
        topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, PRIMARY KEY (block, position)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS logs_by_topic ON logs (address, topic0, topic1, block);
"""


class RpcError(Exception):
    """A JSON-RPC error: 3 carries the data of a revert; -32601, -32602 and -32000 as everywhere."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.answer = {"code": code, "message": message} | ({} if data is None else {"data": data})


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One process at a time: SQLite refuses rather than waits where two turn one database to a write-ahead log."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class EmbeddedNode:
    """A chain of its own in a folder. `funded` (0x addresses) counts only where the folder holds no chain yet."""

    def __init__(self, folder: Path, *, funded: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            folder / "chain.sqlite", timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            with _alone(folder / "chain.lock"):
                self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._state = AtomicDB(_Table(self._db))
            with self._transaction("IMMEDIATE"):
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._chain = _Chain(self._state)
                try:
                    self._head()
                except CanonicalHeadNotFound:
                    self._begin(funded)
        except sqlite3.Error as error:
            self._db.close()
            raise ChainAway(f"the embedded chain does not open: {error}") from error
        self._methods: Mapping[str, Callable[..., Any]] = {
            "eth_accounts": list,
            "eth_blockNumber": lambda: hex(self._head().block_number),
            "eth_call": self._call,
            "eth_chainId": lambda: hex(CHAIN_ID),
            "eth_estimateGas": self._estimate_gas,
            "eth_gasPrice": lambda: hex(self._pending().base_fee_per_gas + TIP),
            "eth_getBalance": lambda account, at="latest": hex(self._at(at).get_balance(_address(account))),
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getCode": lambda account, at="latest": _data(self._at(at).get_code(_address(account))),
            "eth_getLogs": self._logs,
            "eth_getStorageAt": self._storage_at,
            "eth_getTransactionByHash": self._transaction_by_hash,
            "eth_getTransactionCount": lambda account, at="latest": hex(self._at(at).get_nonce(_address(account))),
            "eth_getTransactionReceipt": self._receipt,
            "eth_maxPriorityFeePerGas": lambda: hex(TIP),
            "eth_sendRawTransaction": self._send,
            "eth_syncing": lambda: False,
            "net_version": lambda: str(CHAIN_ID),
            "web3_clientVersion": lambda: "suyuan/py-evm",
        }

    def rpc(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """Answers a JSON-RPC call: {"result": …} or {"error": {"code", "message", "data"?}}. Raises ChainAway."""
        answer = self._methods.get(method)
        if answer is None:
            return {"error": {"code": -32601, "message": f"the method {method} does not exist"}}
        kind = "IMMEDIATE" if method == "eth_sendRawTransaction" else "DEFERRED"
        try:
            with self._transaction(kind):
                return {"result": answer(*params)}
        except RpcError as error:
            return {"error": error.answer}
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, ValidationError) as error:
            return {"error": {"code": -32602, "message": f"invalid params: {error}"}}
        except sqlite3.Error as error:
            raise ChainAway(f"the embedded chain does not answer: {error}") from error

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        with self._lock:
            self._db.execute(f"BEGIN {kind}")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # -- blocks

    def _begin(self, funded: Iterable[str]) -> None:
        account: Any = {"balance": FUNDS, "nonce": 0, "code": b"", "storage": {}}
        parameters: Any = {
            "coinbase": ZERO_ADDRESS,
            "difficulty": POST_MERGE_DIFFICULTY,
            "mix_hash": POST_MERGE_MIX_HASH,
            "gas_limit": GAS_LIMIT,
            "timestamp": int(self._clock()),
            "transaction_root": BLANK_ROOT_HASH,
            "receipt_root": BLANK_ROOT_HASH,
        }
        _Chain.from_genesis(self._state, parameters, {_address(one): account for one in funded})
        self._list(self._head(), None)

    def _head(self) -> Any:
        return self._chain.get_canonical_head()

    def _pending(self) -> Any:
        parent = self._head()
        return self._chain.create_header_from_parent(
            parent,
            timestamp=max(int(self._clock()), parent.timestamp),
            gas_limit=GAS_LIMIT,
            mix_hash=os.urandom(32),
        )

    def _list(self, header: BlockHeaderAPI, tx: bytes | None) -> None:
        self._db.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?)", (header.block_number, header.hash, header.timestamp, tx)
        )

    def _send(self, raw: str) -> str:
        transaction = self._decoded(_bytes(raw))
        if self._place(transaction.hash) is not None:
            raise RpcError(-32000, "already known")
        header = self._pending()
        vm = self._chain.get_vm(header)
        _refuse_unfit(transaction, header, vm.state)
        try:
            filled, receipts, _ = vm.apply_all_transactions([transaction], header)
        except ValidationError as error:
            raise RpcError(-32000, str(error)) from error
        block = vm.set_block_transactions_and_withdrawals(vm.get_block(), filled, [transaction], receipts)
        mined = vm.mine_block(block).block
        self._chain.chaindb.persist_block(mined)
        self._list(mined.header, transaction.hash)
        self._db.executemany(
            "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (mined.number, position, log.address, log.data, *_padded_topics(log.topics))
                for position, log in enumerate(receipts[0].logs)
            ],
        )
        return _data(transaction.hash)

    def _decoded(self, raw: bytes) -> SignedTransactionAPI:
        try:
            transaction = PragueVM.get_transaction_builder().decode(raw)
            transaction.validate()
            _ = transaction.sender  # recovers it
        except Exception as error:  # whatever py-evm, RLP and the curve make of bytes that are no transaction
            raise RpcError(-32602, f"not a signed transaction: {error}") from error
        if raw[0] == _BLOB:
            raise RpcError(-32000, "transaction type not supported")
        chain_id = getattr(transaction, "chain_id", None)
        if chain_id != CHAIN_ID:
            raise RpcError(-32000, f"invalid chain id for signer: have {chain_id} want {CHAIN_ID}")
        return transaction

    def _number(self, block: Any) -> int | None:
        """The block that a tag, number or EIP-1898 object names; None: the pending one."""
        if isinstance(block, Mapping):
            if "blockHash" in block:
                return self._number_of(_bytes(block["blockHash"]))
            block = block["blockNumber"]
        if block == "pending":
            return None
        if block in ("latest", "safe", "finalized"):
            return int(self._head().block_number)
        return 0 if block == "earliest" else _int(block)

    def _number_of(self, block_hash: bytes) -> int:
        found = self._db.execute("SELECT number FROM blocks WHERE hash = ?", (block_hash,)).fetchone()
        if found is None:
            raise RpcError(-32000, "header not found")
        return int(found[0])

    def _header(self, block: Any) -> Any:
        number = self._number(block)
        if number is None:
            return self._pending()
        try:
            return self._chain.get_canonical_block_header_by_number(number)  # type: ignore[arg-type]
        except HeaderNotFound as error:
            raise RpcError(-32000, "header not found") from error

    # -- state and calls

    def _at(self, block: Any) -> Any:
        """The state after a block, in which nothing costs and nothing stays."""
        header = self._header(block)
        vm: Any = self._chain.get_vm(header)
        free = header.copy(base_fee_per_gas=0)
        return vm.build_state(self._chain.chaindb.db, free, ChainContext(CHAIN_ID), vm.previous_hashes)

    def _spoofed(self, state: Any, call: Mapping[str, Any], most: int) -> Any:
        sender = _address(call.get("from") or ZERO_ADDRESS)
        unsigned = PragueVM.get_transaction_builder().new_unsigned_dynamic_fee_transaction(  # type: ignore[attr-defined]
            chain_id=CHAIN_ID,
            nonce=state.get_nonce(sender),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=min(_int(call.get("gas") or most), most),
            to=_address(call["to"]) if call.get("to") else b"",
            value=_int(call.get("value") or 0),
            data=_bytes(call.get("input") or call.get("data") or b""),
            access_list=(),
        )
        return SpoofTransaction(unsigned, from_=sender)

    def _call(self, call: Mapping[str, Any], block: Any = "latest") -> str:
        state = self._at(block)
        try:
            computation = state.apply_transaction(self._spoofed(state, call, CALL_GAS))
        except ValidationError as error:
            raise _failure(error) from error
        if computation.is_error:
            raise _failure(computation.error)
        return _data(computation.output)

    def _estimate_gas(self, call: Mapping[str, Any], block: Any = "pending") -> str:
        state = self._at(block)
        transaction = self._spoofed(state, call, GAS_LIMIT)

        def run(gas: int) -> Any:
            before = state.snapshot()
            computation = state.apply_transaction(transaction.copy(gas=gas))
            state.revert(before)
            return computation

        try:
            free = run(transaction.gas)
            if free.is_error:
                raise _failure(free.error)
            used = transaction.gas - free.get_gas_remaining() + free.data_floor_gas
            enough = used + used // 63  # a call hands on 63/64 of what is left
            if run(enough).is_error:
                enough = self._chain.gas_estimator(state, transaction)  # by halving: ten times as slow
        except (ValidationError, VMError) as error:
            raise _failure(error) from error
        return hex(enough)

    def _storage_at(self, account: str, slot: str, block: Any = "latest") -> str:
        found = self._at(block).get_storage(_address(account), _int(slot))
        return _data(found.to_bytes(32, "big"))

    # -- what has been

    def _place(self, tx: bytes) -> int | None:
        try:
            return int(self._chain.chaindb.get_transaction_index(tx)[0])  # type: ignore[arg-type]
        except TransactionNotFound:
            return None

    def _found(self, tx: bytes) -> tuple[Any, Any] | None:
        """The header of a transaction's block, and the transaction: its block's only one."""
        number = self._place(tx)
        if number is None:
            return None
        return self._header(number), self._chain.get_canonical_transaction_by_index(number, 0)  # type: ignore[arg-type]

    def _transaction_by_hash(self, tx: str) -> dict[str, Any] | None:
        found = self._found(_bytes(tx))
        return None if found is None else _transaction_json(*found)

    def _receipt(self, tx: str) -> dict[str, Any] | None:
        found = self._found(_bytes(tx))
        if found is None:
            return None
        header, transaction = found
        receipt = self._chain.get_transaction_receipt_by_index(header.block_number, 0)
        created = None if transaction.to else created_address(_data(transaction.sender), transaction.nonce)
        return {
            "transactionHash": _data(transaction.hash),
            "transactionIndex": "0x0",
            "blockHash": _data(header.hash),
            "blockNumber": hex(header.block_number),
            "from": _data(transaction.sender),
            "to": _data(transaction.to) if transaction.to else None,
            "contractAddress": created,
            "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
            "gasUsed": hex(receipt.gas_used),
            "cumulativeGasUsed": hex(receipt.gas_used),
            "effectiveGasPrice": hex(_price(header, transaction)),
            "type": hex(getattr(transaction, "type_id", None) or 0),
            "logsBloom": _data(receipt.bloom.to_bytes(256, "big")),
            "logs": self._select_logs("block = ?", [header.block_number]),
        }

    def _block_by_number(self, block: Any, full: bool = False) -> dict[str, Any] | None:
        try:
            return self._block(self._header(block), full)
        except RpcError:
            return None

    def _block_by_hash(self, block_hash: str, full: bool = False) -> dict[str, Any] | None:
        try:
            return self._block(self._header(self._number_of(_bytes(block_hash))), full)
        except RpcError:
            return None

    def _block(self, header: Any, full: bool) -> dict[str, Any]:
        row = self._db.execute("SELECT tx FROM blocks WHERE number = ?", (header.block_number,)).fetchone()
        hashes = [bytes(row[0])] if row is not None and row[0] is not None else []
        transactions: list[Any] = [_data(tx) for tx in hashes]
        if full:
            transactions = [self._transaction_by_hash(_data(tx)) for tx in hashes]
        return {
            "number": hex(header.block_number),
            "hash": _data(header.hash),
            "parentHash": _data(header.parent_hash),
            "timestamp": hex(header.timestamp),
            "stateRoot": _data(header.state_root),
            "transactionsRoot": _data(header.transaction_root),
            "receiptsRoot": _data(header.receipt_root),
            "sha3Uncles": _data(header.uncles_hash),
            "logsBloom": _data(header.bloom.to_bytes(256, "big")),
            "miner": _data(header.coinbase),
            "mixHash": _data(header.mix_hash),
            "nonce": _data(header.nonce),
            "extraData": _data(header.extra_data),
            "difficulty": hex(header.difficulty),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "baseFeePerGas": hex(header.base_fee_per_gas),
            "withdrawalsRoot": _data(header.withdrawals_root),
            "parentBeaconBlockRoot": _data(header.parent_beacon_block_root),
            "blobGasUsed": hex(header.blob_gas_used),
            "excessBlobGas": hex(header.excess_blob_gas),
            "requestsHash": _data(header.requests_hash),
            "size": hex(len(transactions)),
            "transactions": transactions,
            "uncles": [],
            "withdrawals": [],
        }

    def _logs(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        conditions: list[str] = []
        values: list[Any] = []

        def one_of(column: str, alternatives: Any) -> None:
            if alternatives is None or alternatives == []:
                return
            given = alternatives if isinstance(alternatives, (list, tuple)) else [alternatives]
            conditions.append(f"{column} IN ({', '.join('?' * len(given))})")
            values.extend(_bytes(one) for one in given)

        head = int(self._head().block_number)
        if wanted.get("blockHash") is not None:
            first = last = self._number_of(_bytes(wanted["blockHash"]))
        else:
            first, last = (self._number(wanted.get(end) or "latest") for end in ("fromBlock", "toBlock"))  # type: ignore[assignment]
        conditions.append("block BETWEEN ? AND ?")
        values += [head + 1 if first is None else first, head if last is None else last]
        one_of("address", wanted.get("address"))
        for place, topic in enumerate(wanted.get("topics") or ()):
            if place > 3:
                raise RpcError(-32602, "there are at most four topics")
            one_of(f"topic{place}", topic)
        return self._select_logs(" AND ".join(conditions), values)

    def _select_logs(self, condition: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        columns = "block, position, address, data, topic0, topic1, topic2, topic3, hash, time, tx"
        rows = self._db.execute(
            f"SELECT {columns} FROM logs JOIN blocks ON number = block WHERE {condition}"
            f" ORDER BY block, position LIMIT {MOST_LOGS + 1}",
            values,
        ).fetchall()
        if len(rows) > MOST_LOGS:
            raise RpcError(-32005, f"query returned more than {MOST_LOGS} results")
        return [_log_json(row) for row in rows]


class EmbeddedProvider(BaseProvider):
    """web3's way to an embedded node."""

    def __init__(self, node: EmbeddedNode) -> None:
        super().__init__()
        self.node = node

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        answer: Any = {"jsonrpc": "2.0", "id": 0, **self.node.rpc(method, params)}
        return answer  # type: ignore[no-any-return]

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002 web3's name
        return True


class _Computation(PragueComputation):
    # Curve arithmetic in Python takes minutes for a call's gas, and anyone may call. No contract here needs it.
    _precompiles = {a: run for a, run in PragueComputation._precompiles.items() if a[-1] in _PRECOMPILES}  # noqa: RUF012


class _State(PragueState):
    computation_class = _Computation


class _Vm(PragueVM):
    _state_class = _State

    @classmethod
    def validate_header(cls, header: Any, parent_header: Any) -> None:
        # Ethereum wants later, and would drive the chain's clock ahead of ours by a second a block.
        earlier = parent_header.copy(timestamp=min(parent_header.timestamp, header.timestamp - 1))
        super().validate_header(header, earlier)


class _Chain(Chain):
    chain_id = CHAIN_ID
    vm_configuration = ((0, _Vm),)  # type: ignore[assignment]


class _Table(BaseDB):
    """py-evm's keys and values in an SQLite table. Its writes belong to the transaction that is open."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getitem__(self, key: bytes) -> bytes:
        found = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        if found is None:
            raise KeyError(key)
        return bytes(found[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))

    def __delitem__(self, key: bytes) -> None:
        if not self._db.execute("DELETE FROM state WHERE key = ?", (key,)).rowcount:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self._db.execute("SELECT 1 FROM state WHERE key = ?", (key,)).fetchone() is not None


def _refuse_unfit(transaction: Any, header: Any, state: Any) -> None:
    """Refuses what cannot be mined, in the words in which other nodes do."""
    nonce = state.get_nonce(transaction.sender)
    if transaction.nonce != nonce:
        relation = "low" if transaction.nonce < nonce else "high"
        raise RpcError(-32000, f"nonce too {relation}: next nonce {nonce}, tx nonce {transaction.nonce}")
    if transaction.max_fee_per_gas < header.base_fee_per_gas:
        raise RpcError(-32000, "max fee per gas less than block base fee")
    if transaction.gas > header.gas_limit:
        raise RpcError(-32000, "exceeds block gas limit")
    if state.get_balance(transaction.sender) < transaction.value + transaction.gas * transaction.max_fee_per_gas:
        raise RpcError(-32000, "insufficient funds for gas * price + value")


def _failure(error: Exception) -> RpcError:
    if not isinstance(error, Revert):
        return RpcError(-32000, str(error) or type(error).__name__)
    data = bytes(error.args[0]) if error.args else b""
    message = "execution reverted"
    if data[:4] == _ERROR_STRING:
        message += f": {decode(['string'], data[4:], strict=False)[0]}"
    return RpcError(3, message, _data(data))


def _price(header: Any, transaction: Any) -> int:
    return int(min(transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas + header.base_fee_per_gas))


def _transaction_json(header: Any, transaction: Any) -> dict[str, Any]:
    kind = getattr(transaction, "type_id", None) or 0
    shared: dict[str, Any] = {
        "hash": _data(transaction.hash),
        "type": hex(kind),
        "chainId": hex(transaction.chain_id),
        "nonce": hex(transaction.nonce),
        "blockHash": _data(header.hash),
        "blockNumber": hex(header.block_number),
        "transactionIndex": "0x0",
        "from": _data(transaction.sender),
        "to": _data(transaction.to) if transaction.to else None,
        "value": hex(transaction.value),
        "gas": hex(transaction.gas),
        "gasPrice": hex(_price(header, transaction)),
        "input": _data(transaction.data),
        "r": hex(transaction.r),
        "s": hex(transaction.s),
        "v": hex(transaction.y_parity if kind else transaction.v),
    }
    if kind:
        shared["accessList"] = [
            {"address": _data(account), "storageKeys": [_data(key.to_bytes(32, "big")) for key in keys]}
            for account, keys in transaction.access_list
        ]
    if kind >= 2:
        shared["maxFeePerGas"] = hex(transaction.max_fee_per_gas)
        shared["maxPriorityFeePerGas"] = hex(transaction.max_priority_fee_per_gas)
    return shared


def _log_json(row: Sequence[Any]) -> dict[str, Any]:
    block, position, address, data, *topics, block_hash, at, tx = row
    return {
        "address": _data(address),
        "topics": [_data(topic) for topic in topics if topic is not None],
        "data": _data(data),
        "blockNumber": hex(block),
        "blockHash": _data(block_hash),
        "blockTimestamp": hex(at),
        "transactionHash": _data(tx),
        "transactionIndex": "0x0",
        "logIndex": hex(position),
        "removed": False,
    }


def _padded_topics(topics: Sequence[int]) -> list[bytes | None]:
    return [*(topic.to_bytes(32, "big") for topic in topics), *[None] * (4 - len(topics))]


def _data(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, (bytes, bytearray)) else bytes.fromhex(value.removeprefix("0x"))


def _address(value: Any) -> Any:
    found = _bytes(value)
    if len(found) != 20:
        raise RpcError(-32602, "an address has 20 bytes")
    return found


def _int(value: Any) -> int:
    return value if isinstance(value, int) else int(value, 16)
