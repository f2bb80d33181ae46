"""The examples people copy are checked as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countermand.policy.package import check_policy

ROOT = Path(__file__).parents[1]
HEAD = 'policy: example\nversion: "1"\ntitle: {en: "Example", zh: "示例"}\n'
BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def blocks(page: str) -> list[str]:
    """The YAML blocks of a page."""
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["docs/how-to/write-a-rule.md", "docs/how-to/write-a-rule.zh-CN.md"])
def test_the_how_to_is_a_policy(page: str) -> None:
    """Its two files, copied, can be published."""
    files = {f"part-{number}.yaml": text for number, text in enumerate(blocks(page))}
    assert [str(finding) for finding in check_policy(files)] == []


@pytest.mark.parametrize(
    "page", ["docs/how-to/let-a-threshold-adapt.md", "docs/how-to/let-a-threshold-adapt.zh-CN.md"]
)
def test_the_threshold_that_adapts_is_a_policy(page: str) -> None:
    """The whole page's policy, copied, can be published."""
    assert [str(finding) for finding in check_policy({"policy.yaml": blocks(page)[0]})] == []


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_a_rule_that_works(page: str) -> None:
    """Its example needs nothing but a head."""
    files = {"policy.yaml": HEAD, "example.yaml": blocks(page)[0]}
    assert [str(finding) for finding in check_policy(files)] == []
