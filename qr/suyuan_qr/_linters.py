"""The content rules that the GS1 Barcode Syntax Dictionary names, one function each.

A linter takes the text of one component, whose length and character set already fit, and answers the name of
the rule it breaks, or `""`. Rules and names are those of the GS1 Barcode Syntax Tests and the GS1 General
Specifications.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable

from suyuan_qr._code_lists import COUNTRY_LETTERS, COUNTRY_NUMBERS, CURRENCY_NUMBERS, PACKAGE_TYPES

CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_CHARACTERS: dict[str, tuple[re.Pattern[str], str]] = {
    "N": (re.compile(r"[0-9]*"), "NON_DIGIT_CHARACTER"),
    "X": (re.compile(f"[{re.escape(CSET82)}]*"), "INVALID_CSET82_CHARACTER"),
    "Y": (re.compile(r"[#\-/0-9A-Z]*"), "INVALID_CSET39_CHARACTER"),
    "Z": (re.compile(r"[A-Za-z0-9_\-]*=*"), "INVALID_CSET64_CHARACTER"),
}

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_GCP_SHORTEST = 4
_PERCENT = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_POSITION = re.compile(r"([0-9]+)/([0-9]+)")


def check_digit(digits: str) -> int:
    """The modulo-10 check digit for the ASCII digits before it (GenSpecs 7.9.1)."""
    codes = digits.encode()
    ones, threes = codes[-2::-2], codes[-1::-2]
    return -(sum(ones) + 3 * sum(threes) - 48 * (len(ones) + 3 * len(threes))) % 10


def check_pair(data: str) -> str:
    """The two check characters for up to 23 characters of CSET 82 before them (GenSpecs 7.9.5)."""
    total = sum(CSET82.index(char) * prime for char, prime in zip(reversed(data), _PRIMES, strict=False)) % 1021
    return CSET32[total >> 5] + CSET32[total & 31]


def characters(kind: str) -> Callable[[str], str]:
    """The rule of a character set: N digits, X CSET 82, Y CSET 39, Z CSET 64 with padding."""
    pattern, code = _CHARACTERS[kind]
    fits = pattern.fullmatch
    if kind == "Z":
        return lambda text: ("" if fits(text) else code) or _padding(text)
    return lambda text: "" if fits(text) else code


def _padding(text: str) -> str:
    pads = len(text) - len(text.rstrip("="))
    return "INVALID_CSET64_PADDING" if pads > 2 or (pads and len(text) % 3) else ""


def _csum(text: str) -> str:
    return "" if check_digit(text[:-1]) == ord(text[-1]) - 48 else "INCORRECT_CHECK_DIGIT"


def _csumalpha(text: str) -> str:
    if len(text) < 2:
        return "TOO_SHORT_FOR_CHECK_PAIR"
    if not all(char in CSET32 for char in text[-2:]):
        return "INVALID_CSET32_CHARACTER"
    return "" if check_pair(text[:-2]) == text[-2:] else "INCORRECT_CHECK_PAIR"


def _gcppos1(text: str) -> str:
    prefix = text[:_GCP_SHORTEST]
    if len(prefix) < _GCP_SHORTEST:
        return "TOO_SHORT_FOR_GCP"
    return "" if prefix.isdigit() else "INVALID_GCP_PREFIX"


def _gcppos2(text: str) -> str:
    return _gcppos1(text[1:])


def _hasnondigit(text: str) -> str:
    return "REQUIRES_NON_DIGIT_CHARACTER" if text.isdigit() else ""


def _date(year: int, month: int, day: int, *, day_may_be_zero: bool) -> str:
    if not 1 <= month <= 12:
        return "ILLEGAL_MONTH"
    first = 0 if day_may_be_zero else 1
    return "" if first <= day <= monthrange(year, month)[1] else "ILLEGAL_DAY"


# Which century YY is in matters to leap days alone, and the only year that 00 may mean for decades to come
# (GenSpecs 7.12) is 2000.
def _yymmdd(text: str) -> str:
    return _date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]), day_may_be_zero=False)


def _yymmd0(text: str) -> str:
    return _date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]), day_may_be_zero=True)


def _yyyymmdd(text: str) -> str:
    # The Gregorian calendar repeats after 400 years, and Python's has no year 0.
    return _date(int(text[:4]) + 400, int(text[4:6]), int(text[6:]), day_may_be_zero=False)


def _hh(text: str) -> str:
    return "" if text < "24" else "ILLEGAL_HOUR"


def _mi(text: str) -> str:
    return "" if text < "60" else "ILLEGAL_MINUTE"


def _ss(text: str) -> str:
    return "" if text < "60" else "ILLEGAL_SECOND"


def _hhmi(text: str) -> str:
    return _hh(text[:2]) or _mi(text[2:])


def _member(values: frozenset[str], code: str) -> Callable[[str], str]:
    return lambda text: "" if text in values else code


def _range10(largest: str, code: str) -> Callable[[str], str]:
    return lambda text: "" if text <= largest else code


def _hyphen(text: str) -> str:
    return "NOT_HYPHEN" if text.strip("-") else ""


def _importeridx(text: str) -> str:
    return "" if re.fullmatch(r"[\-0-9A-Z_a-z]", text) else "INVALID_IMPORT_IDX_CHARACTER"


def _nonzero(text: str) -> str:
    return "" if text.strip("0") else "ILLEGAL_ZERO_VALUE"


def _zero(text: str) -> str:
    return "NOT_ZERO" if text.strip("0") else ""


def _nozeroprefix(text: str) -> str:
    return "ILLEGAL_ZERO_PREFIX" if text.startswith("0") else ""


def _pcenc(text: str) -> str:
    return "" if _PERCENT.fullmatch(text) else "INVALID_PERCENT_SEQUENCE"


def _pieceoftotal(text: str) -> str:
    piece, total = text[: len(text) // 2], text[len(text) // 2 :]
    if not piece.strip("0"):
        return "ZERO_PIECE_NUMBER"
    if not total.strip("0"):
        return "ZERO_TOTAL_PIECES"
    return "PIECE_NUMBER_EXCEEDS_TOTAL" if piece > total else ""


def _posinseqslash(text: str) -> str:
    match = _POSITION.fullmatch(text)
    if match is None:
        return "POSITION_IN_SEQUENCE_MALFORMED"
    position, end = match.groups()
    if position.startswith("0") or end.startswith("0"):
        return "ILLEGAL_ZERO_PREFIX"
    return "POSITION_EXCEEDS_END" if int(position) > int(end) else ""


def _iban(text: str) -> str:
    if len(text) <= 10:
        return "IBAN_TOO_SHORT"
    if text[:2] not in COUNTRY_LETTERS:
        return "ILLEGAL_IBAN_COUNTRY_CODE"
    if not re.fullmatch(r"[0-9A-Z]+", text):
        return "INVALID_IBAN_CHARACTER"
    number = "".join(str(int(char, 36)) for char in text[4:] + text[:4])
    return "" if int(number) % 97 == 1 else "INCORRECT_IBAN_CHECKSUM"


class _Flawed(Exception):
    """Carries the name of the rule that a coupon breaks."""


class _Coupon:
    """Reads a coupon's digits from the front; raises _Flawed."""

    def __init__(self, text: str) -> None:
        if not text.isdigit():
            raise _Flawed("NON_DIGIT_CHARACTER")
        self.rest = text

    def take(self, size: int, flaw: str) -> str:
        """The next `size` digits."""
        if len(self.rest) < size:
            raise _Flawed(flaw)
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def code(self, name: str, allowed: str = "0123456789") -> str:
        """One digit out of `allowed`."""
        digit = self.take(1, f"COUPON_MISSING_{name}")
        if digit not in allowed:
            raise _Flawed(f"COUPON_INVALID_{name}")
        return digit

    def sized(self, name: str, allowed: str, extra: int) -> None:
        """A field behind its length indicator, a digit that counts from `extra`; where 9 is special, none."""
        digit = self.take(1, f"COUPON_MISSING_{name}_VLI")
        if digit not in allowed:
            raise _Flawed(f"COUPON_INVALID_{name}_LENGTH")
        size = 0 if digit == "9" and len(allowed) < 10 else int(digit) + extra
        self.take(size, f"COUPON_TRUNCATED_{name}")

    def purchase(self, nth: str) -> None:
        """Requirement, requirement code and family code of a purchase."""
        self.sized(f"{nth}_PURCHASE_REQUIREMENT", "12345", 0)
        self.code(f"{nth}_PURCHASE_REQUIREMENT_CODE", "012349")
        self.take(3, f"COUPON_TRUNCATED_{nth}_PURCHASE_FAMILY_CODE")

    def option(self, digit: str) -> bool:
        """Whether the optional field marked `digit` comes next; takes the mark."""
        if not self.rest.startswith(digit):
            return False
        self.rest = self.rest[1:]
        return True

    def date(self, short: str, invalid: str) -> str:
        """A date as YYMMDD."""
        date = self.take(6, short)
        if _yymmdd(date):
            raise _Flawed(invalid)
        return date

    def end(self) -> None:
        """Nothing may be left."""
        if self.rest:
            raise _Flawed("COUPON_EXCESS_DATA")


