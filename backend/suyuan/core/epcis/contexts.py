"""The names that a JSON-LD `@context` gives to namespaces, as far as EPCIS uses them.

Only prefixes matter here: the standard terms are known, and no context is ever fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

# Declared by the EPCIS 2.0 context itself.
_STANDARD: Mapping[str, str] = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": "https://gs1.org/voc/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
_REMEMBERED_NAMES = 256  # a context, and only short ones: strangers must not fill the memory
_SHORT_NAME = 128
_SHORT_CONTEXT = 4096


class Names:
    """Expands compact URIs. `prefixes` maps each prefix to its namespace; not to be changed."""

    __slots__ = ("_member_names", "prefixes")

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self.prefixes = prefixes
        self._member_names: dict[str, str] = {}

    def member(self, name: str) -> str:
        """A member's name as `{namespace}local`; the name itself where it has no known namespace."""
        known = self._member_names.get(name)
        if known is None:
            known = self._expanded_member(name)
            if len(name) <= _SHORT_NAME:
                if len(self._member_names) >= _REMEMBERED_NAMES:
                    self._member_names.clear()
                self._member_names[name] = known
        return known

    def _expanded_member(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        if not colon:
            return name
        namespace = self.prefixes.get(prefix)
        if namespace is not None and not local.startswith("//"):
            return f"{{{namespace}}}{local}"
        if local.startswith("//") or prefix == "urn":
            cut = max(map(name.rfind, "/#:")) + 1
            return f"{{{name[:cut]}}}{name[cut:]}"
        return name

    def uri(self, text: str) -> str:
        """A compact URI's full form; any other text itself."""
        prefix, colon, rest = text.partition(":")
        if colon:
            namespace = self.prefixes.get(prefix)
            if namespace is not None and not rest.startswith("//"):
                return namespace + rest
        return text

    def within(self, context: Any) -> Names:
        """The names inside an object that has a further `context` of its own."""
        prefixes = dict(self.prefixes)
        _extend(prefixes, context)
        return Names(prefixes)


def names_of(*contexts: Any) -> Names:
    """The names under these `@context` values (any JSON), outermost first."""
    text = orjson.dumps(contexts)
    return _remembered(text) if len(text) <= _SHORT_CONTEXT else _named(text)


def _named(contexts: bytes) -> Names:
    prefixes = dict(_STANDARD)
    _extend(prefixes, orjson.loads(contexts))
    return Names(prefixes)


_remembered = lru_cache(maxsize=256)(_named)


def _extend(prefixes: dict[str, str], context: Any) -> None:
    if isinstance(context, list):
        for part in context:
            _extend(prefixes, part)
    elif isinstance(context, dict):
        for term, meaning in context.items():
            if isinstance(meaning, dict):
                meaning = meaning.get("@id")
            if isinstance(meaning, str) and not term.startswith("@") and not meaning.startswith("@"):
                prefixes[term] = Names(prefixes).uri(meaning)
