"""Evidence: everything about one subject in one archive, which an expert can check years later without this system.

What is gathered is verified as it is gathered, against the nodes of whoever asks; a pack of something that does not
hold says so on its first page. It has what everyone may read: private content is in it only where the operator hands
it in from its own store, and then only what the journal committed to.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from suyuan.chain import contracts
from suyuan.chain.port import Chain
from suyuan.chain.port import Deployment as Addresses
from suyuan.client import Site, SiteRefused
from suyuan.core import canonical, entries, evidence, merkle, proof, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import (
    BadSignature,
    NotFound,
    ProofFault,
    Refused,
    SuyuanError,
    Throttled,
    TooLarge,
    Unavailable,
)
from suyuan.core.evidence import TERMS, Promise
from suyuan.core.proof import BatchState, Bundle, Deployment, Judge, Shown, State
from suyuan.core.standing import Participant
from suyuan.services.claim import Claims
from suyuan.services.photos import Photos
from suyuan.services.prove import Prover
from suyuan.services.review import Reviews
from suyuan.services.throttle import Throttle
from suyuan.services.verify import Verification, verify

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]  # what is being done, how many of how many
OpenChain = Callable[[str, str], AbstractContextManager[Chain]]  # node, address of the Journal; as of one block

ANSWERED = "answered"
FREE_ENTRIES = 300  # of a pack that anyone has the site make
_FREE_PACKS, _FREE_REST = 6, 30.0  # at once for an address, and the seconds until one more
SEALED = statements.keccak(b"Sealed(uint64,uint64,bytes32,bytes32,uint64)")
_RIGHT = re.compile(r"[0-9a-f]{64}")
_PICTURES = {"image/jpeg": "jpg", "image/webp": "webp", "image/png": "png"}
_RUN = 500  # entries of one receipt that are looked at one by one


class Source(Protocol):
    """What a site tells everyone. Raises Unavailable, NotFound."""

    def overview(self) -> Json:
        """The deployment, as the site names it."""

    def count(self, subject: str) -> int:
        """How many entries a stream has, sealed and waiting."""

    def proof(self, subject: str) -> Json:
        """The bundle of a whole stream, of an absent one too."""

    def entry(self, index: int) -> Json:
        """One entry's proof."""

    def words(self, gtin: str) -> Mapping[str, Json]:
        """By right, the words of a product's reviews that are shown."""

    def photo(self, name: str) -> tuple[str, bytes]:
        """Type and bytes of a photo that is shown."""

    def verifier(self) -> bytes:
        """The verifier's file."""

    def product_of(self, right: str) -> str:
        """The GTIN of what may be reviewed with a right."""


class RemoteSource:
    """A site over HTTP."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def overview(self) -> Json:
        found: Json = self._site.get("/v1/journal")
        return found

    def count(self, subject: str) -> int:
        return _count(self._proof(subject, "1"))

    def proof(self, subject: str) -> Json:
        return self._proof(subject, "all")

    def entry(self, index: int) -> Json:
        found: Json = self._site.entry(index)
        return found

    def words(self, gtin: str) -> Mapping[str, Json]:
        found: Mapping[str, Json] = self._site.get("/v1/reviews", product=gtin, limit="1000")["contents"]
        return found

    def photo(self, name: str) -> tuple[str, bytes]:
        return self._file(f"/v1/photos/{name}")

    def verifier(self) -> bytes:
        return self._file("/verify")[1]

    def product_of(self, right: str) -> str:
        return str(self._site.get(f"/v1/rights/{right}")["gtin"])

    def _proof(self, subject: str, limit: str) -> Json:
        status, _, content = self._site.file("/v1/proof", subject=subject, limit=limit)
        value = canonical.parse(content)
        if status not in (200, 404) or not isinstance(value, dict) or "head" not in value:
            raise SiteRefused(status, str(value.get("detail", "")) if isinstance(value, dict) else "")
        return value

    def _file(self, path: str) -> tuple[str, bytes]:
        status, kind, content = self._site.file(path)
        if status == 404:
            raise NotFound(f"the site does not serve {path}")
        if status != 200:
            raise SiteRefused(status, f"for {path}")
        return kind, content


class NodeSource:
    """A site's own node, which tells what the site tells everyone."""

    def __init__(
        self, overview: Callable[[], Json], prover: Prover, reviews: Reviews, photos: Photos, claims: Claims
    ) -> None:
        self._prover = prover
        self._reviews = reviews
        self.overview = overview
        self.photo = photos.photo
        self._claims = claims

    def count(self, subject: str) -> int:
        return _count(orjson.loads(self._prover.prove(subject, 1).text))

    def proof(self, subject: str) -> Json:
        found: Json = orjson.loads(self._prover.prove(subject, None).text)
        return found

    def entry(self, index: int) -> Json:
        found: Json = orjson.loads(self._prover.entry(index))
        return found

    def words(self, gtin: str) -> Mapping[str, Json]:
        return self._reviews.contents(gtin, 1000)

    def verifier(self) -> bytes:
        return (files("suyuan") / "web" / "verify.html").read_bytes()

    def product_of(self, right: str) -> str:
        return str(self._claims.right(right)["gtin"])


