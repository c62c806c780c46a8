"""EIP-1559 transactions as bytes, signed by whatever signs digests (a key in memory, in a file, in a vault).

raw = 0x02 || RLP([chain id, nonce, tip, fee, gas, to, value, data, access list, parity, r, s])
what is signed: keccak(0x02 || RLP of the first nine)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import rlp

from suyuan.chain.port import Prepared
from suyuan.core.statements import Signer, keccak, recover

_TYPE = b"\x02"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A call of a contract (`to`: 20 bytes) or its creation (`to` empty). Wei: `tip`, `fee` a gas, `value` with it."""

    chain_id: int
    nonce: int
    tip: int
    fee: int
    gas: int
    to: bytes
    data: bytes
    value: int = 0

    def _fields(self) -> list[Any]:
        return [self.chain_id, self.nonce, self.tip, self.fee, self.gas, self.to, self.value, self.data, []]

    def _digest(self) -> bytes:
        return keccak(_TYPE + rlp.encode(self._fields()))

    def sign(self, signer: Signer) -> Prepared:
        """The signed transaction."""
        signature = signer.sign(self._digest())
        r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
        raw = _TYPE + rlp.encode([*self._fields(), signature[64] - 27, r, s])
        return Prepared(raw, keccak(raw), self.nonce, self.fee)

    def dearer(self, tip: int, fee: int) -> Transaction:
        """The same at no less than these, and enough above its own for nodes to replace it: 12.5 %."""
        tip = max(tip, _raised(self.tip))
        return replace(self, tip=tip, fee=max(fee, tip, _raised(self.fee)))


def _raised(price: int) -> int:
    return price + price // 8 + 1


def decode(raw: bytes) -> tuple[Transaction, str]:
    """A transaction that `sign` made, and the address of its sender."""
    chain_id, nonce, tip, fee, gas, to, value, data, _, parity, r, s = rlp.decode(raw[1:])
    transaction = Transaction(_int(chain_id), _int(nonce), _int(tip), _int(fee), _int(gas), to, data, _int(value))
    signature = r.rjust(32, b"\0") + s.rjust(32, b"\0") + bytes((27 + _int(parity),))
    return transaction, recover(transaction._digest(), signature)


def _int(big_endian: bytes) -> int:
    return int.from_bytes(big_endian, "big")


def created_address(sender: str, nonce: int) -> str:
    """The address of the contract that a sender creates with a nonce."""
    return "0x" + keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:].hex()
