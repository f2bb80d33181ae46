"""What is wrong with a policy: each finding points at file, line and column, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field

from countermand.kernel.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a policy file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that keeps a policy from being published."""

    code: str
    at: Place
    en: str
    zh: str

    def __str__(self) -> str:
        return f"{self.at.file}:{self.at.line}:{self.at.column}: {self.code}: {self.en}"


@dataclass
class Findings:
    """Collects findings, so that one check tells everything at once."""

    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, at: Place, en: str, zh: str) -> None:
        self.found.append(Finding(code, at, en, zh))

    def raise_if_any(self) -> None:
        """Raises PolicyError (`policy_refused`) that carries all findings in its details."""
        if not self.found:
            return
        rows = [
            {
                "code": one.code,
                "file": one.at.file,
                "line": one.at.line,
                "column": one.at.column,
                "text": {"en": one.en, "zh": one.zh},
            }
            for one in self.found
        ]
        raise PolicyError(
            "policy_refused",
            f"The policy has {len(rows)} findings; the first: {self.found[0]}",
            f"策略有 {len(rows)} 处问题；第一处：{self.found[0].at.file}:{self.found[0].at.line}："
            f"{self.found[0].zh}",
            findings=rows,
        )
