"""Which cosignatures a reader asks for (C2SP tlog-policy), and whether a checkpoint has them.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k | any | all> <name> …      k of them; each is defined above, and a member once at most
    quorum <name | none>                       once

Items are set apart by spaces and tabs; empty lines and lines that begin with # are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from suyuan.core.errors import BadSignature, Malformed
from suyuan.core.notes import KeyType, TreeHead, Verifier, parse_note, parse_tree_head
from suyuan.core.proof import State

_NONE = "none"
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")
_MOST = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness: its key, and where it listens (empty where that is not said)."""

    verifier: Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Of these, `threshold` are needed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs that are read, witnesses and groups by name in the order of their lines, and what is needed of them."""

    logs: tuple[Party, ...]
    witnesses: Mapping[str, Party]
    groups: Mapping[str, Group]
    quorum: str

    def met_by(self, cosigned: Sequence[str]) -> bool:
        """Whether these witnesses, by name, are as many as are needed."""
        held = {_NONE, *cosigned}
        for name, group in self.groups.items():
            if sum(member in held for member in group.members) >= group.threshold:
                held.add(name)
        return self.quorum in held


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """How a checkpoint stands under a policy.

    `state`: holds; fails where a signature that is there is not true, or the log's is missing; could not be checked
    where cosignatures are missing. `cosigned`: witnesses by name, with the second that each gives.
    """

    state: State
    detail: str
    head: TreeHead
    cosigned: Mapping[str, int] = field(default_factory=dict)


def parse_policy(raw: bytes) -> Policy:
    """Reads a policy file. Raises Malformed, with the number of the line."""
    if len(raw) > _MOST:
        raise Malformed(f"a policy has at most {_MOST} bytes")
    if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in raw):
        raise Malformed("a policy has no control characters but tabs and newlines")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Malformed("a policy is UTF-8") from None
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        items = re.split(r"[ \t]+", line.strip(" \t"))
        if items != [""] and not items[0].startswith("#"):
            try:
                reader.take(items)
            except Malformed as error:
                raise Malformed(str(error), f"line {number}") from None
    return reader.policy()


class _Reader:
    def __init__(self) -> None:
        self._logs: list[Party] = []
        self._witnesses: dict[str, Party] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum: str | None = None

    def take(self, items: list[str]) -> None:
        match items:
            case ["log", key, *url] if len(url) < 2:
                self._logs.append(_party(key, url, KeyType.NOTE, self._logs))
            case ["witness", name, key, *url] if len(url) < 2:
                self._name(name)
                self._witnesses[name] = _party(key, url, KeyType.COSIGNATURE, self._witnesses.values())
            case ["group", name, threshold, *members] if members:
                self._name(name)
                self._groups[name] = Group(_threshold(threshold, len(members)), tuple(map(self._member, members)))
            case ["quorum", name] if self._quorum is None:
                if name != _NONE:
                    self._defined(name)
                self._quorum = name
            case _:
                raise Malformed(f"is no {items[0]} line that can be read")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise Malformed("a policy has a quorum line")
        return Policy(tuple(self._logs), self._witnesses, self._groups, self._quorum)

    def _name(self, name: str) -> None:
        if name == _NONE or name in self._witnesses or name in self._groups:
            raise Malformed(f"{name} is taken")

    def _defined(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise Malformed(f"{name} is not defined above")

    def _member(self, name: str) -> str:
        self._defined(name)
        if name in self._members:
            raise Malformed(f"{name} is a member already")
        self._members.add(name)
        return name


def _party(key: str, url: Sequence[str], type: KeyType, others: Iterable[Party]) -> Party:
    verifier = Verifier.parse(key)
    if verifier.type is not type:
        raise Malformed(f"{verifier.name} has a key of type {verifier.type:#04x}, wanted is {type:#04x}")
    if any(other.verifier.key == verifier.key for other in others):
        raise Malformed(f"the key of {verifier.name} is there already")
    return Party(verifier, *url)


def _threshold(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    if not _THRESHOLD.fullmatch(text) or int(text) > members:
        raise Malformed(f"{text} of {members} is no threshold")
    return int(text)


def satisfied(policy: Policy, note: str, logs: Sequence[Verifier] = ()) -> PolicyReport:
    """Holds a checkpoint's note against a policy. Raises Malformed for what is no checkpoint.

    `logs`: keys of logs that are known from elsewhere than the policy.
    """
    met = parse_note(note)
    head = parse_tree_head(met.text)
    of_log = [v for v in (*(log.verifier for log in policy.logs), *logs) if v.name == head.origin]
    cosigned: dict[str, int] = {}
    try:
        signed = [met.signed_by(v) for v in of_log if met.names(v)]
        for name, witness in policy.witnesses.items():
            if met.names(witness.verifier):
                cosigned[name] = met.signed_by(witness.verifier)
    except BadSignature as error:
        return PolicyReport(State.FAILS, str(error), head, cosigned)
    if not of_log:
        return PolicyReport(State.FAILS, f"{head.origin} is no log that this policy knows", head, cosigned)
    if not signed:
        return PolicyReport(State.FAILS, f"not signed by {head.origin}", head, cosigned)
    if not policy.met_by(list(cosigned)):
        missing = [name for name in policy.witnesses if name not in cosigned]
        return PolicyReport(State.UNCHECKED, f"no quorum: no cosignature of {', '.join(missing)}", head, cosigned)
    return PolicyReport(State.HOLDS, "", head, cosigned)
