"""What a receipt says of itself to whoever opens it with nothing but a text editor."""

from __future__ import annotations

_README = """\
回执 / Receipt — {case}

这份文件证明：您说过什么、何时说的、我们答应了什么。它已写入公开可核验的日志，我们事后无法更改。
- entry.json          日志中的记录（不含您的个人信息）
- receipt.tlog-proof  记录在日志中的证明与签名
- openings.json       您的原话和我们的答复；请自行保管，不要转发给陌生人
- receipt.pdf         供人阅读的单页，带电子签名
- policy.txt          我们公布的密钥，仅供参考；核验时请从别处（见证方、监管部门）取得
核验（无需联网，无需联系我们）：
  countermand verify 本文件.zip --policy 您取得的policy.txt
  或：python countermand-verify.pyz 本文件.zip --policy 您取得的policy.txt
  结果：0 有效；1 不可信；2 尚不完整（稍后重新领取即可）
我们绝不会通过任何渠道索要您的密码或验证码。

This file proves what you said, when, and what we promised. It stands in a log that anybody can check and that
we cannot change afterwards.
- entry.json          the entry of the log (nothing personal in it)
- receipt.tlog-proof  the proof that the log has it, and the signatures
- openings.json       your words and our answer; keep it to yourself, do not pass it on to strangers
- receipt.pdf         the same on one page, signed, for people
- policy.txt          our keys, for comfort; to check, get them elsewhere (from a witness or a regulator)
To check it, without a network and without asking us:
  countermand verify THIS.zip --policy YOUR-policy.txt
  or: python countermand-verify.pyz THIS.zip --policy YOUR-policy.txt
  Answer: 0 valid; 1 forged; 2 incomplete (fetch it again later)
We never ask for your password or a one-time code, by any channel.
"""


def readme_of(case: str) -> bytes:
    """The text, in both languages, for a case's number as it is shown."""
    return _README.format(case=case).encode()