def _count(bundle: Json) -> int:
    return int(bundle["head"].get("count", 0)) + len(bundle["pending"])


class Outcome(StrEnum):
    """What became of a receipt's promise."""

    KEPT = "kept"
    LATE = "kept late"
    BROKEN = "broken"
    WAITING = "waiting"
    VOID = "not signed by a receipt key"
    UNCHECKED = "could not be checked"


class Standpoint(StrEnum):
    """By whose word the chain is known."""

    READER = "reader"  # by nodes that the one who asked named
    SITE = "site"  # by the site's own node: never independent


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pack is asked to be about. `right`: of a product's reviews the one written with it. `pinned`: the
    deployment as known from elsewhere. `nodes`: the reader's own, of which `need` have to agree; none: `own` is asked,
    the site's. `most`: entries in all, None: however many. `private`: what the journal committed to, by its hash.
    """

    subject: str
    right: str = ""
    pinned: Deployment | None = None
    nodes: tuple[str, ...] = ()
    need: int = 1
    own: str = ""
    promises: tuple[Promise, ...] = ()
    most: int | None = None
    private: Mapping[str, bytes] = field(default_factory=dict)
    typeface: Path | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """One stream's bundle, as it was served, with what came of verifying it."""

    file: str
    text: bytes
    bundle: Bundle
    met: Verification


@dataclass(frozen=True, slots=True)
class SealSeen:
    """A seal that something stands under, and what the chain has of it. `problem`: why that is not all of it."""

    seal: proof.Seal
    tx: str
    told: Json
    problem: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt that was handed in. `detail` says why where it is not plain."""

    promise: Promise
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """All that a pack says. `created` in seconds; `since`: when the contract published the verifier's file, 0: never,
    None: not known. `words`: the private content that is shown publicly, by hash.
    """

    wanted: Wanted
    created: int
    overview: Json
    standpoint: Standpoint
    nodes: Mapping[str, str]
    proofs: tuple[Proof, ...]
    terms: Proof
    seals: tuple[SealSeen, ...]
    addresses: Addresses
    participants: Mapping[str, Participant]
    batches: Mapping[str, BatchState | None]
    receipts: tuple[Kept, ...]
    verifier: bytes
    since: int | None
    words: Mapping[str, bytes]
    photos: Mapping[str, bytes]
    problems: tuple[str, ...]

    @property
    def main(self) -> Proof:
        return self.proofs[0]

    @property
    def state(self) -> State:
        """The worst of all answers; HOLDS is never more than what the standpoint allows (`independent`)."""
        states = {one.met.report.state for one in (*self.proofs, self.terms)}
        if State.FAILS in states or any(one.outcome in (Outcome.BROKEN, Outcome.LATE) for one in self.receipts):
            return State.FAILS
        return State.UNCHECKED if State.UNCHECKED in states or self.problems else State.HOLDS

    @property
    def independent(self) -> bool:
        """Whether nodes of the reader's own answered, for a deployment that was known from elsewhere."""
        return self.standpoint is Standpoint.READER and self.wanted.pinned is not None

    def shown(self) -> list[Shown]:
        """Every entry that the pack is about, once, in the journal's order; of a right only what is about it."""
        found: dict[tuple[int, str], Shown] = {}
        for one in self.proofs:
            if one.bundle.subject.startswith("/merchant/"):
                continue
            for entry in (*one.bundle.main.shown, *one.bundle.pending):
                found[entry.index, entry.subject] = entry
        right = self.wanted.right
        return [found[key] for key in sorted(found) if not right or _is_about(found[key], right)]


