"""Keys in encrypted files (Web3 Secret Storage, version 3, scrypt), as every wallet reads them.

A key leaves its file only into a `Signer`, which signs and shows its address, or by a one-way derivation. Neither it
nor a password is ever in an environment variable, a log line or an error.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import orjson
from coincurve import PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from eth_account import Account

from suyuan.core.errors import Conflict, Malformed, NotFound, Refused
from suyuan.core.statements import address, address_of

# scrypt's N, with r = 8 and p = 1: 128 MiB and a third of a second a file, what OWASP asks for. Tests set it lower.
WORK = 2**17


class Signer:
    """Holds a secp256k1 key, and shows only its address."""

    __slots__ = ("__key", "_address")

    def __init__(self, secret: bytes) -> None:
        self.__key = PrivateKey(secret)
        self._address = address_of(self.__key.public_key.format(compressed=False))

    @classmethod
    def random(cls) -> Signer:
        """One with a key of its own, that nothing keeps."""
        return cls(secrets.token_bytes(32))

    @property
    def address(self) -> str:
        """Lower-case, with 0x."""
        return self._address

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r || s || v over a 32-byte digest: low s, v 27 or 28."""
        made = self.__key.sign_recoverable(digest, hasher=None)
        return made[:64] + bytes((27 + made[64],))

    def __repr__(self) -> str:
        return f"<Signer {self._address}>"

    def __reduce__(self) -> str:
        raise TypeError("a key is not copied out of its signer")


def create(file: Path, password: str, *, secret: bytes | None = None) -> Signer:
    """Makes a key (or takes one) and writes it encrypted, for its owner alone. Raises Conflict where the file is."""
    secret = secret or secrets.token_bytes(32)
    signer = Signer(secret)
    sealed = Account.encrypt(secret, password, kdf="scrypt", iterations=WORK)
    write_once(file, orjson.dumps(sealed))
    return signer


def load(file: Path, password: str) -> Signer:
    """Opens a key file. Raises NotFound, Malformed, Refused (another password)."""
    sealed = _read(file)
    signer = Signer(_open(sealed, file, password))
    if signer.address != _address(sealed, file):
        raise Malformed("names another address than its key has", file.name)
    return signer


class KeyStore:
    """A node's keys in a folder, a file for each role. `password`: a file that holds it, or who asks for it.

    The first key that is created creates the password's file, if that is missing.
    """

    def __init__(self, folder: Path, password: Path | Callable[[], str]) -> None:
        self._folder = folder
        self._password = password

    def roles(self) -> list[str]:
        """The roles that have a key."""
        return sorted(file.stem for file in self._folder.glob("*.json"))

    def has(self, role: str) -> bool:
        """Whether a role has a key."""
        return self._file(role).exists()

    def address(self, role: str) -> str:
        """A role's address, for which nothing is decrypted. Raises NotFound."""
        file = self._file(role)
        return _address(_read(file), file)

    def create(self, role: str) -> str:
        """Makes a key for a role; its address. Raises Conflict if there is one."""
        if isinstance(self._password, Path) and not self._password.exists():
            write_once(self._password, secrets.token_urlsafe(32).encode())
        return create(self._file(role), self._secret()).address

    def signer(self, role: str) -> Signer:
        """Opens a role's key. Raises NotFound, Malformed, Refused (another password)."""
        return load(self._file(role), self._secret())

    def derived(self, role: str, purpose: str) -> bytes:
        """32 bytes that only the holder of a role's key can derive, for encryption. Raises like `signer`."""
        secret = _open(_read(self._file(role)), self._file(role), self._secret())
        return HKDF(SHA256(), 32, None, purpose.encode()).derive(secret)

    def _file(self, role: str) -> Path:
        return self._folder / f"{role}.json"

    def _secret(self) -> str:
        if not isinstance(self._password, Path):
            return self._password()
        try:
            return self._password.read_text().strip()
        except FileNotFoundError:
            raise NotFound(f"no password in {self._password}") from None


def _read(file: Path) -> dict[str, object]:
    try:
        value = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"no key in {file}") from None
    except orjson.JSONDecodeError:
        raise Malformed("is no encrypted key", file.name) from None
    if not isinstance(value, dict):
        raise Malformed("is no encrypted key", file.name)
    return value


def _open(sealed: dict[str, object], file: Path, password: str) -> bytes:
    try:
        return bytes(Account.decrypt(sealed, password))
    except (ValueError, LookupError, TypeError, NotImplementedError) as error:
        if "MAC mismatch" in str(error):
            raise Refused(f"the password does not open {file.name}") from None
        raise Malformed("is no encrypted key that can be read", file.name) from None


def _address(sealed: dict[str, object], file: Path) -> str:
    return address("0x" + str(sealed.get("address", "")).lower().removeprefix("0x"), file.name)


def write_once(file: Path, content: bytes) -> None:
    """All of it or nothing, for the owner alone, and never over another."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(descriptor)
        os.link(draft, file)
    except FileExistsError:
        raise Conflict(f"{file} is there already") from None
    finally:
        draft.unlink()