def _couponcode(text: str) -> str:
    """North American coupon code, AI (8110)."""
    try:
        coupon = _Coupon(text)
        coupon.sized("GCP", "0123456", 6)
        coupon.take(6, "COUPON_TRUNCATED_OFFER_CODE")
        coupon.sized("SAVE_VALUE", "12345", 0)
        coupon.purchase("1ST")
        if coupon.option("1"):
            coupon.code("ADDITIONAL_PURCHASE_RULES_CODE", "0123")
            coupon.purchase("2ND")
            coupon.sized("2ND_PURCHASE_GCP", "01234569", 6)
        if coupon.option("2"):
            coupon.purchase("3RD")
            coupon.sized("3RD_PURCHASE_GCP", "01234569", 6)
        expires = ""
        if coupon.option("3"):
            # the misspelling is the rule's published name
            expires = coupon.date("COUPON_TOO_SHORT_FOR_EXPIRATION_DATE", "COUPON_INVALID_EXIPIRATION_DATE")
        if coupon.option("4"):
            starts = coupon.date("COUPON_TOO_SHORT_FOR_START_DATE", "COUPON_INVALID_START_DATE")
            if expires and starts > expires:
                return "COUPON_EXPIRATION_BEFORE_START"
        if coupon.option("5"):
            coupon.sized("SERIAL_NUMBER", "0123456789", 6)
        if coupon.option("6"):
            coupon.sized("RETAILER_GCP_OR_GLN", "1234567", 6)
        if coupon.option("9"):
            coupon.code("SAVE_VALUE_CODE", "01256")
            coupon.code("SAVE_VALUE_APPLIES_TO_ITEM", "012")
            coupon.code("STORE_COUPON_FLAG")
            coupon.code("DONT_MULTIPLY_FLAG", "01")
        coupon.end()
    except _Flawed as flaw:
        return str(flaw)
    return ""


