"""Policies as C2SP tlog-policy has them: what is one, and which checkpoints meet it."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core.errors import Malformed
from suyuan.core.notes import KeyType, NoteSigner, TreeHead, Verifier
from suyuan.core.policy import Policy, parse_policy, satisfied
from suyuan.core.proof import State
from witnessing import LOG, NOW, ORIGIN, W1, W2, W3, MadeLog, signer

W4, W5, W6 = (signer(f"witness.example/w{n}") for n in (4, 5, 6))
SIX = "".join(f"witness W{n} {one.verifier}\n" for n, one in enumerate((W1, W2, W3, W4, W5, W6), 1))
NOTE = MadeLog().note


def policy(text: str, *, log: bool = True) -> Policy:
    return parse_policy(((f"log {LOG.verifier}\n" if log else "") + text).encode())


# Tables of sigsum-go's pkg/policy: TestValidConfig, TestNumericThreshold.
@pytest.mark.parametrize(
    ("text", "enough", "too_few"),
    [
        (
            "group G1 any W1 W2\ngroup G2 2 W3 W4 W5\ngroup G3 all G1 G2\nquorum G3\n",
            ["134", "235", "12345", "1346"],
            ["", "1", "2", "3", "345", "12", "13", "6"],
        ),
        (
            "group A 1 W1 W2 W3\ngroup B 2 W4 W5 W6\ngroup G any A B\nquorum G\n",
            ["1", "2", "3", "13", "134", "45", "46", "56", "456", "2456"],
            ["", "4", "5", "6"],
        ),
        ("quorum W2\n", ["2", "12"], ["", "1"]),
        ("quorum none\n", ["", "1"], []),
        ("group G all W1 W2\nquorum G\n", ["12", "123"], ["1", "2", "3"]),
    ],
)
def test_a_quorum_is_met_by_who_is_enough_and_by_nobody_else(text: str, enough: list[str], too_few: list[str]) -> None:
    met = policy(SIX + text)
    for names in enough:
        assert met.met_by([f"W{n}" for n in names]), names
    for names in too_few:
        assert not met.met_by([f"W{n}" for n in names]), names


def test_a_policy_is_read_with_comments_tabs_and_addresses() -> None:
    text = (
        "# example\n\n  # comment\n"
        f"\tlog\t{LOG.verifier}   https://log.example  \n"
        f"witness X {W1.verifier} http://w1.example/\n"
        f"witness 见证 {W2.verifier}\n"
        "quorum 见证\n"
        f"log {signer('other.example', KeyType.NOTE).verifier}"
    )
    met = parse_policy(text.encode())
    assert [(one.verifier.name, one.url) for one in met.logs] == [
        (ORIGIN, "https://log.example"),
        ("other.example", ""),
    ]
    assert {name: one.url for name, one in met.witnesses.items()} == {"X": "http://w1.example/", "见证": ""}
    assert met.quorum == "见证"


# sigsum-go's TestInvalidConfig, and what the specification adds.
@pytest.mark.parametrize(
    "text",
    [
        "",
        "# \f\nquorum none\n",
        "# \x7f\nquorum none\n",
        "quorum none\r\n",
        f"log {LOG.verifier}\nlog {LOG.verifier}\nquorum none\n",
        f"log {LOG.verifier} https://example.org #comment\nquorum none\n",
        f"log {W1.verifier}\nquorum none\n",
        "log\nquorum none\n",
        f"witness W1 {LOG.verifier}\nquorum none\n",
        f"witness W1 {W1.verifier}\nwitness W2 {W1.verifier}\nquorum none\n",
        f"witness W1 {W1.verifier}\nwitness W1 {W2.verifier}\nquorum none\n",
        f"witness none {W1.verifier}\nquorum none\n",
        f"witness {W1.verifier}\nquorum none\n",
        SIX,
        SIX + "group G all W1 W7 W2\nquorum G\n",
        SIX + "group G all W1 W2 W1\nquorum G\n",
        SIX + "group G1 all W1 W2\ngroup G2 all W3 W2\nquorum G1\n",
        SIX + "group G all none\nquorum G\n",
        SIX + "group G all G\nquorum G\n",
        SIX + "group W1 all W2\nquorum W1\n",
        SIX + "group G all\nquorum G\n",
        SIX + "group G 0 W1\nquorum G\n",
        SIX + "group G 3 W1 W2\nquorum G\n",
        SIX + "group G -1 W1 W2\nquorum G\n",
        SIX + "group G 01 W1 W2\nquorum G\n",
        SIX + "group G some W1 W2\nquorum G\n",
        SIX + "quorum W1\nquorum W1\n",
        SIX + "quorum W1 W2\n",
        SIX + "quorum W7\n",
        "quorum W1\n" + SIX,
        "quorum none\nmore\n",
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_policy(text.encode())


def test_what_is_wrong_is_told_with_its_line() -> None:
    with pytest.raises(Malformed, match="line 7: W9 is not defined above"):
        parse_policy((SIX + "quorum W9\n").encode())


def test_two_names_for_one_key_are_one_witness() -> None:
    twin = NoteSigner("other.example/w1", KeyType.COSIGNATURE, b"\x07" * 32)
    again = NoteSigner("witness.example/twin", KeyType.COSIGNATURE, b"\x07" * 32)
    with pytest.raises(Malformed):
        parse_policy(f"witness A {twin.verifier}\nwitness B {again.verifier}\nquorum A\n".encode())


# A tree head of the log seasalp.glasklar.is of 1 August 2025, out of a monitor's tests (sigmon, test_sigsum.py), and
# the witnesses of the policy "sigsum-generic-2025-1" (sigsum-go), whose "2 of these 3" it is to meet.
SEASALP = "0ec7e16843119b120377a73913ac6acbc2d03d82432e2c36b841b09a95841f25"
SEASALP_ROOT = "4ccedda0c3e6afc83cfcddfad7df3d95cbd1e857ecf3cf0569b8f69ce32727f8"
SEASALP_SIGNED = (
    "880207e73dbe7aa11ebab8118d4da67e59a2ff29d9b11e98b8d5d4062dbd4d12"
    "765b5389b4f0583130fa8573cf997d60b94c9e4d700469aba5a9f4383f619509"
)
WITNESSES = {
    "witness.glasklar.is": "b2106db9065ec97f25e09c18839216751a6e26d8ed8b41e485a563d3d1498536",
    "witness.mullvad.net": "15d6d0141543247b74bab3c1076372d9c894f619c376d64b29aa312cc00f61ad",
    "tillitis.se/tillitis-witness-1": "076be8c9ee7ea60916f0df3608c945d7730082ecb37749dad2c9ed339fea770c",
}
COSIGNED_AT = 1_754_020_861
COSIGNED = {
    "witness.glasklar.is": (
        "9ab58c0f6cbfd02549891b3b9d7e68fd7fefd42b6dc22fbbee7ed3119d1ed180"
        "7edc74c8b12fd430e4ee6084b59077d4c8eafe09eefdbbe31666828c34d24702"
    ),
    "witness.mullvad.net": (
        "82f16ff572ba54e6f0b2f27e0e34fa729ab42d566b1d54a0b689d345c373fd0d"
        "87a61a6b6e81b4d17b3ca9f13f01a6c1325d701e6350ecddfa54b6b453691d0f"
    ),
}


def real(*witnesses: str) -> str:
    """The real tree head, with the lines of these witnesses."""
    key = bytes.fromhex(SEASALP)
    log = Verifier(f"sigsum.org/v1/tree/{sha256(key).hexdigest()}", KeyType.NOTE, key)
    lines = [(log, bytes.fromhex(SEASALP_SIGNED))]
    for name in witnesses:
        witness = Verifier(name, KeyType.COSIGNATURE, bytes.fromhex(WITNESSES[name]))
        lines.append((witness, COSIGNED_AT.to_bytes(8, "big") + bytes.fromhex(COSIGNED[name])))
    text = TreeHead(log.name, 12851, bytes.fromhex(SEASALP_ROOT)).text()
    return text + "\n" + "".join(f"\u2014 {v.name} {b64encode(v.id + raw).decode()}\n" for v, raw in lines)


def real_policy() -> Policy:
    log = real().split("\n")[0]
    keys = {name: Verifier(name, KeyType.COSIGNATURE, bytes.fromhex(key)) for name, key in WITNESSES.items()}
    lines = [f"log {Verifier(log, KeyType.NOTE, bytes.fromhex(SEASALP))} https://seasalp.glasklar.is"]
    lines += [f"witness {name} {key}" for name, key in keys.items()]
    lines += [f"group quorum-rule 2 {' '.join(keys)}", "quorum quorum-rule", ""]
    return parse_policy("\n".join(lines).encode())


def test_a_real_logs_tree_head_meets_the_policy_that_its_readers_use() -> None:
    met = satisfied(real_policy(), real(*COSIGNED))
    assert (met.state, met.head.size, met.cosigned) == (State.HOLDS, 12851, dict.fromkeys(COSIGNED, COSIGNED_AT))
    assert satisfied(real_policy(), real("witness.mullvad.net")).state is State.UNCHECKED
    assert satisfied(real_policy(), real(*COSIGNED).replace("\n12851\n", "\n12852\n")).state is State.FAILS


TWO = policy(SIX + "group G 2 W1 W2 W3\nquorum G\n")


def test_a_checkpoint_with_enough_cosignatures_holds_and_says_whose_they_are() -> None:
    met = satisfied(TWO, NOTE(9, W1, W3, signer("stranger.example")))
    assert (met.state, met.head, met.cosigned) == (State.HOLDS, MadeLog().head(9), {"W1": NOW, "W3": NOW})


def test_a_checkpoint_with_too_few_could_not_be_checked() -> None:
    met = satisfied(TWO, NOTE(9, W3, signer("stranger.example")))
    assert (met.state, met.cosigned) == (State.UNCHECKED, {"W3": NOW})
    assert "W1" in met.detail


def test_one_witness_twice_is_one() -> None:
    note = NOTE(9, W1) + W1.cosign(MadeLog().head(9).text(), NOW + 1)
    assert satisfied(TWO, note).state is State.UNCHECKED


def test_a_cosignature_of_another_tree_fails_however_many_others_there_are() -> None:
    note = NOTE(9, W1, W2) + W3.cosign(MadeLog().head(8).text(), NOW)
    assert satisfied(TWO, note).state is State.FAILS


@pytest.mark.parametrize("text", [NOTE(9, W1, W2).replace("\n9\n", "\n8\n"), MadeLog(by=W1).note(9, W2)])
def test_a_checkpoint_that_its_log_did_not_sign_fails(text: str) -> None:
    assert satisfied(TWO, text).state is State.FAILS


def test_a_checkpoint_of_another_log_fails() -> None:
    other = signer("other.example/log", KeyType.NOTE)
    note = MadeLog(by=other).note(9, W1, W2)
    assert satisfied(TWO, note).state is State.FAILS
    assert satisfied(TWO, note, [other.verifier]).state is State.HOLDS


def test_one_logs_key_does_not_sign_for_another_log() -> None:
    text = MadeLog(by=signer("other.example/log", KeyType.NOTE)).head(9).text()
    by = parse_policy(f"log {LOG.verifier}\nquorum none\n".encode())
    assert satisfied(by, f"{text}\n{LOG.sign(text)}").state is State.FAILS


def test_without_a_known_log_nothing_holds() -> None:
    assert satisfied(policy("quorum none\n", log=False), NOTE(9)).state is State.FAILS
    assert satisfied(policy("quorum none\n", log=False), NOTE(9), [LOG.verifier]).state is State.HOLDS


WORDS = st.sampled_from([*SIX.split(), "\n", "group", "quorum", "2", "all", "G", " ", "#"])


@given(st.lists(WORDS | st.text(max_size=3)))
def test_any_text_is_a_policy_or_malformed(words: list[str]) -> None:
    with suppress(Malformed):
        assert parse_policy(" ".join(words).encode()).quorum


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_malformed(raw: bytes) -> None:
    with suppress(Malformed):
        assert parse_policy(raw).quorum
