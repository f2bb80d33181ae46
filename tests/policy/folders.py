"""Policy folders for tests: a head, and whatever the test is about."""

from collections.abc import Mapping

HEAD = """policy: sample
version: "1"
title: {en: "Sample", zh: "样例"}
currency: CNY
timezone: Asia/Shanghai
history: 30 days
attributes: {flag: boolean, whole: integer, other: integer, real: number,
             cash: money, word: text, wait: duration}
"""
REASON = 'reason: {en: "Because", zh: "因为"}'


def folder(body: str, **more: str) -> dict[str, str]:
    """The files of a policy: the head, `body` as rules.yaml, and more files by name."""
    return {"policy.yaml": HEAD, "rules.yaml": body, **{f"{name}.yaml": text for name, text in more.items()}}


def one_rule(when: str, on: str | None = None, then: str = "hold") -> dict[str, str]:
    """A policy with one rule, whose condition starts at line 3, column 11."""
    kinds = f"    on: [{on}]\n" if on else ""
    quoted = '"' + when + '"'
    return folder(f"rules:\n  - id: only\n    when: {quoted}\n{kinds}    then: {then}\n    {REASON}\n")


def texts(files: Mapping[str, str]) -> list[str]:
    """Every finding as `code line:column`."""
    from countermand.policy.package import check_policy

    return [f"{one.code} {one.at.line}:{one.at.column}" for one in check_policy(files)]