def _is_about(entry: Shown, right: str) -> bool:
    public = entry.body.get("public")
    if not isinstance(public, dict):
        return False
    rights = public.get("rights")
    return public.get("right") == right or (isinstance(rights, list) and right in rights)


Private = Callable[[str], Mapping[str, bytes]]
"""(order) -> its private content, by the hash that the journal has of it."""


class Desk:
    """Where packs are asked for. `own`: what the site's node is called. `private`: opens orders; None: not here."""

    def __init__(self, source: Source, open_chain: OpenChain, own: str, *, private: Private | None = None) -> None:
        self._source = source
        self._open_chain = open_chain
        self._own = own
        self._private = private
        self._throttle = Throttle(_FREE_PACKS, _FREE_REST)
        self._one = threading.Lock()

    def gather(
        self,
        asked: str,
        *,
        now: int,
        pinned: Deployment | None = None,
        nodes: tuple[str, ...] = (),
        need: int = 1,
        promises: tuple[Promise, ...] = (),
        most: int | None = None,
        typeface: Path | None = None,
        private: bool = False,
        progress: Progress = lambda _what, _done, _all: None,
    ) -> Pack:
        """The pack of a subject, or of the right with which a review was written. A pinned chain of 0 is the site's.

        Raises InvalidIdentifier, NotFound, Refused, TooLarge, Unavailable.
        """
        right = asked if _RIGHT.fullmatch(asked) else ""
        subject = f"/reviews/{self._source.product_of(right)}" if right else subjects.parse(asked)
        if pinned is not None and not pinned.chain:
            pinned = replace(pinned, chain=int(self._source.overview()["chain"]))
        opened: Mapping[str, bytes] = {}
        if private:
            if self._private is None or not subject.startswith("/order/"):
                raise Refused("private content is an order's, and is opened on the node alone")
            opened = self._private(subject)
        wanted = Wanted(subject, right, pinned, nodes, need, self._own, promises, most, opened, typeface)
        return gather(self._source, self._open_chain, wanted, now=now, progress=progress)

    def public(self, asked: str, address: str, *, now: int) -> tuple[str, bytes]:
        """The name and the bytes of the pack that anyone may have of a small subject, one at a time.

        Raises Throttled, InvalidIdentifier, NotFound, TooLarge, Unavailable.
        """
        try:
            self._throttle.check(address)
        except Throttled as error:
            raise Throttled("too many packs for this address", error.after) from None
        self._throttle.failed(address)
        if not self._one.acquire(blocking=False):
            raise Throttled("another pack is being made", 5)
        try:
            pack = self.gather(asked, now=now, most=FREE_ENTRIES)
            return f"{evidence.file_name(pack.wanted.subject)}.zip", archive(pack)
        finally:
            self._one.release()


def summary(pack: Pack) -> str:
    """What a pack comes to, in a sentence."""
    if pack.state is State.HOLDS and not pack.independent:
        return "it holds by the site's own node, and is not independently verified"
    bad = [
        f"{one.bundle.subject} ({o.number}) {o.detail}"
        for one in (*pack.proofs, pack.terms)
        for o in one.met.report.obligations
        if o.state is pack.state and pack.state is not State.HOLDS
    ]
    said = {State.HOLDS: "it holds", State.FAILS: "it FAILS", State.UNCHECKED: "not all of it could be checked"}
    return said[pack.state] + (f": {bad[0]}" if bad else "") + (f", and {len(bad) - 1} more" if len(bad) > 1 else "")


