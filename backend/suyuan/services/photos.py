"""Photos: an image is read by what it is, never by what it is called, and only new bytes made from its pixels are kept.

So nothing that was hidden in it (a place, a camera's number, another file) is served. The hash is that of the served
bytes, which reviews commit to.
"""

from __future__ import annotations

import io
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from PIL import Image, ImageOps

from suyuan.core import statements
from suyuan.core.errors import BadSignature, Conflict, Malformed, NotFound, ProofFault, TooLarge
from suyuan.services.authorise import Authority
from suyuan.services.review import opened
from suyuan.storage import orders, reviews
from suyuan.storage.database import Database
from suyuan.storage.reviews import PhotoRow
from suyuan.storage.vault import Vault, seal, unseal

LIMIT = 8 * 2**20  # bytes of an upload
MOST = 12  # photos of a right that are kept until its review says which it shows
_PIXELS = 64_000_000
_SIDE = 2048  # of what is served
_FORMATS = ("JPEG", "PNG", "WEBP")
_at_once = threading.BoundedSemaphore(2)  # an image takes four bytes a pixel while it is read


@dataclass(frozen=True, slots=True)
class Picture:
    """What is served of an image."""

    type: str
    width: int
    height: int
    content: bytes


def picture(data: bytes) -> Picture:
    """What is served of an uploaded image: its pixels upright, at most 2048 a side, and nothing else of it.

    Raises TooLarge, Malformed.
    """
    if len(data) > LIMIT:
        raise TooLarge(f"a photo has at most {LIMIT} bytes, this has {len(data)}")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_size(*_webp_size(data))  # Pillow makes room for a whole WebP as soon as it opens it
    try:
        with _at_once, Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(*image.size)
            if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
                raise Malformed("a photo does not move", "photo")
            return _made(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"a photo has at most {_PIXELS} pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error, MemoryError) as error:
        raise Malformed("a JPEG, PNG or WebP image is wanted, whole", "photo") from error


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > _PIXELS:
        raise TooLarge(f"a photo has at most {_PIXELS} pixels, this has {width} by {height}")


def _webp_size(data: bytes) -> tuple[int, int]:
    """The canvas that a WebP's first chunk declares. Raises Malformed."""
    chunk, body = data[12:16], data[20:30]
    if chunk == b"VP8X" and len(body) == 10:
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L" and body[:1] == b"\x2f":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise Malformed("a JPEG, PNG or WebP image is wanted, whole", "photo")


def _made(image: Image.Image) -> Picture:
    image.draft("RGB", (_SIDE, _SIDE))  # a large JPEG is read at half its size or less
    turned = ImageOps.exif_transpose(image)
    clear = turned.has_transparency_data
    plain = turned.convert("RGBA" if clear else "RGB")
    plain.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    bare = Image.new(plain.mode, plain.size)  # pixels alone: no metadata goes along
    bare.paste(plain)
    out = io.BytesIO()
    if clear:
        bare.save(out, "WEBP", quality=85, method=4)
    else:
        bare.save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return Picture("image/webp" if clear else "image/jpeg", bare.width, bare.height, out.getvalue())


class Photos:
    """Takes photos for a right, and gives those of reviews that are shown."""

    def __init__(
        self, database: Database, vault: Vault, authority: Authority, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._vault = vault
        self._authority = authority
        self._clock = clock

    def add(self, data: bytes, right: object, statement: object) -> dict[str, Any]:
        """Takes a photo for a right, signed by its key. Raises InvalidInput, BadSignature, NotFound, Conflict."""
        hash = statements.from_hex(right, 32, "Suyuan-Right")
        with self._database.read() as connection:
            found = orders.right(connection, hash)
        if found is None:
            raise NotFound(f"there is no right {right}")
        by = self._authority.shopper("photo", statement, f"/reviews/{found.gtin}", sha256(data).digest())
        if by != found.by:
            raise BadSignature("the photo is signed by another key than the right's")
        made = picture(data)
        name = sha256(made.content).digest()
        with self._database.write() as connection:
            buyer = orders.buyer(connection, self._vault, found.buyer)
            if buyer is None:
                raise Conflict("what was kept about this buyer was erased")
            orders.right(connection, hash, lock=True)
            held = reviews.photo_hashes(connection, hash)
            if name not in held and len(held) >= MOST:
                raise Conflict(f"{MOST} photos wait already: a review shows six")
            box = seal(buyer.key, made.content, _of(hash, name))
            reviews.add_photo(connection, PhotoRow(name, hash, made.type, box), int(self._clock() * 1000))
        return {"photo": name.hex(), "type": made.type, "width": made.width, "height": made.height}

    def photo(self, name: str) -> tuple[str, bytes]:
        """Type and bytes of a photo that a shown review shows. Raises Malformed, NotFound."""
        hash = statements.from_hex(name, 32, "photo")
        with self._database.read() as connection:
            found = reviews.shown_photos(connection, hash)
            keys = orders.keys(connection, self._vault, {review.buyer for _, review in found})
        for row, review in found:
            with suppress(ProofFault):  # a box that does not open is missing, and what it held is proven
                content = opened(keys.get(review.buyer), review)
                if content is not None and name in content["photos"]:
                    return row.type, photo_of(keys[review.buyer], row)
        raise NotFound(f"no review that is shown has a photo {name}")


def photo_of(key: bytes, row: PhotoRow) -> bytes:
    """A photo's bytes. Raises ProofFault."""
    return unseal(key, row.content, _of(row.right, row.hash))


def _of(right: bytes, name: bytes) -> bytes:
    return b"photo " + right + name
