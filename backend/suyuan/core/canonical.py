"""RFC 8785 JSON (JCS): what is hashed and signed (PROTOCOL section 2).

Fast where it may be: orjson writes the same bytes as RFC 8785 when member names are ASCII, integers lie within
±(2^53-1) and floats need no exponent; everything else goes the slow and certain way.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, TypeAlias

import orjson
import rfc8785

from suyuan.core.errors import Malformed

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

SAFE_INTEGER = 2**53 - 1
_MAX_DEPTH = 64


def _walk(value: Any, depth: int, strict: bool) -> bool:
    """Whether orjson's bytes are RFC 8785's; raises Malformed for what has no canonical form at all."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise Malformed("an integer beyond 2^53-1")
        return True
    if kind is float:
        if strict:
            raise Malformed("a body holds no floats")
        number: float = value
        if SAFE_INTEGER < abs(number) < 1e21:  # from 1e21 on ECMAScript writes an exponent: no integer
            raise Malformed("an integer beyond 2^53-1")
        # where orjson and ECMAScript write the same shortest decimal: no exponent, and something after the point
        return 1e-5 <= abs(number) < 1e15 and number % 1 != 0
    if depth > _MAX_DEPTH:
        raise Malformed(f"nested deeper than {_MAX_DEPTH}")
    if kind is list:
        plain = True
        for member in value:
            if type(member) is not str:
                plain &= _walk(member, depth + 1, strict)
        return plain
    if kind is dict:
        plain = True
        for name, member in value.items():
            if type(name) is not str:
                raise Malformed("a member name that is not text")
            if not name.isascii():
                if strict:
                    raise Malformed("a body's member names are ASCII")
                plain = False
            if type(member) is not str:
                plain &= _walk(member, depth + 1, strict)
        return plain
    raise Malformed(f"{kind.__name__} is not JSON")


def encode(value: Json, *, strict: bool = False) -> bytes:
    """JCS of `value` in UTF-8. Raises Malformed for what JSON cannot carry exactly.

    `strict`: as in a body, where there are no floats and member names are ASCII.
    """
    plain = _walk(value, 0, strict)
    try:
        if plain:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, TypeError, UnicodeEncodeError, ValueError) as error:
        raise Malformed("a lone surrogate, or a number that is not finite") from error


def digest(value: Json, *, strict: bool = False) -> bytes:
    """SHA-256 of the JCS of `value`."""
    return sha256(encode(value, strict=strict)).digest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a member name that stands twice in one object")
    return members


def _integer(text: str) -> int:
    if len(text) > 17 or not -SAFE_INTEGER <= int(text) <= SAFE_INTEGER:
        raise Malformed("an integer beyond 2^53-1")
    return int(text)


def _double(text: str) -> float | int:
    value = float(text)
    whole = value % 1 == 0 and abs(value) <= SAFE_INTEGER
    return int(value) if whole else value  # JSON knows one kind of number: 5.0 is 5


def _refuse(text: str) -> Any:
    raise Malformed(f"{text} is not JSON")


def parse(text: bytes) -> Json:
    """JSON from outside: strict UTF-8, no duplicate names, no lone surrogates, numbers as ECMAScript doubles.

    Raises Malformed.
    """
    try:
        # bounds the depth: json overruns the stack where a library has raised the recursion limit
        quick: Json = orjson.loads(text)
        if orjson.dumps(quick) == text and _walk(quick, 0, strict=False):
            return quick  # what comes back byte for byte has no name twice; and if it is plain, no 5.0 for 5
        value: Json = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_double,
            parse_constant=_refuse,
        )
        encode(value)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    return value


def parse_trusted(text: bytes) -> Any:
    """JSON that this system wrote itself."""
    return orjson.loads(text)
