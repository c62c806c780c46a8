"""Evidence packs: unpacked in an empty folder they are checked with nothing but what is in them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from live import GTIN, Live, epc, event, packing
from market import BATCH, LOT, REVIEWS, Market, image, open_market, order_of
from suyuan.chain.port import Chain
from suyuan.core import canonical, evidence, proof, subjects
from suyuan.core.errors import ChainAway, InvalidIdentifier, Malformed, NotFound, Refused, Throttled, TooLarge
from suyuan.core.evidence import MANIFEST, Promise, file_name, promises_in, write_archive
from suyuan.core.proof import Deployment, State
from suyuan.services import evidence as service
from suyuan.services.evidence import Desk, Outcome, Pack
from suyuan.services.throttle import Throttle

ITEM = subjects.item(GTIN, "S00001")
PALLET = "https://id.gs1.org/00/095211410000000014"
HOSTILE = ["/../../etc/passwd", "//", "/a/b\\c", "/" + "x" * 4000, "/COM1", "/.ssh", "/\u202egnp", "/01/'\"<>|*?\n"]


@pytest.fixture
def market(live: Live) -> Market:
    """An item on a pallet that was moved, sealed."""
    made = open_market(live, 4)
    live.merchant.publish_profile({"name": {"zh": "湖畔蟹庄", "en": "Lakeside Crabs"}})
    live.merchant.capture_event(packing(PALLET, epc("S00001")))
    live.merchant.capture_event(event(epc("S00001")))
    live.node.seal_now()
    return made


def pinned(live: Live) -> Deployment:
    return Deployment(live.node.deployment.chain_id, live.node.deployment.journal)


def now(live: Live) -> int:
    seal = live.node.prover.newest_seal()
    assert seal is not None
    return (seal.sealed_at or 0) + 60


def reader(live: Live) -> Desk:
    """A desk of somebody with a node of their own, which tells what the chain has."""

    @contextmanager
    def chain(node: str, journal: str) -> Iterator[Chain]:
        if node == "away":
            raise ChainAway("the chain does not answer")
        yield live.node.chain.as_of()

    return Desk(live.node.desk._source, chain, "site")


def made(live: Live, subject: str = ITEM, **more: Any) -> Pack:
    given = {"pinned": pinned(live), "nodes": ("mine",), **more}
    return reader(live).gather(subject, now=now(live), **given)


def unpacked(pack: Pack, folder: Path) -> Path:
    empty = folder / "pack"
    with zipfile.ZipFile(io.BytesIO(service.archive(pack))) as archive:
        archive.extractall(empty)
    return empty


def sha256sum(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sha256sum", "--strict", "-c", MANIFEST], cwd=folder, capture_output=True, text=True)


def words(file: Path) -> str:
    with pypdfium2.PdfDocument(file) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def listed(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


# -- the archive


def test_an_item_s_pack_has_all_that_it_leans_on_and_holds(live: Live, market: Market, tmp_path: Path) -> None:
    pack = made(live)
    assert (pack.state, pack.independent, pack.problems) == (State.HOLDS, True, ())
    proven = {one.bundle.subject for one in pack.proofs}
    assert proven >= {ITEM, BATCH, f"/01/{GTIN}", "/00/095211410000000014", f"/merchant/{live.merchant.id}"}
    files = listed(unpacked(pack, tmp_path))
    assert {"README.txt", "说明.txt", "report.pdf", "verify.html", "protocol.md", MANIFEST} <= set(files)
    assert {"seals.json", "registry.json", "signatures.json", "findings.json"} <= set(files)
    for one in pack.proofs:
        assert f"proofs/{one.file}" in files


def test_the_manifest_is_checked_with_sha256sum_and_finds_a_changed_file(
    live: Live, market: Market, tmp_path: Path
) -> None:
    folder = unpacked(made(live), tmp_path)
    assert sha256sum(folder).returncode == 0
    assert len((folder / MANIFEST).read_text().splitlines()) == len(listed(folder)) - 1
    (folder / "seals.json").write_text((folder / "seals.json").read_text().replace('"number": 1', '"number": 2'))
    found = sha256sum(folder)
    assert found.returncode != 0
    assert "seals.json: FAILED" in found.stdout


def test_every_proof_in_it_is_verified_again_and_a_changed_one_fails(
    live: Live, market: Market, tmp_path: Path
) -> None:
    folder = unpacked(made(live), tmp_path)
    judge = live.node.chain.as_of()
    for file in folder.glob("proofs/*.proof.json"):
        bundle = proof.parse(canonical.parse(file.read_bytes()))
        assert proof.verify(bundle, pinned=pinned(live), now=now(live), judge=judge).state is State.HOLDS, file
    value = json.loads((folder / "proofs" / f"{file_name(BATCH)}.proof.json").read_text())
    value["entries"][0]["body"]["public"]["quantity"] = 5
    report = proof.verify(proof.parse(value), pinned=pinned(live), now=now(live), judge=judge)
    assert report.state is State.FAILS


def test_documents_are_called_by_their_hash(live: Live, market: Market, tmp_path: Path) -> None:
    folder = unpacked(made(live), tmp_path)
    documents = list(folder.glob("documents/*.json"))
    assert len(documents) >= 4
    assert all(sha256(one.read_bytes()).hexdigest() == one.stem for one in documents)


def test_any_wallet_library_recovers_the_signers(live: Live, market: Market, tmp_path: Path) -> None:
    value = json.loads((unpacked(made(live), tmp_path) / "signatures.json").read_text())
    met = set()
    for one in value["statements"]:
        assert one["scheme"] == "EIP-712"
        message = encode_typed_data(full_message=one["typedData"])
        met.add(Account.recover_message(message, signature=one["signature"]).lower())
        assert one["key"] in met
    assert met == {live.merchant.id}


def test_seals_have_their_raw_log_transaction_and_block(live: Live, market: Market, tmp_path: Path) -> None:
    value = json.loads((unpacked(made(live), tmp_path) / "seals.json").read_text())
    seal = live.node.prover.newest_seal()
    assert seal is not None
    (told,) = value["seals"]
    assert told["number"] == seal.number
    assert told["log"]["topics"][1] == f"0x{seal.number:064x}"
    assert seal.root.hex() in told["log"]["data"]
    assert told["transaction"]["hash"] == told["tx"] == told["receipt"]["transactionHash"]
    assert told["block"]["hash"] == told["receipt"]["blockHash"]
    assert value["deployment"]["journal"] == live.node.deployment.journal
    assert any(one.get("name") == "isSeal" for one in value["abi"]["Journal"])


def test_the_registry_tells_of_keys_standing_and_batches(live: Live, market: Market, tmp_path: Path) -> None:
    value = json.loads((unpacked(made(live), tmp_path) / "registry.json").read_text())
    (merchant,) = value["participants"]
    assert merchant["id"] == live.merchant.id
    assert [one["standing"] for one in merchant["standings"]] == ["admitted"]
    (batch,) = value["batches"]
    assert (batch["subject"], batch["quantity"], batch["recalledAt"]) == (BATCH, 4, 0)


def test_the_same_pack_is_the_same_bytes(live: Live, market: Market) -> None:
    pack = made(live)
    assert service.archive(pack) == service.archive(pack)


def test_the_report_says_what_it_found_in_both_languages(live: Live, market: Market, tmp_path: Path) -> None:
    said = words(unpacked(made(live), tmp_path) / "report.pdf")
    for wanted in ("EVERYTHING HOLDS", ITEM, "Timeline", "Lakeside Crabs", "merchant", "in good standing", "1 / "):
        assert wanted in said, wanted
    assert "It is not a paper of a court" in said
    assert "that what was recorded is true" in said


def test_an_embedded_typeface_must_be_one(live: Live, market: Market, tmp_path: Path) -> None:
    file = tmp_path / "no.ttf"
    file.write_bytes(b"not a font")
    with pytest.raises(Malformed, match="TrueType"):
        service.archive(made(live, typeface=file))


# -- whose word it is, and what does not hold


def test_by_the_site_s_own_node_nothing_is_independent(live: Live, market: Market, tmp_path: Path) -> None:
    pack = live.node.desk.gather(ITEM, now=now(live), pinned=pinned(live))
    assert (pack.state, pack.independent) == (State.HOLDS, False)
    folder = unpacked(pack, tmp_path)
    assert "NOT independently verified" in (folder / "README.txt").read_text()
    assert "NOT independently verified" in words(folder / "report.pdf")
    assert json.loads((folder / "findings.json").read_text())["independent"] is False


def test_without_a_pinned_deployment_it_could_not_be_checked(live: Live, market: Market, tmp_path: Path) -> None:
    pack = made(live, pinned=None)
    assert pack.state is State.UNCHECKED
    assert "COULD NOT BE CHECKED" in words(unpacked(pack, tmp_path) / "report.pdf")


def test_another_deployment_fails_on_the_first_page(live: Live, market: Market, tmp_path: Path) -> None:
    other = replace(pinned(live), chain=999)
    pack = made(live, pinned=other)
    assert pack.state is State.FAILS
    folder = unpacked(pack, tmp_path)
    with pypdfium2.PdfDocument(folder / "report.pdf") as pdf:
        assert "IT DOES NOT HOLD" in pdf[0].get_textpage().get_text_range()
    assert "不成立" in (folder / "说明.txt").read_text()


def test_a_node_that_is_away_is_told_of(live: Live, market: Market) -> None:
    pack = made(live, nodes=("away",))
    assert pack.state is State.UNCHECKED
    assert any("away did not answer" in one for one in pack.problems)


def test_a_pack_says_on_its_first_page_that_the_batch_is_recalled(live: Live, market: Market, tmp_path: Path) -> None:
    live.merchant.recall_batch(GTIN, LOT, {"reason": {"zh": "超标", "en": "over the limit"}})
    live.node.seal_now()
    with pypdfium2.PdfDocument(unpacked(made(live), tmp_path) / "report.pdf") as pdf:
        assert f"RECALLED: {BATCH}" in pdf[0].get_textpage().get_text_range()


def test_of_what_nobody_recorded_the_pack_proves_the_absence(live: Live, market: Market, tmp_path: Path) -> None:
    pack = made(live, "/order/" + "00" * 16)
    assert pack.state is State.HOLDS
    assert "The journal has no record of it" in words(unpacked(pack, tmp_path) / "report.pdf")


# -- reviews and orders


def test_a_review_s_right_has_its_words_photos_and_nothing_of_others(
    live: Live, market: Market, tmp_path: Path
) -> None:
    mine, others = market.buyers(2)
    photo = mine.send_photo(image()).json()["photo"]
    mine.submit(stars=4, words="鲜 & sweet", photos=[photo])
    others.submit(stars=1, words="private words of another")
    live.node.seal_now()
    pack = made(live, mine.right)
    assert (pack.wanted.subject, pack.state, pack.problems) == (REVIEWS, State.HOLDS, ())
    assert {one.bundle.subject for one in pack.proofs} >= {REVIEWS, f"/rights/{GTIN}", f"/01/{GTIN}", BATCH}
    folder = unpacked(pack, tmp_path)
    (content,) = folder.glob("words/*.json")
    assert json.loads(content.read_text())["words"] == "鲜 & sweet"
    assert sha256(content.read_bytes()).hexdigest() == content.stem
    (picture,) = folder.glob("photos/*")
    assert sha256(picture.read_bytes()).hexdigest() == picture.stem == photo
    schemes = {one["scheme"] for one in json.loads((folder / "signatures.json").read_text())["statements"]}
    assert schemes == {"EIP-712", "ES256"}
    said = words(folder / "report.pdf")
    assert "Reviews in all" in said
    assert "& sweet" in said
    assert all(b"private words of another" not in one.read_bytes() for one in folder.rglob("*") if one.is_file())


def test_words_that_are_withheld_are_in_no_pack(live: Live, market: Market, tmp_path: Path) -> None:
    (buyer,) = market.buyers(1)
    buyer.submit(words="not for anybody")
    live.node.reviews.withhold(buyer.right, "abuse", "CC-1024")
    live.node.seal_now()
    folder = unpacked(made(live, REVIEWS), tmp_path)
    assert not list(folder.glob("words/*"))
    assert all(b"not for anybody" not in one.read_bytes() for one in folder.rglob("*") if one.is_file())


def test_an_order_s_public_pack_holds_commitments_alone(live: Live, market: Market, tmp_path: Path) -> None:
    order = order_of(live, market)
    pack = made(live, order)
    assert pack.state is State.HOLDS
    assert BATCH in {one.bundle.subject for one in pack.proofs}
    folder = unpacked(pack, tmp_path)
    for one in folder.rglob("*"):
        assert one.is_dir() or (b"a real name" not in one.read_bytes() and b"13800000000" not in one.read_bytes())
    with pytest.raises(Refused):
        made(live, order, private=True)  # that desk is not on the node


def test_on_the_node_an_order_s_private_content_is_what_the_journal_committed_to(
    live: Live, market: Market, tmp_path: Path
) -> None:
    order = order_of(live, market)
    pack = live.node.desk.gather(order, now=now(live), private=True)
    folder = unpacked(pack, tmp_path)
    (file,) = folder.glob("private/*.json")
    assert json.loads(file.read_text())["buyer"] == "a real name"
    committed = [one.body["public"]["private"] for one in pack.main.bundle.main.shown if one.body["kind"] == "order"]
    assert committed == [sha256(file.read_bytes()).hexdigest()] == [file.stem]
    with pytest.raises(Refused):
        live.node.desk.gather(ITEM, now=now(live), private=True)


# -- receipts


def receipt_of(live: Live) -> Promise:
    taken = live.site.post("/epcis/events", live.merchant.sign_event(event(epc("S00002")), None))
    (promise,) = promises_in(taken)
    saved = {"version": 1, "receipts": [{"id": "1", "index": taken["index"], "receipt": taken["receipt"]}]}
    assert promises_in(saved) == [promise]  # as a browser saves it
    return promise


def test_a_receipt_that_was_kept_is_told_as_kept(live: Live, market: Market, tmp_path: Path) -> None:
    promise = receipt_of(live)
    waits = made(live, promises=(promise,))
    assert [one.outcome for one in waits.receipts] == [Outcome.WAITING]
    live.node.seal_now()
    pack = made(live, promises=(promise,))
    assert [one.outcome for one in pack.receipts] == [Outcome.KEPT]
    folder = unpacked(pack, tmp_path)
    assert json.loads((folder / "receipts.json").read_text())[0]["outcome"] == "kept"
    (typed,) = json.loads((folder / "signatures.json").read_text())["receipts"]
    key = Account.recover_message(encode_typed_data(full_message=typed["typedData"]), signature=typed["signature"])
    assert live.node.chain.receipt_key_at(key.lower(), promise.receipt.issued_at)


def signed_again(live: Live, promise: Promise, **changes: Any) -> Promise:
    """Another receipt that the site's own key signs, as an operator that lies would."""
    receipt = replace(promise.receipt, **changes)
    return Promise(receipt, live.node.recorder._sign(receipt))


