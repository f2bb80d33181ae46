"""Why the log is not gone on with: each needs a person."""

from __future__ import annotations

from countermand.kernel.errors import SetupError


def rolled_back(origin: str, size: int, signed: int) -> SetupError:
    """The database has fewer entries than were signed: it was restored from a backup."""
    return SetupError(
        "log_rolled_back",
        f"The log {origin} has {size} entries here, but its signer signed {signed}: this database was "
        "restored from an older state. Going on would make two histories under one name, so nothing is "
        "sealed. If the "
        "newer state is lost for good, `countermand log new-shard` goes on under a new name.",
        f"日志 {origin} 在此仅有 {size} 条，而签名程序已签至 {signed} 条：该数据库由较早的状态恢复而来。"
        "继续写入会在同一名称下产生两份历史，因此已停止封存。若较新的状态确已丢失，"
        "请用 `countermand log new-shard` 以新名称继续。",
        origin=origin,
        size=size,
        signed=signed,
    )


def inconsistent(origin: str, size: int) -> SetupError:
    """The tree is not one that adds to what was signed."""
    return SetupError(
        "log_inconsistent",
        f"The signer of the log {origin} refused the tree of {size} entries: it does not add to the one that "
        "was signed last. Entries or tiles were changed. `countermand log audit` names them; "
        "`countermand log new-shard` goes on under a new name.",
        f"日志 {origin} 的签名程序拒绝为 {size} 条的树签名：它不是上次所签之树的延续，条目或树块已被改动。"
        "`countermand log audit` 会指出位置；`countermand log new-shard` 以新名称继续。",
        origin=origin,
        size=size,
    )


def signer_forgot(origin: str) -> SetupError:
    """The signer does not know a log that has checkpoints: its state is gone."""
    return SetupError(
        "log_signer_forgot",
        f"The signer knows no log {origin}, which has signed checkpoints: its state was lost, or this is "
        "another signer. Give it its state back, or go on with `countermand log new-shard`.",
        f"签名程序不认识日志 {origin}，而该日志已有签名检查点：签名程序的状态已丢失，或这是另一个签名程序。"
        "请恢复其状态，或用 `countermand log new-shard` 继续。",
        origin=origin,
    )


def damaged(origin: str, detail: str) -> SetupError:
    """The tiles do not make the tree that the entries ask for."""
    return SetupError(
        "log_damaged",
        f"The log {origin} lacks part of its tree ({detail}). `countermand log audit` tells more.",
        f"日志 {origin} 的树缺失一部分（{detail}）。请运行 `countermand log audit` 查看详情。",
        origin=origin,
        detail=detail,
    )


def sealed_elsewhere() -> SetupError:
    """Somebody else seals, and does not end."""
    return SetupError(
        "log_sealed_elsewhere",
        "Another process seals this log. Stop `countermand serve` or `countermand log seal` first.",
        "另一个进程正在封存该日志。请先停止 `countermand serve` 或 `countermand log seal`。",
    )
