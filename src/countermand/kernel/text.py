"""A text a person reads: always in English and in Chinese, never in one of them."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in both product languages; `{name}` marks a value to be filled in.

    >>> Text(en="Frozen", zh="已冻结").zh
    '已冻结'
    """

    en: str
    zh: str

    def filled(self, values: dict[str, str]) -> Text:
        """Put values into the marks; a mark without a value stays visible."""
        en, zh = self.en, self.zh
        for name, value in values.items():
            mark = "{" + name + "}"
            en, zh = en.replace(mark, value), zh.replace(mark, value)
        return Text(en=en, zh=zh)