def gather(
    source: Source,
    open_chain: OpenChain,
    wanted: Wanted,
    *,
    now: int,
    progress: Progress = lambda _what, _done, _all: None,
) -> Pack:
    """Gathers and verifies all that a pack has. `now` in seconds.

    Raises Unavailable where the site does not answer, TooLarge, Malformed, NotFound (no verifier's file).
    """
    overview = source.overview()
    texts = _follow(source, wanted, progress)
    bundles = {subject: proof.parse(canonical.parse(text)) for subject, text in texts.items()}
    main = bundles[wanted.subject]
    of = wanted.pinned or main.deployment
    looked_up = [_looked_up(source, one.receipt) for one in wanted.promises]
    names = wanted.nodes or (wanted.own,)
    with ExitStack() as opened:
        chains, said = _open(opened, lambda name: open_chain(name, of.journal), names)
        judged: dict[str, Verification] = {}
        for done, (subject, bundle) in enumerate(bundles.items()):
            judged[subject] = verify(
                bundle, pinned=wanted.pinned, now=now, nodes=names, need=wanted.need, judge_at=_judges(chains, said)
            )
            progress("verified", done + 1, len(bundles))
        first = next(iter(chains.values()), None)
        problems: list[str] = []
        seals = _seals(first, of.journal, [*bundles.values()])
        problems += [one.problem for one in seals if one.problem]
        problems += [f"node {name} did not answer: {why}" for name, why in said.items() if why != ANSWERED]
        addresses, participants, batches = _registries(first, overview, of, bundles, problems)
        receipts = tuple(
            _judged(one, found, first, of, now) for one, found in zip(wanted.promises, looked_up, strict=True)
        )
        verifier = source.verifier()
        since = None
        if first is not None:
            try:
                since = first.verifier_since(sha256(verifier).digest())
            except SuyuanError as error:
                problems.append(f"whether the verifier's file is the published one could not be checked: {error}")
    words, photos = _contents(source, wanted, bundles, problems)
    made = [
        Proof(f"{evidence.file_name(subject)}.proof.json", texts[subject], bundle, judged[subject])
        for subject, bundle in bundles.items()
    ]
    return Pack(
        wanted, now, overview, Standpoint.READER if wanted.nodes else Standpoint.SITE, said,
        tuple(one for one in made if one.bundle.subject != TERMS or wanted.subject == TERMS),
        next(one for one in made if one.bundle.subject == TERMS),
        tuple(seals), addresses, participants, batches, receipts, verifier, since, words, photos, tuple(problems),
    )  # fmt: skip


def _follow(source: Source, wanted: Wanted, progress: Progress) -> dict[str, bytes]:
    """The bundles of the subject and of all that it leans on, each as it was served."""
    texts: dict[str, bytes] = {}
    queue = [wanted.subject]
    left = wanted.most
    while len(texts) < len(queue):
        subject = queue[len(texts)]
        if left is not None:
            left -= source.count(subject)
            if left < 0:
                raise TooLarge(f"over {wanted.most} entries: make this pack with `suyuan evidence`")
        bundle = source.proof(subject)
        texts[subject] = orjson.dumps(bundle)
        found = evidence.leans_on(proof.parse(bundle))
        if subject == wanted.subject:
            found.append(TERMS)
        elif subject == TERMS or subject.startswith("/rights/"):
            found = [one for one in found if one.startswith("/merchant/")]
        queue += [one for one in dict.fromkeys(found) if one not in queue]
        progress("streams", len(texts), len(queue))
    return texts


def _open(
    opened: ExitStack, open_chain: Callable[[str], AbstractContextManager[Chain]], names: Sequence[str]
) -> tuple[dict[str, Chain], dict[str, str]]:
    """The nodes that answer, each as of its newest block; and of all of them what is to be said."""
    chains: dict[str, Chain] = {}
    said: dict[str, str] = {}
    for name in names:
        try:
            chains[name] = opened.enter_context(open_chain(name))
            said[name] = ANSWERED
        except SuyuanError as error:
            said[name] = str(error)
    return chains, said


def _judges(chains: Mapping[str, Chain], said: Mapping[str, str]) -> Callable[[str], AbstractContextManager[Judge]]:
    @contextmanager
    def judge_at(name: str) -> Iterator[Judge]:
        if name not in chains:
            raise Unavailable(said[name])
        yield chains[name]

    return judge_at


