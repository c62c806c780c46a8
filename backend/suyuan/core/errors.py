"""The one error tree. Doors translate it at the edge, by one table each.

SuyuanError
├── InvalidInput            what was sent cannot be used
│   ├── Malformed               not JSON, not hex, not the shape
│   ├── InvalidIdentifier       GS1 syntax, check digit, subject
│   ├── InvalidEvent            EPCIS that breaks its schema
│   ├── TooLarge                over a stated limit
│   └── Unwanted                must never be sent here: card numbers
├── Refused                 understood, and not allowed
│   ├── BadSignature            does not recover to a key of the signer
│   ├── UnknownSigner           not in the MerchantRegistry
│   └── NoStanding              suspended or expelled, or not that one's to write
├── Conflict                the same identity with other content; a nonce used again
│   └── TooEarly                a right that is not published yet; carries from when on
├── NotFound                no such subject, entry, document or job
├── Unavailable             ask again later
│   ├── Throttled               asked too often; carries when to ask again
│   ├── DatabaseAway
│   └── ChainAway
├── ChainRefused            the contract said no; carries its reason
└── ProofFault              a proof, bundle or record that does not hold; carries both sides
"""

from __future__ import annotations


class SuyuanError(Exception):
    """Root of everything that this project raises on purpose."""


class InvalidInput(SuyuanError):
    """What was sent cannot be used. `where` is a JSON pointer or field name, if one is known."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class Malformed(InvalidInput):
    """Not JSON, not hex, or not the shape that is wanted."""


class InvalidIdentifier(InvalidInput):
    """A GS1 key, check digit or subject that breaks its syntax."""


class InvalidEvent(InvalidInput):
    """An EPCIS event or document that breaks its schema."""


class TooLarge(InvalidInput):
    """Over a stated limit."""


class Unwanted(InvalidInput):
    """Must never be sent here; it was not kept, and is not repeated."""


class Refused(SuyuanError):
    """Understood, and not allowed."""


class BadSignature(Refused):
    """Does not recover to a key that the signer held at that time."""


class UnknownSigner(Refused):
    """Not in the MerchantRegistry."""


class NoStanding(Refused):
    """Suspended or expelled, or not that one's to write."""


class Conflict(SuyuanError):
    """The same identity with other content, or a nonce used again."""


class TooEarly(Conflict):
    """A right that is not published yet. `at`: the second from which it can be claimed."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


class NotFound(SuyuanError):
    """No such subject, entry, document or job."""


class Unavailable(SuyuanError):
    """Something that is needed is away; nothing was written; ask again later."""


class Throttled(Unavailable):
    """Asked too often. `after`: seconds in which to ask again."""

    def __init__(self, message: str, after: int = 60) -> None:
        super().__init__(message)
        self.after = after


class DatabaseAway(Unavailable):
    """The database does not answer."""


class ChainAway(Unavailable):
    """The chain does not answer."""


class ChainRefused(SuyuanError):
    """The contract said no. `reason` is the custom error's name and values."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the contract refused: {reason}")
        self.reason = reason


class ProofFault(SuyuanError):
    """A proof or record that does not hold; the message carries what was expected and what was met."""
