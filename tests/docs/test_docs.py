"""Documentation that states facts is held to the code."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from suyuan.cli.main import app
from suyuan.config import Settings

ROOT = Path(__file__).resolve().parents[2]


def _rows(page: str, heading: str) -> list[list[str]]:
    text = (ROOT / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def test_every_setting_is_documented_with_its_default_and_its_words() -> None:
    expected = [
        [f"`SUYUAN_{name.upper()}`", f"`{field.default}`" if str(field.default) else "", field.description]
        for name, field in Settings.model_fields.items()
    ]
    assert expected == _rows("docs/operations.md", "Settings")


def test_every_suyuan_command_in_the_readme_exists() -> None:
    named = set(re.findall(r"^\.venv/bin/suyuan ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert named
    assert named - commands == set()


def test_every_make_target_in_the_readme_exists() -> None:
    named = set(re.findall(r"`make ([a-z]+)`", (ROOT / "README.md").read_text()))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named - targets == set()


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} → {target}"
