"""An operator who attacks, on a chain of its own, and who may notice: contract, browser, audit and challenge."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import journal_builder
from cheating import ROLES, Cheat, OpenLog, World, file, listening
from journal_builder import BATCH, MERCHANT, OPERATOR, PARTNER, PRODUCT, SERIALS, Written, link
from suyuan.chain.deploy import deploy
from suyuan.chain.embedded import EmbeddedNode, EmbeddedProvider
from suyuan.chain.keystore import KeyStore
from suyuan.chain.node import Web3Chain
from suyuan.core import canonical, entries, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import ChainRefused
from suyuan.core.evidence import promises_in
from suyuan.core.proof import Seal
from suyuan.core.rules import Role, Standing
from suyuan.core.statements import Batch
from suyuan.services import audit_beside, challenge
from suyuan.services.audit import Result, audit
from suyuan.services.challenge import Accused, Ruling
from web.test_verifier import evaluate

BEGIN = 1_795_000_000  # seconds, when the story begins


@dataclass
class Clock:
    """The time that the chain goes by."""

    now: float = BEGIN

    def __call__(self) -> float:
        return self.now


@dataclass
class Papers:
    """What an operator's attack leaves in other people's hands.

    `bundle`: what a reader's browser was given; `files`: what somebody kept beside it; `took`: what the contract said
    when it was asked to seal, a dash where it was not. `receipt`: the author's own, who has kept it, and `answer`: what
    the site says of its entry.
    """

    bundle: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    took: str = "—"
    receipt: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None


@dataclass(frozen=True)
class Noticed:
    """What the four say, in the words of the table; a dash where one has nothing to say."""

    contract: str
    browser: str
    audit: str
    challenge: str


class Operator(Cheat):
    """A platform with a merchant, a batch and an honest past of one seal."""

    def __init__(self, world: World, clock: Clock) -> None:
        super().__init__(world)
        self.clock = clock
        self.rpc = ""  # of a node that a browser can ask
        self.at = BEGIN * 1000
        self.log = ServedLog(self)

    def begin(self) -> None:
        """The honest past: a product, a batch of five on-chain, and an event that makes two of them."""
        self.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "龙井"})
        self.registered(BATCH, SERIALS)
        self.made(*SERIALS[:2])
        self.seal()

    def made(self, *serials: str) -> list[Written]:
        items = [link(subjects.item(journal_builder.GTIN, serial)) for serial in serials]
        return self.event(MERCHANT, action="ADD", bizStep="commissioning", epcList=items)

    def registered(self, subject: str, serials: Sequence[str]) -> None:
        """A batch, in the journal and in the BatchRegistry."""
        entry = self.batch(MERCHANT, subject, serials)
        content = canonical.digest(json.loads(entry.text)["public"])
        deployment, chain = self.world.deployment, self.world.chain
        one = Batch(subjects.key(subject), MERCHANT.address, len(serials), self.items_tree(subject).root(), content)
        signature = MERCHANT.sign(one.digest(statements.domain(deployment.chain_id, deployment.batches)))
        chain.transact(chain.prepare_register([one], [signature]))

    def seal(self) -> Seal:
        self.clock.now = max(self.clock.now, self.at // 1000 + 1)
        return super().seal()

    def bend(self, **changes: Any) -> None:
        """Puts something else into the newest entry's header; what comes next in its stream goes on from that."""
        last = self.written[-1]
        self._settle(replace(last, header=replace(last.header, **changes)))

    def rebuild(self, written: Sequence[Written]) -> None:
        """Makes these the past, each on the one before it in its stream."""
        self.written.clear()
        self._heads.clear()
        for one in written:
            head, old = self._heads.get(one.subject, entries.EMPTY), one.header
            header = entries.follow(head, kind=old.kind, key=old.key, at=old.at, body=old.body, arg=old.arg)
            self._settle(replace(one, index=len(self.written), header=header))

    def _settle(self, entry: Written) -> None:
        self.written[entry.index :] = [entry]
        self._heads[entry.subject] = entries.Head(entry.header.seq + 1, entry.leaf, entry.header.state)

    def tries_to_seal(self) -> str:
        """Seals, if the contract lets it; what the contract says."""
        try:
            self.seal()
        except ChainRefused as refused:
            named = re.search(r"[A-Z]\w+(?=\()", str(refused))
            return f"`{named[0]}`" if named else str(refused)
        return "takes it"

    def standing(self, standing: Standing) -> None:
        """The regulator gives the merchant another standing."""
        chain = self.world.chain
        chain.transact(chain.prepare_standing(self.world.signer("regulator"), MERCHANT.address, standing, bytes(32)))

    # -- who notices

    def noticed(self, papers: Papers) -> Noticed:
        return Noticed(papers.took, self._browser(papers), self._audit(papers), self._challenge(papers))

    def _browser(self, papers: Papers) -> str:
        deployment = self.world.deployment
        pinned = {"chain": deployment.chain_id, "journal": deployment.journal}
        options = {"rpc": self.rpc, "pinned": pinned, "now": int(self.clock.now) + 60, "live": True}
        if papers.receipt is not None:
            given = {"answer": papers.answer, "receipt": papers.receipt["receipt"], "options": options}
            return f"promise {evaluate('r.verifyEntry(value.answer, value.receipt, value.options)', given)['state']}"
        if papers.bundle is None:
            return "—"
        met = evaluate("v.verify(value.bundle, value.options)", {"bundle": papers.bundle, "options": options})
        for state, said in (("fails", "fails"), ("unchecked", "could not be checked")):
            numbers = sorted({one["number"] for one in met["obligations"] if one["state"] == state})
            if numbers:
                return f"{', '.join(f'({n})' for n in numbers)} {said}"
        return "holds" if met["verdict"] == "holds" else str(met["verdict"])

    def _audit(self, papers: Papers) -> str:
        also = [audit_beside.serves(Shown(self, papers))]
        if papers.receipt is not None:
            also.append(audit_beside.kept(promises_in(papers.receipt)))
        report = audit(self.world.chain, self.log, also=also, clock=lambda: self.clock.now + 3600)
        if report.result is Result.FINDINGS:
            return ", ".join(sorted({f"`{one.fault.value}`" for one in report.findings}))
        return report.result.value

    def _challenge(self, papers: Papers) -> str:
        kept = [one for one in (papers.bundle, papers.receipt, papers.answer) if one is not None]
        files = [file(f"{n}.json", value) for n, value in enumerate((*kept, *papers.files))]
        accused = Accused(self.world.chain, self.log)
        case = challenge.examine(accused, challenge.read(files), now=int(self.clock.now) + 60)
        judged = [challenge.judge(accused.chain, one, None) for one in case.charges]
        proven = {one.charge.fault.name.lower().replace("_", " ") for one in judged if one.ruling is not Ruling.REFUSED}
        return ", ".join(sorted(proven)) or "—"


