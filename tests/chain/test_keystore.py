"""Keys in files: what they sign, and what they never show."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import secrets
import traceback
from pathlib import Path

import pytest
from eth_account import Account

from suyuan.chain import keystore
from suyuan.chain.keystore import KeyStore, Signer
from suyuan.core.errors import Conflict, Malformed, NotFound, Refused
from suyuan.core.statements import recover

SECRET = bytes(range(1, 33))


def test_signer_signs_as_other_implementations_do() -> None:
    digest = b"\x42" * 32
    signature = Signer(SECRET).sign(digest)
    assert bytes(Account.unsafe_sign_hash(digest, SECRET).signature) == signature
    assert Account.from_key(SECRET).address.lower() == Signer(SECRET).address == recover(digest, signature)
    assert signature[64] in (27, 28)


def test_signer_shows_its_address_alone() -> None:
    signer = Signer(SECRET)
    shown = f"{signer} {signer!r} {[signer]}"
    assert signer.address in shown
    assert SECRET.hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    with pytest.raises(TypeError):
        copy.deepcopy(signer)


def test_create_writes_a_file_that_wallets_read_and_only_its_owner_may(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "key.json"
    signer = keystore.create(file, "password", secret=SECRET)
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET.hex() not in file.read_text()
    assert bytes(Account.decrypt(file.read_text(), "password")) == SECRET
    assert keystore.load(file, "password").address == signer.address
    assert [file] == list(file.parent.iterdir())


def test_create_never_overwrites_a_key(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    keystore.create(file, "password", secret=SECRET)
    before = file.read_bytes()
    with pytest.raises(Conflict):
        keystore.create(file, "password")
    assert before == file.read_bytes()
    assert [file] == list(tmp_path.iterdir())


def test_load_another_password_is_refused_without_a_word_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "key.json"
    right, wrong = secrets.token_hex(), secrets.token_hex()
    caplog.set_level(logging.DEBUG)
    keystore.create(file, right, secret=SECRET)
    with pytest.raises(Refused) as caught:
        keystore.load(file, wrong)
    said = "".join(traceback.format_exception(caught.value)) + caplog.text
    for secret in (right, wrong, SECRET.hex()):
        assert secret not in said


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 3, "crypto": {}}', '{"version": 9}'])
def test_load_what_is_no_key_is_malformed(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(content)
    with pytest.raises(Malformed):
        keystore.load(file, "password")


def test_load_a_file_with_another_address_is_malformed(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    keystore.create(file, "password", secret=SECRET)
    value = json.loads(file.read_text())
    value["address"] = "00" * 20
    file.write_text(json.dumps(value))
    with pytest.raises(Malformed):
        keystore.load(file, "password")


def test_load_a_missing_key_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        keystore.load(tmp_path / "key.json", "password")


def test_keystore_makes_a_password_of_its_own_once(tmp_path: Path) -> None:
    password = tmp_path / "password"
    store = KeyStore(tmp_path / "keys", password)
    first = store.create("sealer")
    words = password.read_text()
    second = store.create("operator")
    assert password.stat().st_mode & 0o777 == 0o600
    assert words == password.read_text()
    assert store.roles() == ["operator", "sealer"]
    assert (first, second) == (store.signer("sealer").address, store.address("operator"))


def test_keystore_asks_for_the_password_where_it_is_told_to(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("asked")
        return "from a prompt"

    store = KeyStore(tmp_path, ask)
    address = store.create("admin")
    assert address == store.signer("admin").address
    assert store.has("admin")
    assert len(asked) == 2


def test_keystore_without_key_or_password_is_not_found(tmp_path: Path) -> None:
    store = KeyStore(tmp_path, tmp_path / "password")
    assert not store.has("sealer")
    for ask in (store.address, store.signer):
        with pytest.raises(NotFound):
            ask("sealer")
