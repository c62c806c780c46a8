"""Cosign: the log's newest tree head is taken to its witnesses (C2SP tlog-witness), apart from requests and from
sealing; what they answer is checked and kept, and served with the tree head.

A witness that is away, refuses or talks nonsense is asked again after a while, twice as long each time.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from suyuan.core import merkle, notes
from suyuan.core.errors import BadSignature, Malformed, SuyuanError, Unavailable
from suyuan.core.notes import NoteSigner, Submission, TreeHead
from suyuan.core.policy import Party, Policy
from suyuan.storage import cosignatures, sealed
from suyuan.storage.database import Database

log = logging.getLogger(__name__)

_FIRST, _LONGEST = 1.0, 600.0  # seconds until a witness is asked again
_TIMEOUT = httpx.Timeout(5.0)
_DEADLINE = 10.0  # seconds that one answer may take in all
_MOST = 64 * 1024  # bytes of an answer
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class WitnessRefused(SuyuanError):
    """A witness does not cosign, or what it answered is no cosignature."""


@dataclass
class _Pace:
    """When a witness is asked next, and how long it will wait after another failure."""

    due: float = 0.0
    wait: float = _FIRST


class Cosigner:
    """Asks a policy's witnesses. One among all workers (the caller holds the lock). `http`: for tests.

    `signer`: of the log's tree heads.
    """

    def __init__(
        self,
        database: Database,
        signer: NoteSigner,
        policy: Policy,
        *,
        http: httpx.Client | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._signer = signer
        self._witnesses = {name: party for name, party in policy.witnesses.items() if party.url}
        self._http = http or httpx.Client(timeout=_TIMEOUT)
        self._clock = clock
        self._tree = sealed.TiledTree(database)
        self._pace = {name: _Pace() for name in self._witnesses}

    @property
    def witnesses(self) -> tuple[str, ...]:
        """Who is asked, by the policy's names."""
        return tuple(self._witnesses)

    def close(self) -> None:
        """Lets go of connections."""
        self._http.close()

    def step(self) -> bool:
        """Asks every witness that has not signed the newest tree head and is due; tells whether one did.

        Raises DatabaseAway.
        """
        with self._database.read() as connection:
            seal = sealed.newest_sealed(connection)
            signed = cosignatures.of_size(connection, seal.size) if seal else {}
        if seal is None:
            return False
        head = TreeHead(self._signer.verifier.name, seal.size, seal.root, seal.heads)
        missing = [name for name, party in self._witnesses.items() if str(party.verifier) not in signed]
        asked = [self._ask(name, head) for name in missing if self._clock() >= self._pace[name].due]
        return any(asked)

    def _ask(self, name: str, head: TreeHead) -> bool:
        pace = self._pace[name]
        try:
            self._cosigned(self._witnesses[name], head)
        except (WitnessRefused, Unavailable, BadSignature, Malformed) as error:
            log.warning("witness %s did not cosign %d entries: %s", name, head.size, error)
            pace.due = self._clock() + pace.wait
            pace.wait = min(2 * pace.wait, _LONGEST)
            return False
        self._pace[name] = _Pace()
        log.info("witness %s cosigned %d entries", name, head.size)
        return True

    def _cosigned(self, witness: Party, head: TreeHead) -> None:
        text = head.text()
        note = notes.note(text, [self._signer.sign(text)])
        with self._database.read() as connection:
            old = min(cosignatures.newest_size(connection, str(witness.verifier)), head.size)
        status, kind, content = self._submit(witness.url, self._submission(old, head, note))
        if status == 409 and kind == "text/x.tlog.size":
            old = _size(content)
            if old > head.size:
                raise WitnessRefused(f"it has cosigned {old} entries, {head.size} are sealed here")
            status, kind, content = self._submit(witness.url, self._submission(old, head, note))
        if status != 200:
            raise WitnessRefused(f"it answered {status}")
        answer = notes.parse_note(notes.note(text, [_decode(content)]))
        line, at = answer.line(witness.verifier), answer.signed_by(witness.verifier)
        with self._database.write() as connection:
            cosignatures.put(connection, head.size, str(witness.verifier), line, at)

    def _submission(self, old: int, head: TreeHead, note: str) -> bytes:
        proof = merkle.consistency(self._tree, old, head.size) if old else []
        return Submission(old, tuple(proof), note).text().encode()

    def _submit(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, media type and content of a witness's answer. Raises Unavailable."""
        until = self._clock() + _DEADLINE
        parts: list[bytes] = []
        try:
            with self._http.stream("POST", f"{url.rstrip('/')}/add-checkpoint", content=body) as response:
                for part in response.iter_bytes():
                    parts.append(part)
                    if sum(map(len, parts)) > _MOST or self._clock() > until:
                        raise WitnessRefused("its answer is too long or takes too long")
                return response.status_code, response.headers.get("content-type", ""), b"".join(parts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"it does not answer: {error}") from error


def _size(content: bytes) -> int:
    met = _SIZE.fullmatch(content)
    if met is None:
        raise Malformed("is no size", "answer")
    return int(met[1])


def _decode(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Malformed("is not UTF-8", "answer") from None