def test_a_receipt_for_another_entry_or_past_its_time_is_a_broken_promise(live: Live, market: Market) -> None:
    promise = receipt_of(live)
    live.node.seal_now()
    other = signed_again(live, promise, leaves=bytes(32))
    never = signed_again(live, promise, index=10_000, seal_by=now(live) - 1)
    late = signed_again(live, promise, seal_by=promise.receipt.issued_at - 10)
    pack = made(live, promises=(other, never, late))
    assert [one.outcome for one in pack.receipts] == [Outcome.BROKEN, Outcome.BROKEN, Outcome.LATE]
    assert pack.state is State.FAILS


def test_a_receipt_that_nobody_signed_says_so(live: Live, market: Market) -> None:
    promise = receipt_of(live)
    void = replace(promise, receipt=replace(promise.receipt, index=3))
    assert [one.outcome for one in made(live, promises=(void,)).receipts] == [Outcome.VOID]


@pytest.mark.parametrize("value", [[], {}, {"receipts": 5}, {"receipts": [1]}, {"receipt": {"leaves": "zz"}}, "x"])
def test_what_is_no_receipt_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        promises_in(value)


# -- hostile names, large subjects, many askers


@pytest.mark.parametrize("subject", HOSTILE)
def test_a_file_s_name_is_safe_whatever_the_subject(subject: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,61}", file_name(subject))
    assert len({file_name(one) for one in HOSTILE}) == len(HOSTILE)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", "a\\b/c\n", "", ".hidden", "a//b", "a/b/c"])
