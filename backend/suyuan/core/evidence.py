"""Evidence packs, the pure part: what a subject leans on, names of files, typed data, the archive.

A pack is an archive that is checked years later with nothing of this project at hand: every name in it is safe on any
file system, every file's hash is in its manifest, and the same files give the same bytes.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from suyuan.core import canonical, rules, statements, subjects
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.errors import InvalidIdentifier, Malformed, SuyuanError
from suyuan.core.proof import Bundle, Shown
from suyuan.core.statements import Receipt, Signed

Json = dict[str, Any]

MANIFEST = "MANIFEST.sha256"
TERMS = "/terms/platform"
RECEIPTS_LIMIT = 1000  # of one file
_SAFE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)?(?:[A-Za-z0-9_-][A-Za-z0-9._-]*|说明\.txt)")
_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST_NAME = 48
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that the format knows: a file's own says nothing here
_STRUCTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Statement": (
        ("kind", "string"),
        ("subject", "string"),
        ("content", "bytes32"),
        ("issuedAt", "uint64"),
        ("nonce", "bytes32"),
    ),
    "Receipt": (
        ("leaves", "bytes32"),
        ("index", "uint64"),
        ("count", "uint64"),
        ("issuedAt", "uint64"),
        ("sealBy", "uint64"),
    ),
}


def file_name(subject: str) -> str:
    """A file's name for a subject, whatever is in it: letters, digits, `-` and `_`, and a part of its key's hex."""
    plain = _UNSAFE.sub("_", subject).strip("_")[:_LONGEST_NAME]
    return f"{plain or 'subject'}-{subjects.key(subject).hex()[:12]}"


def leans_on(bundle: Bundle) -> list[str]:
    """The subjects of other streams that say something of this one, each once: the batches and containers it is shown
    with, those that its statements name, its product, what gives rights to review it, and the profiles of who signed.
    """
    found = [stream.subject for stream in bundle.related]
    shown = [*bundle.main.shown, *bundle.support, *bundle.pending]
    for one in shown:
        found += _named(one.body.get("public"))
    found += [support.subject for support in bundle.support]
    own = bundle.subject.split("/")
    if own[1] == "reviews":
        found += [f"/01/{own[2]}", f"/rights/{own[2]}"]
    for subject in (bundle.subject, *found):
        if subject.startswith("/01/") and len(subject) > len("/01/") + 14:
            found.append(subject[: len("/01/") + 14])
    everyone = [*shown, *(one for stream in bundle.related for one in stream.shown)]
    found += [subjects.merchant(by) for one in everyone if (by := participant(one))]
    return [subject for subject in dict.fromkeys(found) if subject != bundle.subject]


def _named(value: object) -> Iterator[str]:
    """The subjects in a statement, wherever they stand in it."""
    if isinstance(value, dict):
        for member in value.values():
            yield from _named(member)
    elif isinstance(value, list):
        for member in value:
            yield from _named(member)
    elif isinstance(value, str) and value.startswith("/"):
        try:
            if subjects.parse(value) == value:
                yield value
        except InvalidIdentifier:
            return


def participant(one: Shown) -> str:
    """The registered participant who is said to have signed an entry; empty where it is a shopper, or nobody."""
    by = one.body.get("by") if isinstance(one.body, Mapping) else None
    try:
        return statements.address(by, "by") if one.header.kind not in rules.SHOPPERS else ""
    except Malformed:
        return ""


# -- signatures


def typed_data(kind: str, chain: int, contract: str, message: Json) -> Json:
    """The EIP-712 JSON of a `Statement` or a `Receipt`, as wallets and their libraries take it. Hashes are 0x hex."""
    domain = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": type} for name, type in domain],
            kind: [{"name": name, "type": type} for name, type in _STRUCTS[kind]],
        },
        "primaryType": kind,
        "domain": {"name": "Suyuan", "version": "1", "chainId": chain, "verifyingContract": contract},
        "message": message,
    }


def receipt_data(receipt: Receipt, chain: int, journal: str) -> Json:
    """A receipt as typed data."""
    message = {
        "leaves": f"0x{receipt.leaves.hex()}",
        "index": receipt.index,
        "count": receipt.count,
        "issuedAt": receipt.issued_at,
        "sealBy": receipt.seal_by,
    }
    return typed_data("Receipt", chain, journal, message)


def signature_of(one: Shown, chain: int, journal: str, merchants: str) -> Json:
    """An entry's statement in the form in which its signature can be checked with any library.

    `merchants`: address of the MerchantRegistry. What holds no readable statement is told as such, with its reason.
    """
    told: Json = {"entry": one.index, "subject": one.subject, "kind": one.body.get("kind")}
    try:
        kind = BY_WORD[str(one.body.get("kind"))]
        body = one.body if kind is Kind.CHECKPOINT else {**one.body, "subject": one.subject}
        signed = rules.signed_in(kind, body, canonical.digest(one.body.get("public")))
    except (KeyError, SuyuanError) as error:
        return {**told, "scheme": "none", "reason": str(error)}
    if kind in rules.SHOPPERS:
        return {**told, **_by_shopper(signed, chain, journal)}
    return {**told, **_by_participant(signed, chain, merchants)}


def _by_shopper(signed: Signed, chain: int, journal: str) -> Json:
    return {
        "scheme": "ES256",  # P-256 over SHA-256 of the message, raw r || s
        "by": signed.by,
        "message": signed.statement.message(chain, journal).decode(),
        "signature": signed.signature.hex(),
    }


def _by_participant(signed: Signed, chain: int, merchants: str) -> Json:
    s = signed.statement
    message = {
        "kind": s.kind,
        "subject": s.subject,
        "content": f"0x{s.content.hex()}",
        "issuedAt": s.issued_at,
        "nonce": f"0x{s.nonce.hex()}",
    }
    digest = s.digest(statements.domain(chain, merchants))
    try:
        key = statements.recover(digest, signed.signature)
    except SuyuanError as error:
        key = str(error)
    return {
        "scheme": "EIP-712",
        "by": signed.by,
        "typedData": typed_data("Statement", chain, merchants, message),
        "digest": f"0x{digest.hex()}",
        "signature": f"0x{signed.signature.hex()}",
        "key": key,
    }


# -- receipts


@dataclass(frozen=True, slots=True)
class Promise:
    """A receipt with its signature."""

    receipt: Receipt
    signature: bytes


def promises_in(value: object) -> list[Promise]:
    """The receipts in a file: one as the site answered it, or as many as a browser saved. Raises Malformed.

    Only the promise itself is taken: what else a browser saves beside it is its owner's.
    """
    if not isinstance(value, dict):
        raise Malformed("a receipt is an object", "receipt")
    if "receipts" in value:
        many = value["receipts"]
        if not isinstance(many, list) or len(many) > RECEIPTS_LIMIT:
            raise Malformed(f"are a list of up to {RECEIPTS_LIMIT}", "receipts")
        return [_promise(one.get("receipt") if isinstance(one, dict) else None) for one in many]
    return [_promise(value.get("receipt", value))]


def _promise(value: object) -> Promise:
    if not isinstance(value, dict):
        raise Malformed("a receipt is an object", "receipt")
    numbers = []
    for name in ("index", "count", "issuedAt", "sealBy"):
        number = value.get(name)
        if type(number) is not int or not 0 <= number <= canonical.SAFE_INTEGER:
            raise Malformed("is a whole number", f"receipt/{name}")
        numbers.append(number)
    leaves = statements.from_hex(value.get("leaves"), 32, "receipt/leaves")
    signature = statements.from_hex(value.get("signature"), 65, "receipt/signature")
    return Promise(Receipt(leaves, *numbers), signature)


# -- the archive


def manifest(files: Mapping[str, bytes]) -> bytes:
    """The hashes of all files, as `sha256sum -c` reads them."""
    return "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()


def write_archive(files: Mapping[str, bytes], target: BinaryIO) -> None:
    """Writes a ZIP of `files`, by name, and their manifest. The same files give the same bytes.

    Raises ValueError for a name that would leave the folder into which it is unpacked.
    """
    everything = {**files, MANIFEST: manifest(files)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(everything, key=lambda one: (one != MANIFEST, one)):
            if not _SAFE.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a file in a pack")
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, everything[name])
