"""Items a second into printable sheets of labels, beside the `qrcode` package alone in the same run.

    python scripts/bench_labels.py [--items 1000 --items 10000] [--sample 200] [--json]

A label has a link's code, two names, lot, serial, date, element string and deployment; `with hidden codes` a second
code to scratch off as well. `qrcode` writes single codes of the same links, as its users do, and no sheet.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from time import perf_counter

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

from suyuan_qr import codes, labels
from suyuan_qr.labels import LAYOUTS, Deployment, Label

BASE = "https://id.suyuan.example"
DEPLOYMENT = Deployment(31337, "0x" + "5a" * 20)


def items(count: int, *, hidden: bool) -> list[Label]:
    """Labels as a merchant orders them."""
    return [
        labels.item_label(
            "武夷山正山小种 特级",
            "Lapsang Souchong, Wuyi",
            "6901234567892",
            f"SN26{number:08}",
            lot="L2611-A",
            expires=date(2028, 11, 30),
            code=os.urandom(labels.CODE_BYTES) if hidden else None,
        )
        for number in range(count)
    ]


def sheet(count: int, *, hidden: bool) -> int:
    """Makes the labels and the file; answers its bytes."""
    out = BytesIO()
    layout = LAYOUTS["3x7"]
    labels.write_sheets(out, items(count, hidden=hidden), base=BASE, deployment=DEPLOYMENT, layout=layout)
    return len(out.getvalue())


def qrcode_alone(texts: list[str], *, svg: bool) -> int:
    """Each text as the `qrcode` package writes it by itself."""
    size = 0
    for text in texts:
        code = qrcode.QRCode(error_correction=ERROR_CORRECT_M)
        code.add_data(text)
        out = BytesIO()
        (code.make_image(image_factory=SvgPathImage) if svg else code.make_image()).save(out)
        size += len(out.getvalue())
    return size


def single(texts: list[str], *, svg: bool) -> int:
    """Each text by `suyuan_qr.codes`, as a batch."""
    made = codes.encode_many(texts)
    return sum(len(codes.svg(code) if svg else codes.png(code)) for code in made)


def measure(what: str, count: int, work: Callable[[], int]) -> dict[str, object]:
    """One line of the result."""
    start = perf_counter()
    size = work()
    seconds = perf_counter() - start
    return {"what": what, "count": count, "seconds": seconds, "per_second": count / seconds, "bytes": size}


def machine() -> str:
    """Processor, cores, Python and the libraries that matter."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    libraries = ", ".join(f"{name} {version(name)}" for name in ("qrcode", "zxing-cpp", "reportlab", "pillow"))
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, action="append", help="labels in a batch (1000 and 10000)")
    parser.add_argument("--sample", type=int, default=200, help="codes for what is slow (200)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args()
    texts = [label.uri(BASE) for label in items(chosen.sample, hidden=False)]
    results = []
    for count in chosen.items or [1000, 10000]:
        results.append(measure("labels on sheets", count, partial(sheet, count, hidden=False)))
        results.append(measure("labels with hidden codes", count, partial(sheet, count, hidden=True)))
    for svg, form in ((False, "PNG"), (True, "SVG")):
        results.append(measure(f"qrcode alone, {form}", len(texts), partial(qrcode_alone, texts, svg=svg)))
        results.append(measure(f"suyuan_qr.codes, {form}", len(texts), partial(single, texts, svg=svg)))
    command = shlex.join(["python", *sys.argv])
    if chosen.json:
        print(json.dumps({"machine": machine(), "command": command, "results": results}, indent=2))
        return
    print(machine())
    print(command)
    for each in results:
        print(
            f"{each['what']:26} {each['count']:>6} in {each['seconds']:7.2f} s "
            f"{each['per_second']:8.0f} a second {each['bytes']:>10} bytes"
        )


if __name__ == "__main__":
    main()