def _seals(chain: Chain | None, journal: str, bundles: Sequence[Bundle]) -> list[SealSeen]:
    """Every seal that a bundle stands under, with its transaction, its raw log and its block as a node gives them."""
    found: dict[int, SealSeen] = {}
    for seal in sorted({bundle.seal for bundle in bundles}, key=lambda one: one.number):
        told: Json = {}
        tx, problem = "", "no node was there to ask for the seal's transaction"
        if chain is not None:
            try:
                record = chain.seal_record(seal.number)
                if record is None or record.seal != seal:
                    problem = f"the chain has no seal {seal.number} like the one that the site shows"
                else:
                    tx = f"0x{record.tx.hex()}"
                    told, problem = _told(chain, tx, record.block, journal, seal), ""
            except SuyuanError as error:
                problem = f"the transaction of seal {seal.number} could not be had: {error}"
        found[seal.number] = SealSeen(seal, tx, told, problem)
    return list(found.values())


def _told(chain: Chain, tx: str, block: int, journal: str, seal: proof.Seal) -> Json:
    receipt = chain.rpc("eth_getTransactionReceipt", [tx]).get("result") or {}
    number = f"0x{seal.number:064x}"
    logs = [
        one
        for one in receipt.get("logs", [])
        if str(one.get("address", "")).lower() == journal
        and [str(topic).lower() for topic in one.get("topics", [])[:2]] == [f"0x{SEALED.hex()}", number]
    ]
    return {
        "log": logs[0] if logs else None,
        "transaction": chain.rpc("eth_getTransactionByHash", [tx]).get("result"),
        "receipt": receipt,
        "block": chain.rpc("eth_getBlockByNumber", [hex(block), False]).get("result"),
    }


def _registries(
    chain: Chain | None, overview: Json, of: Deployment, bundles: Mapping[str, Bundle], problems: list[str]
) -> tuple[Addresses, dict[str, Participant], dict[str, BatchState | None]]:
    """Who signed, and what the registries keep of them and of the batches."""
    signers = {by for bundle in bundles.values() for one in _all(bundle) if (by := evidence.participant(one))}
    if chain is not None:
        try:
            addresses = chain.deployment_of(of.journal)
            everyone, _ = chain.participants_since(0)
            batches = {s: chain.batch(subjects.key(s)) for s in bundles if s.startswith("/01/") and "/10/" in s}
        except SuyuanError as error:
            problems.append(f"the registries could not be read: {error}")
        else:
            return addresses, {one.id: one for one in everyone if one.id in signers}, batches
    named = Addresses(of.chain, of.journal, str(overview.get("merchants")), str(overview.get("batches")))
    return named, {}, {}


def _all(bundle: Bundle) -> list[Shown]:
    related = [one for stream in bundle.related for one in stream.shown]
    return [*bundle.main.shown, *bundle.support, *related, *bundle.pending]


