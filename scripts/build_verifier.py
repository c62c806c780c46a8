#!/usr/bin/env python3
"""Put the saved verifier together: one file, `backend/suyuan/web/verify.html`, from the modules that the site serves.

scripts/build_verifier.py            writes the file
scripts/build_verifier.py --check    writes nothing; exits 1 where the file differs from its sources

Each module becomes a function that gives what it exports, in an order in which none is used before it is there. The
modules keep to what can be read line by line: `import {…} from './name.js';`, and `export` before a declaration.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from hashlib import sha256
from pathlib import Path

from suyuan.core.entries import Kind
from suyuan.core.rules import REASONS
from suyuan.web.words import STEPS, WORDS

WEB = Path(__file__).resolve().parents[1] / "backend" / "suyuan" / "web"
FILE = WEB / "verify.html"
ENTRY = "verify_page.js"
_IMPORT = re.compile(r"^import \{([^}]*)\} from '\./([a-z_]+\.js)';\n", re.MULTILINE)
_REEXPORT = re.compile(r"^export \{([^}]*)\} from '\./([a-z_]+\.js)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|let|class|function|async function) ([A-Za-z_$][\w$]*))", re.MULTILINE)
_REVIEWS = "\n/* reviews */"  # where the site's look goes on with what the verifier has not


class Unreadable(Exception):
    """A module says something that is not put together here; the text says where."""


def words() -> str:
    """The module of what the site's own words say of kinds, reasons and steps: [Chinese, English] by name."""
    tables = {
        "KIND_NAMES": {kind.word: WORDS[f"kind_{int(kind)}"] for kind in Kind},
        "REASON_NAMES": {reason: WORDS[f"reason_{reason}"] for reason in REASONS},
        "STEP_NAMES": STEPS,
    }
    return "".join(
        f"export const {name} = {json.dumps(table, ensure_ascii=False)};\n" for name, table in tables.items()
    )


def source(name: str) -> str:
    """A module's text."""
    return words() if name == "words.js" else (WEB / "static" / name).read_text(encoding="utf-8")


def bundled(entry: str) -> str:
    """A module with everything that it imports, as one script. Raises Unreadable."""
    parts: list[str] = []
    done: set[str] = set()
    _add(entry, parts, done, ())
    return "\n".join(parts)


def _add(name: str, parts: list[str], done: set[str], above: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in above:
        raise Unreadable(f"{name} imports itself by way of {above[-1]}")
    text = source(name)
    needed = [*_IMPORT.findall(text), *_REEXPORT.findall(text)]
    for _, other in needed:
        _add(other, parts, done, (*above, name))
    exports = _EXPORT.findall(text)
    given_on = {one.strip(): _variable(other) for names, other in _REEXPORT.findall(text) for one in names.split(",")}
    text = _IMPORT.sub(lambda m: f"const {{ {_renamed(m[1])} }} = {_variable(m[2])};\n", _REEXPORT.sub("", text))
    text = _EXPORT.sub("", text)
    if stray := re.search(r"^(import|export)\b.*|</script", text, re.MULTILINE):
        raise Unreadable(f"{name}: {stray[0]}")
    exports += [f"{one}: {module}.{one}" for one, module in given_on.items()]
    given = f"\nreturn {{ {', '.join(exports)} }};" if exports else ""
    parts.append(f"// --- {name}\nconst {_variable(name)} = (() => {{\n{text.strip()}{given}\n}})();")
    done.add(name)


def _variable(name: str) -> str:
    return "module_" + name.removesuffix(".js")


def _renamed(names: str) -> str:
    """`a as b` of an import as `a: b` of a pattern."""
    return ", ".join(re.sub(r"\s+as\s+", ": ", one.strip()) for one in names.split(",") if one.strip())


def build() -> bytes:
    """The file's bytes: the same from the same sources, on every machine. Raises Unreadable."""
    look, marker, _ = (WEB / "static" / "style.css").read_text(encoding="utf-8").partition(_REVIEWS)
    if not marker:
        raise Unreadable(f"style.css has no {_REVIEWS.strip()}")
    css = look.rstrip() + "\n" + (WEB / "static" / "verify.css").read_text(encoding="utf-8")
    js = "\n" + bundled(ENTRY) + "\n"
    page = (WEB / "templates" / "verify.html").read_text(encoding="utf-8")
    for mark, value in {"{script}": _allowed(js), "{style}": _allowed(css), "{css}": css, "{js}": js}.items():
        if page.count(mark) != 1:
            raise Unreadable(f"verify.html has {mark} {page.count(mark)} times")
        page = page.replace(mark, value)
    return page.encode()


def _allowed(text: str) -> str:
    """How a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the file differs")
    arguments = parser.parse_args()
    try:
        made = build()
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    name = FILE.relative_to(WEB.parents[2])
    if FILE.is_file() and FILE.read_bytes() == made:
        return 0
    if arguments.check:
        print(f"{name} is not what its sources make", file=sys.stderr)
        return 1
    FILE.write_bytes(made)
    print(f"{name}: {len(made)} bytes, SHA-256 {sha256(made).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
