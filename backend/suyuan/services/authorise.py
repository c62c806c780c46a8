"""Authorise: signed statements that ask for something and are no entries themselves: photo, erase, export, copies."""

from __future__ import annotations

import time
from collections.abc import Callable

from suyuan.core import statements
from suyuan.core.errors import BadSignature, Malformed, UnknownSigner
from suyuan.core.statements import Signed
from suyuan.services.known import Known, check_key
from suyuan.services.record import Domains


class Authority:
    """Says whose request it is. A statement serves for ten minutes, so that none that was overheard serves later."""

    def __init__(self, known: Known, domains: Domains, *, clock: Callable[[], float] = time.time) -> None:
        self._known = known
        self._domains = domains
        self._clock = clock

    def shopper(self, word: str, statement: object, subject: str, content: bytes) -> str:
        """The key of the shopper who asks. Raises InvalidInput, BadSignature."""
        signed = Signed.from_shopper(statement)
        self._check(signed, word, subject, content)
        statements.check_shopper(signed, self._domains.chain, self._domains.address)
        return signed.by

    def participant(self, word: str, statement: object, subject: str, content: bytes) -> str:
        """The id of the participant who asks. Raises InvalidInput, Refused, ChainAway."""
        signed = Signed.from_json(statement)
        self._check(signed, word, subject, content)
        author = self._known.participant(signed.by)
        if author is None:
            raise UnknownSigner(f"{signed.by} is not registered")
        check_key(author, signed.statement.digest(self._domains.merchants), signed.signature, int(self._clock()))
        return author.id

    def _check(self, signed: Signed, word: str, subject: str, content: bytes) -> None:
        stated = signed.statement
        if (stated.kind, stated.subject) != (word, subject):
            raise Malformed(f"is a {stated.kind} of {stated.subject}, wanted is a {word} of {subject}", "statement")
        if stated.content != content:
            raise BadSignature(f"the statement is over {stated.content.hex()}, what was sent hashes to {content.hex()}")
        if abs(stated.issued_at - self._clock()) > statements.SKEW:
            raise BadSignature(f"a request is signed within {statements.SKEW} seconds")
