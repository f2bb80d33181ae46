"""The pages about the packs say what the packs say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from policies.stories import load_pack

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_were_made_from_the_packs_as_they_are() -> None:
    """`scripts/make_pack_pages --check` finds nothing stale."""
    script = ROOT / "scripts" / "make_pack_pages"
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("pack", ["cn-consumer-finance", "handbook-demo", "handbook-published"])
@pytest.mark.parametrize("page", ["packs.md", "packs.zh-CN.md"])
def test_every_rule_and_list_is_on_both_pages(pack: str, page: str) -> None:
    """No rule, limit or list is missing in either language."""
    program, text = load_pack(pack), (ROOT / "docs" / "reference" / page).read_text("utf-8")
    assert [rule.id for rule in program.rules if f"| `{rule.id}` |" not in text] == []
    assert [name for name in program.lists if f"| `{name}` |" not in text] == []