@dataclass
class Shown:
    """The site: it answers what it shows to others, and of the rest what it has."""

    operator: Operator
    papers: Papers

    def get(self, path: str) -> Any:
        shown = (self.papers.bundle or self.operator.bundle(PRODUCT))["chain"]
        return {"chain": shown["id"], "journal": shown["journal"]}

    def bundle(self, subject: str, limit: int) -> Any:
        shown = self.papers.bundle
        return shown if shown and shown["subject"] == subject else self.operator.bundle(subject, limit=limit)


@dataclass
class ServedLog(OpenLog):
    """The log, which may stop to serve bodies or documents."""

    def bodies(self, n: int, width: int) -> list[bytes]:
        self._asked("bodies")
        return super().bodies(n, width)

    def documents(self, n: int, width: int) -> list[bytes]:
        self._asked("documents")
        return super().documents(n, width)


@contextmanager
def operating(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    """An operator of a new deployment, everyone admitted, its honest past told. Keys are cheap only where
    `keystore.WORK` was made so.
    """
    keys = KeyStore(folder / "keys", folder / "keys" / "password")
    for role in ROLES:
        keys.create(role)
    clock = Clock()
    node = EmbeddedNode(folder / "chain", funded=[keys.address(role) for role in ROLES], clock=clock)
    with closing(Web3Chain(EmbeddedProvider(node), where="the chain", close=node.close)) as chain:
        deployment = deploy(chain, keys, folder / "deployment.json", verifier=bytes(32))
        chain.use(deployment, sealer=keys.signer("sealer"), operator=keys.signer("operator"))
        for who, role in ((MERCHANT, Role.MERCHANT), (PARTNER, Role.PARTNER), (OPERATOR, Role.OPERATOR)):
            chain.transact(chain.prepare_admit(keys.signer("admissions"), who.address, role, bytes(32), []))
        monkeypatch.setattr(journal_builder, "JOURNAL", deployment.journal)
        monkeypatch.setattr(journal_builder, "MERCHANTS", deployment.merchants)
        operator = Operator(World(chain, deployment, keys), clock)
        operator.begin()
        with listening(operator) as operator.rpc:
            yield operator
