"""What becomes a record, what does not, and that what does not leaves nothing."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from live import (
    GTIN,
    OTHER_GTIN,
    Live,
    batch_document,
    declared_wrong,
    document,
    epc,
    event,
    items,
    next_second,
    product_document,
)
from live import receipt_key as receipt_key_of
from suyuan.client import Author, SiteRefused
from suyuan.core import canonical, entries, merkle, proof, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis.model import STATEMENT
from suyuan.core.rules import Standing
from suyuan.core.statements import Receipt, Signed, Statement
from suyuan.storage import journal

Json = dict[str, Any]


def refused(call: Callable[[], Any], status: int, *words: str) -> None:
    with pytest.raises(SiteRefused) as caught:
        call()
    assert caught.value.status == status, caught.value
    for word in words:
        assert word in str(caught.value)


def restated(live: Live, author: Author, signer: str, public: Json, **changes: Any) -> Json:
    """A statement over `public` by whoever, with changed parts, signed after the change."""
    values = {
        "kind": "product", "subject": f"/01/{GTIN}", "content": canonical.digest(public),
        "issued_at": int(time.time()), "nonce": secrets.token_bytes(32), **changes,
    }  # fmt: skip
    statement = Statement(**values)
    d = live.node.deployment
    signature = live.signers[signer].sign(statement.digest(statements.domain(d.chain_id, d.merchants)))
    return Signed(author.id, statement, signature).as_json()


def product(live: Live, **changes: Any) -> Json:
    """What a merchant sends to list a product."""
    made = product_document()
    public = {"document": canonical.digest(made).hex()}
    signer = changes.pop("signer", "merchant")
    author = live.author(changes.pop("by", "merchant"))
    return {"statement": restated(live, author, signer, public, **changes), "public": public, "document": made}


# -- the same again


def test_the_same_event_again_is_the_same_event(live: Live) -> None:
    one = event()
    first = live.merchant.capture_event(one)
    with live.nothing_written():
        again = live.merchant.capture_event(one)
    assert (first["outcome"], again["outcome"]) == ("new", "same")
    assert (again["index"], again["receipt"], again["eventHash"]) == (
        first["index"], first["receipt"], first["eventHash"],
    )  # fmt: skip


def test_an_event_twice_in_one_document_is_recorded_once(live: Live) -> None:
    one = event()
    job = live.merchant.capture(document(one, one))
    assert [e["outcome"] for e in job["events"]] == ["new", "same"]
    assert live.size() == 1


def test_an_event_with_the_same_hash_and_other_content_is_a_conflict(live: Live) -> None:
    one = event()
    live.merchant.capture_event(one)
    same_hash = {**one, "recordTime": "2026-11-01T00:00:00Z"}  # the CBV hash leaves it out
    with live.nothing_written():
        refused(lambda: live.merchant.capture_event(same_hash), 409)


def test_an_event_by_another_author_is_a_conflict(live: Live) -> None:
    one = event()
    live.merchant.capture_event(one)
    with live.nothing_written():
        refused(lambda: live.partner.capture_event(one), 409)


def test_another_event_with_an_id_that_is_taken_is_a_conflict(live: Live) -> None:
    live.merchant.capture_event(event(eventID="urn:uuid:6e6a1f2c-0000-4000-8000-000000000001"))
    with live.nothing_written():
        refused(
            lambda: live.merchant.capture_event(event(eventID="urn:uuid:6e6a1f2c-0000-4000-8000-000000000001")), 409
        )


def test_the_same_product_statement_again_is_the_same_record(live: Live) -> None:
    sent = product(live)
    first = live.site.post("/v1/products", sent)
    with live.nothing_written():
        again = live.site.post("/v1/products", sent)
    assert again == {**first, "outcome": "same"}


def test_a_nonce_serves_once(live: Live) -> None:
    nonce = secrets.token_bytes(32)
    live.site.post("/v1/products", product(live, nonce=nonce))
    with live.nothing_written():
        refused(
            lambda: live.site.post("/v1/products", product(live, nonce=nonce, issued_at=int(time.time()) - 5)),
            409, "nonce",
        )  # fmt: skip


def test_two_signers_may_choose_the_same_nonce(live: Live) -> None:
    nonce = secrets.token_bytes(32)
    live.site.post("/v1/products", product(live, nonce=nonce))
    other = product(live, nonce=nonce, by="other", signer="other", subject=f"/01/{OTHER_GTIN}")
    assert live.site.post("/v1/products", other)["outcome"] == "new"


def test_an_event_signed_again_under_a_used_nonce_is_refused(live: Live) -> None:
    first = live.merchant.sign_event(event(), None)
    live.site.post("/epcis/events", first)
    second = live.merchant.sign_event(event(), None)
    public_nonce = bytes.fromhex(first[STATEMENT]["nonce"])
    content = bytes.fromhex(second[STATEMENT]["content"])
    second[STATEMENT] = restated(
        live, live.merchant, "merchant", {}, kind="checkpoint", subject="", content=content, nonce=public_nonce
    )
    with live.nothing_written():
        refused(lambda: live.site.post("/epcis/events", second), 409, "nonce")


# -- error declarations


def test_an_error_declaration_is_a_new_entry_that_points_at_what_it_corrects(live: Live) -> None:
    wrong = event(epc("A1"))
    first = live.merchant.capture_event(wrong)
    retraction = live.merchant.capture_event(declared_wrong(wrong))
    assert (retraction["outcome"], retraction["index"]) == ("new", first["index"] + 1)
    assert retraction["eventHash"] == first["eventHash"]
    with live.node.database.read() as connection:
        (_, row) = journal.stream(connection, subjects.key(f"/01/{GTIN}/21/A1"), 0)
    assert canonical.parse(row.body)["public"]["corrects"] == canonical.digest(wrong).hex()
    with live.nothing_written():
        assert live.merchant.capture_event(declared_wrong(wrong))["outcome"] == "same"


def test_only_its_author_retracts_an_event(live: Live) -> None:
    wrong = event()
    live.merchant.capture_event(wrong)
    with live.nothing_written():
        refused(lambda: live.partner.capture_event(declared_wrong(wrong)), 404)


def test_what_was_never_recorded_is_not_retracted(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.merchant.capture_event(declared_wrong(event())), 404)


# -- who may write


def test_a_statement_over_other_content_is_refused(live: Live) -> None:
    sent = live.merchant.sign_event(event(), None)
    with live.nothing_written():
        refused(lambda: live.site.post("/epcis/events", {**sent, "bizStep": "receiving"}), 401)


def test_a_document_that_is_not_the_one_stated_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/products", {**product(live), "document": {"name": "x"}}), 400, "document")


def test_a_signature_by_another_key_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/products", product(live, signer="other")), 401)


@pytest.mark.parametrize("signature", ["00" * 65, "11" * 64 + "05", "ff" * 64 + "1b"])
def test_a_signature_that_no_key_makes_is_refused(live: Live, signature: str) -> None:
    sent = product(live)
    sent["statement"]["signature"] = signature
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/products", sent), 401)


def test_a_signature_for_another_journal_is_refused(live: Live) -> None:
    sent = product(live)
    made = sent["statement"]
    statement = Signed.from_json(made).statement
    foreign = statements.domain(1, live.node.deployment.merchants)
    made["signature"] = live.signers["merchant"].sign(statement.digest(foreign)).hex()
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/products", sent), 401)


def test_whoever_was_not_admitted_is_refused(live: Live) -> None:
    from suyuan.chain.keystore import Signer

    stranger = Author(live.site, Signer.random())
    with live.nothing_written():
        refused(lambda: stranger.capture_event(event()), 403, "not registered")


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.EXPELLED])
def test_whoever_lost_standing_is_refused(live: Live, standing: Standing) -> None:
    live.merchant.capture_event(event())
    live.registrar.set_standing(live.merchant.id, standing, "fakes")
    with live.nothing_written():
        refused(lambda: live.merchant.capture_event(event()), 403, standing.name.lower())


def test_a_warned_merchant_writes_on_and_a_suspended_one_after_being_admitted_again(live: Live) -> None:
    live.registrar.set_standing(live.merchant.id, Standing.WARNED, "late")
    live.merchant.capture_event(event())
    next_second()
    live.registrar.set_standing(live.merchant.id, Standing.SUSPENDED, "fakes")
    refused(lambda: live.merchant.capture_event(event()), 403)
    live.registrar.set_standing(live.merchant.id, Standing.ADMITTED, "settled")
    live.merchant.capture_event(event())
    live.node.seal_now()
    live.assert_clean()


def test_after_a_key_is_rotated_the_new_one_signs_and_the_old_one_does_not(live: Live) -> None:
    from suyuan.chain.keystore import Signer

    new = Signer.random()
    id = live.merchant.id
    live.registrar.rotate(id, new.address)
    with live.nothing_written():
        refused(lambda: live.merchant.capture_event(event()), 401)
    assert Author(live.site, new, id=id).capture_event(event())["outcome"] == "new"


def test_a_role_writes_only_its_kinds(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.regulator.capture_event(event()), 403, "regulator")
        refused(lambda: live.partner.register_batch(GTIN, "L1", batch_document("L1"), items("A1")), 403, "partner")
        refused(lambda: live.partner.recall_batch(GTIN, "L1", {}), 403, "partner")


def test_a_statement_from_the_future_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/products", product(live, issued_at=int(time.time()) + 700)), 401, "future")


def test_a_statement_of_another_kind_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/merchants", product(live)), 400, "kind")
        refused(lambda: live.site.post("/v1/products", product(live, subject="/01/09521141012346")), 400)
        refused(lambda: live.site.post("/v1/products", product(live, subject=f"/01/{GTIN}/21/A1")), 400)


def test_another_merchants_product_is_not_listed_or_batched(live: Live) -> None:
    live.merchant.list_product(GTIN, product_document())
    with live.nothing_written():
        refused(lambda: live.other.list_product(GTIN, product_document("mine")), 403, "another merchant")
        refused(lambda: live.other.register_batch(GTIN, "L1", batch_document("L1"), items("A1")), 403)


def test_another_merchants_batch_is_recalled_by_the_regulator_only(live: Live) -> None:
    live.list_and_register("L1")
    with live.nothing_written():
        refused(lambda: live.other.recall_batch(GTIN, "L1", {"why": "x"}), 403)


def test_another_participants_profile_is_not_written(live: Live) -> None:
    sent = product(live, kind="merchant", subject=f"/merchant/{live.other.id}")
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/merchants", sent), 403)


# -- batches


def batch(live: Live, serials: list[str], **changes: Any) -> Json:
    """What a merchant sends to register a batch; `changes` replace what is stated before it is signed."""
    made = batch_document("L1")
    listed = [{"serial": s, "code": sha256(s.encode()).hexdigest()} for s in serials]
    tree = merkle.Tree(proof.item_leaf(one["serial"], bytes.fromhex(one["code"])) for one in listed)
    public = {
        "document": canonical.digest(made).hex(), "quantity": len(listed), "itemsRoot": tree.root().hex(), **changes,
    }  # fmt: skip
    subject = subjects.batch(GTIN, "L1")
    registration = statements.Batch(
        subjects.key(subject), live.merchant.id, public["quantity"], bytes.fromhex(public["itemsRoot"]),
        canonical.digest(public),
    )  # fmt: skip
    d = live.node.deployment
    signature = live.signers["merchant"].sign(registration.digest(statements.domain(d.chain_id, d.batches)))
    return {
        "statement": restated(live, live.merchant, "merchant", public, kind="batch", subject=subject),
        "public": public, "document": made, "items": listed, "registration": signature.hex(),
    }  # fmt: skip


def test_a_batch_that_does_not_agree_with_itself_is_refused(live: Live) -> None:
    live.merchant.list_product(GTIN, product_document())

    def post(sent: Json) -> Callable[[], Any]:
        return lambda: live.site.post("/v1/batches", sent)

    good = batch(live, ["A1", "A2"])
    with live.nothing_written():
        refused(post(batch(live, ["A1", "A2"], itemsRoot="ab" * 32)), 400, "root")
        refused(post(batch(live, ["A1", "A2"], quantity=3)), 400, "quantity")
        refused(post(batch(live, ["A1", "A2"], quantity=0)), 400, "quantity")
        refused(post(batch(live, ["A2", "A1"])), 400, "order")
        refused(post(batch(live, ["A1", "A1"])), 400, "each once")
        refused(post({**good, "items": []}), 400, "items")
        refused(post({**good, "items": None}), 400, "items")
        refused(post({**good, "items": [{"serial": "A1"}]}), 400, "items/0")
        refused(post({**good, "registration": None}), 400, "registration")
        refused(post({**good, "registration": good["statement"]["signature"]}), 401)
    assert live.site.post("/v1/batches", good)["outcome"] == "new"
    with live.nothing_written():
        assert live.site.post("/v1/batches", good)["outcome"] == "same"
        refused(post(batch(live, ["A1", "A2"])), 409, "registered already")


def test_a_serial_belongs_to_one_batch(live: Live) -> None:
    live.list_and_register("L1", "A1", "A2")
    with live.nothing_written():
        refused(
            lambda: live.merchant.register_batch(GTIN, "L2", batch_document("L2"), items("A2", "A3")), 409, "serial"
        )


def test_a_batch_of_a_product_that_is_not_listed_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.merchant.register_batch(GTIN, "L1", batch_document("L1"), items("A1")), 400, "not listed")


def test_a_batch_that_was_never_registered_is_not_recalled(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.merchant.recall_batch(GTIN, "L9", {"why": "x"}), 400, "never registered")


def test_a_wrong_check_digit_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.merchant.list_product("09521141012346", product_document()), 400)
        refused(lambda: live.site.post("/epcis/events", unsigned(live, epc("A1", "09521141012346"))), 400, "epcList/0")


def unsigned(live: Live, wrong: str) -> Json:
    """An event with one EPC put in after it was signed: it is looked at before the signature is."""
    return {**live.merchant.sign_event(event(), None), "epcList": [wrong]}


def test_an_event_without_a_statement_is_refused(live: Live) -> None:
    with live.nothing_written():
        refused(lambda: live.site.post("/epcis/events", event()), 400, "suyuan:statement")


# -- an event of many items, receipts


def test_an_event_that_names_a_thousand_items_is_a_thousand_adjacent_entries_under_one_receipt(live: Live) -> None:
    live.merchant.capture_event(event())
    before = live.size()
    taken = live.merchant.capture_event(event(*(epc(f"K{i:04}") for i in range(1000))))
    receipt = taken["receipt"]
    assert (taken["index"], receipt["index"], receipt["count"]) == (before, before, 1000)
    with live.node.database.read() as connection:
        raw = journal.headers(connection, before, before + 1000)
    keys = [entries.decode(header).key for header in raw]
    assert keys == sorted(subjects.key(f"/01/{GTIN}/21/K{i:04}") for i in range(1000))
    assert len({entries.decode(header).body for header in raw}) == 1
    assert merkle.Tree(map(entries.leaf, raw)).root().hex() == receipt["leaves"]
    live.node.seal_now()
    live.assert_clean()


def test_a_receipt_is_signed_by_the_receipt_key_and_promises_a_seal(live: Live) -> None:
    value = live.merchant.capture_event(event())["receipt"]
    receipt = Receipt(
        bytes.fromhex(value["leaves"]), value["index"], value["count"], value["issuedAt"], value["sealBy"]
    )
    d = live.node.deployment
    digest = receipt.digest(statements.domain(d.chain_id, d.journal))
    signer = statements.recover(digest, bytes.fromhex(value["signature"]))
    assert signer == receipt_key_of(live)
    assert live.node.chain.receipt_key_at(signer, int(time.time()))
    assert receipt.seal_by - receipt.issued_at == live.node.settings.promise_seconds


def test_of_a_document_with_one_bad_event_nothing_is_recorded(live: Live) -> None:
    signed = live.merchant.sign_document(document(event(), event(), event()))
    signed["epcisBody"]["eventList"][2]["bizStep"] = "receiving"
    with live.nothing_written():
        refused(lambda: live.site.post("/epcis/capture", signed), 401)


def test_the_kinds_that_this_version_does_not_take_are_refused(live: Live) -> None:
    sent = product(live, kind=Kind.REVIEW.word)
    with live.nothing_written():
        refused(lambda: live.site.post("/v1/products", sent), 400)
