"""Label sheets of a batch, from what its merchant published and the codes that only the merchant has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from suyuan.client import Site
from suyuan.core import subjects
from suyuan.core.errors import InvalidIdentifier, NotFound
from suyuan_qr.codes import encode, png
from suyuan_qr.errors import GS1Error
from suyuan_qr.labels import LAYOUTS, Deployment, item_label, parcel_label, write_sheets


def write(
    url: str,
    gtin: str,
    lot: str,
    codes: Mapping[str, bytes],
    output: Path,
    progress: Callable[[int, int], None],
    typeface: Path | None = None,
) -> int:
    """Writes a PDF with a label for each serial of `codes` (serial → 16 bytes); gives how many."""
    site = Site(url)
    journal = site.get("/v1/journal")
    product = _newest(site, subjects.product(gtin), "product")
    batch = _newest(site, subjects.batch(gtin, lot), "batch")
    name = product["name"]
    labels = [
        item_label(
            name["zh"],
            name["en"],
            gtin,
            serial,
            lot=lot,
            expires=date.fromisoformat(batch["expires"]) if "expires" in batch else None,
            code=code,
        )
        for serial, code in codes.items()
    ]
    draft = output.with_name(f".{output.name}.new")
    with draft.open("wb") as target:
        write_sheets(
            target,
            labels,
            base=journal["site"],
            deployment=Deployment(journal["chain"], journal["journal"]),
            typeface=typeface,
            progress=progress,
        )
    draft.replace(output)
    return len(labels)


def write_parcel(url: str, sscc: str, name: str, english: str, output: Path) -> None:
    """Writes a parcel's label as a PDF, or where `output` ends in .png its QR code alone. Raises InvalidIdentifier."""
    with closing(Site(url)) as site:
        journal = site.get("/v1/journal")
    try:
        label = parcel_label(name, english, sscc)
        draft = output.with_name(f".{output.name}.new")
        with draft.open("wb") as target:
            if output.suffix.lower() == ".png":
                target.write(png(encode(label.uri(journal["site"])), mm=30))
            else:
                deployment = Deployment(journal["chain"], journal["journal"])
                write_sheets(
                    target, [label], base=journal["site"], deployment=deployment, layout=LAYOUTS["2x4"], guides=True
                )
    except GS1Error as error:
        raise InvalidIdentifier(str(error), "sscc") from None
    draft.replace(output)


def _newest(site: Site, subject: str, kind: str) -> dict[str, Any]:
    """The newest document of a kind in a subject's stream. Raises NotFound."""
    bundle = site.get("/v1/proof", subject=subject, limit="all")
    for entry in reversed(bundle["entries"] + bundle["pending"]):
        if entry["body"]["kind"] == kind:
            document: dict[str, Any] = bundle["documents"][entry["body"]["public"]["document"]]
            return document
    raise NotFound(f"{subject} has no {kind} entry")