def _contents(
    source: Source, wanted: Wanted, bundles: Mapping[str, Bundle], problems: list[str]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The words and photos of reviews that are shown, those alone that hash to what the journal has of them."""
    words: dict[str, bytes] = {}
    photos: dict[str, bytes] = {}
    committed = {
        public["private"]
        for bundle in bundles.values()
        for one in _all(bundle)
        if isinstance(public := one.body.get("public"), dict) and isinstance(public.get("private"), str)
    }
    for subject in bundles:
        if not subject.startswith("/reviews/"):
            continue
        for right, told in source.words(subject.removeprefix("/reviews/")).items():
            if wanted.right and right != wanted.right:
                continue
            for said in (told.get("content"), told.get("reply")):
                if not isinstance(said, dict):
                    continue
                text = canonical.encode(said)
                name = sha256(text).hexdigest()
                if name not in committed:
                    problems.append(f"words that the site shows for the right {right} are not those recorded")
                    continue
                words[name] = text
                for photo in said.get("photos", ()):
                    photos |= _photo(source, str(photo), problems)
    return words, photos


def _photo(source: Source, name: str, problems: list[str]) -> dict[str, bytes]:
    try:
        kind, content = source.photo(name)
    except SuyuanError as error:
        problems.append(f"photo {name[:12]} could not be had: {error}")
        return {}
    if sha256(content).hexdigest() != name:
        problems.append(f"photo {name[:12]} is not the one recorded")
        return {}
    return {f"{name}.{_PICTURES.get(kind.partition(';')[0], 'bin')}": content}


# -- receipts


def _looked_up(source: Source, receipt: statements.Receipt) -> list[Json] | str:
    """The entries at a receipt's places as the site serves them; or why not."""
    if receipt.count > _RUN:
        return f"it covers {receipt.count} entries, more than the {_RUN} that are looked at one by one"
    try:
        return [source.entry(receipt.index + n) for n in range(receipt.count)]
    except SuyuanError as error:
        return str(error)


def _judged(promise: Promise, found: list[Json] | str, chain: Chain | None, of: Deployment, now: int) -> Kept:
    receipt = promise.receipt
    if chain is None:
        return Kept(promise, Outcome.UNCHECKED, "no node was there to ask")
    try:
        digest = receipt.digest(statements.domain(of.chain, of.journal))
        key = statements.recover(digest, promise.signature)
        if not chain.receipt_key_at(key, receipt.issued_at):
            return Kept(promise, Outcome.VOID, f"signed by {key}")
        last = receipt.index + receipt.count
        seals = chain.journal_seals()
        covering = next((one for one in seals if one.size >= last), None)
        if covering is None:
            state = Outcome.BROKEN if now > receipt.seal_by else Outcome.WAITING
            return Kept(promise, state, "no seal covers it" if state is Outcome.BROKEN else "")
        if isinstance(found, str):
            return Kept(promise, Outcome.UNCHECKED, found)
        if merkle.Tree(_proven(one, seals) for one in found).root() != receipt.leaves:
            return Kept(promise, Outcome.BROKEN, "the journal has something else at its place")
        if covering.sealed_at > receipt.seal_by:
            return Kept(promise, Outcome.LATE, f"sealed at {covering.sealed_at}, promised by {receipt.seal_by}")
        return Kept(promise, Outcome.KEPT, f"seal {covering.number}")
    except BadSignature as error:
        return Kept(promise, Outcome.VOID, str(error))
    except (SuyuanError, KeyError, TypeError, ValueError) as error:
        return Kept(promise, Outcome.UNCHECKED, str(error))


def _proven(value: Json, seals: Sequence[proof.Seal]) -> bytes:
    """The leaf of an entry that is proven under a seal that the contract told of. Raises ProofFault, Malformed."""
    seal = next((one for one in seals if one.number == value["seal"]["number"]), None)
    if seal is None:
        raise ProofFault(f"the chain has no seal {value['seal']['number']}")
    raw = statements.from_hex(value["header"], entries.HEADER_SIZE, "header")
    path = [statements.from_hex(one, 32, "proof") for one in value["proof"]]
    leaf = entries.leaf(raw)
    merkle.check_inclusion(leaf, value["index"], seal.size, path, seal.root)
    return leaf


# -- what is written


def write(pack: Pack, target: BinaryIO) -> dict[str, bytes]:
    """Writes the archive; gives its files, by name. Deterministic but for what `pack.created` changes."""
    from suyuan.services.evidence_report import render  # type takes a while to load, and only this needs it

    found = contents(pack)
    found["report.pdf"] = render(pack, found, pack.wanted.typeface)
    evidence.write_archive(found, target)
    return found


def archive(pack: Pack) -> bytes:
    """The archive as bytes."""
    out = io.BytesIO()
    write(pack, out)
    return out.getvalue()


def contents(pack: Pack) -> dict[str, bytes]:
    """The files of a pack by name, without its report and its manifest."""
    from suyuan.services.evidence_words import explain

    found: dict[str, bytes] = {}
    for one in pack.proofs:
        found[f"proofs/{one.file}"] = one.text
    found[f"terms/{pack.terms.file}"] = pack.terms.text
    for one in (*pack.proofs, pack.terms):
        folder = "terms" if one is pack.terms else "documents"
        for stream in (one.bundle.main, *one.bundle.related):
            for name, document in stream.documents.items():
                text = canonical.encode(document)
                if sha256(text).hexdigest() == name:  # what is not what it is called is a fault that the proof tells
                    found.setdefault(f"{folder}/{name}.json", text)
    found |= {f"words/{name}.json": text for name, text in pack.words.items()}
    found |= {f"photos/{name}": content for name, content in pack.photos.items()}
    found |= {f"private/{name}.json": text for name, text in pack.wanted.private.items()}
    found["seals.json"] = _json(_seals_json(pack))
    found["registry.json"] = _json(_registry_json(pack))
    found["signatures.json"] = _json(_signatures_json(pack))
    found["findings.json"] = _json(_findings_json(pack))
    if pack.receipts:
        found["receipts.json"] = _json(_receipts_json(pack))
    found["verify.html"] = pack.verifier
    found["protocol.md"] = (files("suyuan") / "protocol.md").read_bytes()
    found["README.txt"], found["说明.txt"] = (text.encode() for text in explain(pack))
    return found


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _seals_json(pack: Pack) -> Json:
    a = pack.addresses
    return {
        "deployment": {"chain": a.chain_id, "journal": a.journal, "merchants": a.merchants, "batches": a.batches},
        "askedThrough": pack.standpoint.value,
        "seals": [
            {
                "number": one.seal.number,
                "size": one.seal.size,
                "root": one.seal.root.hex(),
                "heads": one.seal.heads.hex(),
                "sealedAt": one.seal.sealed_at,
                "tx": one.tx,
                **one.told,
            }
            for one in pack.seals
        ],
        "abi": {name: contracts.artifact(name)["abi"] for name in contracts.NAMES},
    }


def _registry_json(pack: Pack) -> Json:
    return {
        "askedThrough": pack.standpoint.value,
        "participants": [
            {
                "id": one.id,
                "role": one.role.name.lower(),
                "licence": one.licence.hex(),
                "categories": list(one.categories),
                "standings": [{"from": at, "standing": standing.name.lower()} for at, standing in one.standings],
                "keys": [{"from": at, "key": key} for at, key in one.keys],
            }
            for one in pack.participants.values()
        ],
        "batches": [
            {"subject": subject, "key": subjects.key(subject).hex(), **(_batch_json(state) if state else {})}
            for subject, state in pack.batches.items()
        ],
    }


def _batch_json(state: BatchState) -> Json:
    return {
        "merchant": state.merchant,
        "quantity": state.quantity,
        "itemsRoot": state.items_root.hex(),
        "content": state.content.hex(),
        "registeredAt": state.registered_at,
        "recalledAt": state.recalled_at,
    }


def _signatures_json(pack: Pack) -> Json:
    a = pack.addresses
    told = {}
    for one in (*pack.proofs, pack.terms):
        of = one.bundle.deployment
        for entry in _all(one.bundle):
            told[entry.index, entry.subject] = evidence.signature_of(entry, of.chain, of.journal, a.merchants)
    receipts = [
        {
            "typedData": evidence.receipt_data(one.promise.receipt, a.chain_id, a.journal),
            "signature": f"0x{one.promise.signature.hex()}",
        }
        for one in pack.receipts
    ]
    return {"statements": [told[key] for key in sorted(told)], "receipts": receipts}


def _findings_json(pack: Pack) -> Json:
    """What verifying came to, for programs."""
    return {
        "subject": pack.wanted.subject,
        "result": pack.state.value,
        "independent": pack.independent,
        "createdAt": pack.created,
        "nodes": dict(pack.nodes),
        "proofs": [
            {
                "file": f"{'terms' if one is pack.terms else 'proofs'}/{one.file}",
                "subject": one.bundle.subject,
                "result": one.met.report.state.value,
                "obligations": [
                    {"number": o.number, "state": o.state.value, "detail": o.detail} for o in one.met.report.obligations
                ],
            }
            for one in (*pack.proofs, pack.terms)
        ],
        "recalled": sorted({subject for one in pack.proofs for subject in one.met.report.recalled}),
        "verifier": {"sha256": sha256(pack.verifier).hexdigest(), "publishedAt": pack.since},
        "problems": list(pack.problems),
    }


def _receipts_json(pack: Pack) -> list[Json]:
    return [
        {**one.promise.receipt.as_json(one.promise.signature), "outcome": one.outcome.value, "detail": one.detail}
        for one in pack.receipts
    ]


def terms_in_force(pack: Pack) -> tuple[Shown | None, Shown | None]:
    """The platform's terms when the oldest entry of the subject was accepted, and the newest."""
    stated = [one for one in pack.terms.bundle.main.shown if one.header.kind == Kind.TERMS]
    about = pack.shown()
    then = next((one for one in reversed(stated) if about and one.index <= about[0].index), None)
    return then, stated[-1] if stated else None