def _couponposoffer(text: str) -> str:
    """Positive offer file coupon code, AI (8112)."""
    try:
        coupon = _Coupon(text)
        coupon.code("FORMAT_CODE", "01")
        coupon.sized("FUNDER", "0123456", 6)
        coupon.take(6, "COUPON_TRUNCATED_OFFER_CODE")
        coupon.sized("SERIAL_NUMBER", "0123456789", 6)
        coupon.end()
    except _Flawed as flaw:
        return str(flaw)
    return ""


LINTERS: dict[str, Callable[[str], str]] = {
    "couponcode": _couponcode,
    "couponposoffer": _couponposoffer,
    "csum": _csum,
    "csumalpha": _csumalpha,
    "gcppos1": _gcppos1,
    "gcppos2": _gcppos2,
    "hasnondigit": _hasnondigit,
    "hh": _hh,
    "hhmi": _hhmi,
    "hyphen": _hyphen,
    "iban": _iban,
    "importeridx": _importeridx,
    "iso3166": _member(COUNTRY_NUMBERS, "NOT_ISO3166"),
    "iso3166999": _member(COUNTRY_NUMBERS | {"999"}, "NOT_ISO3166_OR_999"),
    "iso3166alpha2": _member(COUNTRY_LETTERS, "NOT_ISO3166_ALPHA2"),
    "iso4217": _member(CURRENCY_NUMBERS, "NOT_ISO4217"),
    "iso5218": _member(frozenset("0129"), "INVALID_BIOLOGICAL_SEX_CODE"),
    "latitude": _range10("1800000000", "INVALID_LATITUDE"),
    "longitude": _range10("3600000000", "INVALID_LONGITUDE"),
    "mediatype": _member(
        frozenset(f"{number:02}" for number in (*range(1, 11), *range(80, 100))), "INVALID_MEDIA_TYPE"
    ),
    "mi": _mi,
    "nonzero": _nonzero,
    "nozeroprefix": _nozeroprefix,
    "packagetype": _member(PACKAGE_TYPES, "INVALID_PACKAGE_TYPE"),
    "pcenc": _pcenc,
    "pieceoftotal": _pieceoftotal,
    "posinseqslash": _posinseqslash,
    "ss": _ss,
    "winding": _member(frozenset("019"), "INVALID_WINDING_DIRECTION"),
    "yesno": _member(frozenset("01"), "NOT_ZERO_OR_ONE"),
    "yymmd0": _yymmd0,
    "yymmdd": _yymmdd,
    "yyyymmdd": _yyyymmdd,
    "zero": _zero,
}