def test_no_file_leaves_the_folder_it_is_unpacked_in(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        write_archive({name: b""}, io.BytesIO())


@pytest.mark.parametrize("subject", HOSTILE)
def test_a_subject_that_is_none_is_refused(live: Live, subject: str) -> None:
    with pytest.raises(InvalidIdentifier):
        live.node.desk.gather(subject, now=0)


def test_a_right_that_nobody_has_is_not_found(live: Live) -> None:
    with pytest.raises(NotFound):
        live.node.desk.gather("ab" * 32, now=0)


def test_the_site_makes_small_packs_alone_and_not_too_many(
    live: Live, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = live.http.get("/v1/evidence", params={"subject": ITEM})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9_-]+\.zip"', answer.headers["content-disposition"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "report.pdf" in archive.namelist()
        assert not [name for name in archive.namelist() if name.startswith("private/")]
    monkeypatch.setattr(service, "FREE_ENTRIES", 2)
    with pytest.raises(TooLarge):
        live.node.desk.public(ITEM, "10.0.0.1", now=now(live))
    live.node.desk._throttle = Throttle(1, 60)
    name, _ = live.node.desk.public("/order/" + "00" * 16, "10.0.0.2", now=now(live))
    assert name.startswith("order_0000")
    with pytest.raises(Throttled, match="too many packs"):
        live.node.desk.public("/order/" + "00" * 16, "10.0.0.2", now=now(live))


def test_what_leans_on_what_is_found_in_statements_wherever_it_stands() -> None:
    assert list(evidence._named({"a": ["/order/" + "0d" * 16, "/nothing", 5], "b": {"c": BATCH}})) == [
        "/order/" + "0d" * 16,
        BATCH,
    ]
