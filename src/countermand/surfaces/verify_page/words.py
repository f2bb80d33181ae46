"""What the verify page says beside the checks, in both languages."""

from __future__ import annotations

from countermand.transparency.check_words import Words

PAGE = {
    "title": Words("Check a receipt", "核验回执"),
    "other": Words("中文", "English"),
    "lead": Words(
        "Everything is computed here, in your browser. Nothing is sent anywhere: save this page and use it "
        "offline.",
        "全部计算都在您的浏览器中完成，不会发送任何内容；可将本页保存后离线使用。",
    ),
    "receipt": Words("1. The receipt (.zip)", "1. 回执（.zip）"),
    "receipt_help": Words(
        "The file you were given. Choose it or drop it here.", "您领取的文件；选择或拖放到此处。"
    ),
    "policy": Words("2. Whom you trust (policy.txt)", "2. 您信任谁（policy.txt）"),
    "policy_help": Words(
        "From a witness, a regulator or a court: not from the receipt itself.",
        "请向见证方、监管部门或法院取得；不要用回执里附带的。",
    ),
    "choose": Words("Choose a file", "选择文件"),
    "more": Words("More: your own files, the QR code", "更多：您自己的文件、二维码"),
    "own": Words("Your own files (optional)", "您自己的文件（可选）"),
    "own_help": Words(
        "Shows that a file of yours is the one you handed in.", "证明您手中的文件就是当时提交的那一份。"
    ),
    "code": Words("What the QR code says (optional)", "二维码内容（可选）"),
    "code_help": Words("From the paper receipt: ORIGIN|INDEX|LEAF.", "取自纸质回执：ORIGIN|INDEX|LEAF。"),
    "checks": Words("What was checked", "核验项目"),
    "proved": Words("What is proved", "已获证明的内容"),
    "passed": Words("Passed.", "通过。"),
    "remark": Words("Note.", "提示。"),
    "missing": Words("Missing.", "缺少。"),
    "failed": Words("Failed.", "未通过。"),
    "elsewhere": Words("(in a file of its owner)", "（在其持有人的文件中）"),
    "unsupported": Words(
        "This browser cannot check Ed25519 signatures; use a newer one, or countermand-verify.",
        "此浏览器无法核验 Ed25519 签名；请使用较新的浏览器，或使用 countermand-verify。",
    ),
}
