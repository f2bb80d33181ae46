"""A customer reads what is displayed before an operation, and agrees to just that."""

from __future__ import annotations

from countermand.drills.demo_stage import Stage


def agree(stage: Stage, name: str, *, aloud: bool = False) -> str:
    """The digest of what was displayed and agreed to; `aloud` also tells the words."""
    shown = {
        language: stage.ask("POST", f"/v1/operations/{name}/consent/statement", {"language": language})
        for language in ("en", "zh")
    }
    if aloud:
        lines = zip(shown["en"]["text"].splitlines(), shown["zh"]["text"].splitlines(), strict=True)
        for en, zh in lines:
            stage.say(f"  | {en}", f"  | {zh}")
    displayed = shown[stage.language]
    body = {"digest": displayed["digest"], "language": stage.language}
    receipt = stage.ask("POST", f"/v1/operations/{name}/consent", body)
    kept = (receipt["shown"], receipt["digest"]) == (displayed["text"], displayed["digest"])
    stage.expect(kept, f"{name}: the receipt is not what was shown", f"{name}：回执与展示内容不一致")
    return str(displayed["digest"])
