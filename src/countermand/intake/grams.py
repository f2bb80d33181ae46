"""A message as a set of pieces: Chinese by 1 to 4 characters, words whole, in pairs and by 2 to 5 letters.

One normal form for full and half width, case, digits, traditional characters and the signs people put between
characters to slip past a filter, so that "盜*刷 ￥５００" and "盗刷¥300" look alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

CHARACTERS_MAX = 2000
CHINESE_MAX, LETTERS_MIN, LETTERS_MAX = 4, 2, 5
WORD_LETTERS_MAX = 40
WORDS_REMEMBERED_MAX = 50_000

_TRADITIONAL = (
    "帳戶號碼銀卡轉賬錢還貸款額費積點詐騙盜誰沒這個為麼們來時間說請問幫開關進過後對應無從導設備機電話門營業務單據證"
    "記錄報審驗變動現實際經總負責處罰條約資產權債務償擔憂嚇壓腦緊簡體繫聯絡傳發凍結鎖綁認識讓給買賣貨欺壞傷殺"
    "媽爺學歲寫讀聽見覺愛氣飛鐘頭線網頁圖標籤種類級別區塊鏈級鍵輸遠視頻東兩萬億圓幣匯換價優惠減獎滿達邊隨僅"
    "裡裏麵於與並雙歷曆嗎喲妳您該當場樓車師員歸檔離職場產險賠補繳稅罵擾爛損錯誤難題條碼掃刪徵訊語寶貝團陸續簽協議"
)
_SIMPLIFIED = (
    "账户号码银卡转账钱还贷款额费积点诈骗盗谁没这个为么们来时间说请问帮开关进过后对应无从导设备机电话门营业务单据证"
    "记录报审验变动现实际经总负责处罚条约资产权债务偿担忧吓压脑紧简体系联络传发冻结锁绑认识让给买卖货欺坏伤杀"
    "妈爷学岁写读听见觉爱气飞钟头线网页图标签种类级别区块链级键输远视频东两万亿圆币汇换价优惠减奖满达边随仅"
    "里里面于与并双历历吗哟你您该当场楼车师员归档离职场产险赔补缴税骂扰烂损错误难题条码扫删征讯语宝贝团陆续签协议"
)
_FOLDED: dict[int, str | None] = {
    **{ord(a): b for a, b in zip(_TRADITIONAL, _SIMPLIFIED, strict=True)},
    **{ord(digit): "0" for digit in "123456789"},
    **dict.fromkeys(map(ord, "'’‘`\u200b\u200c\u200d\u2060\ufeff\u00ad")),
    ord("帐"): "账",
}
_HAN = "\u3400-\u9fff"
_SLIPPED = re.compile(rf"(?<=[{_HAN}])[\s*._~^·•/|+=-]+(?=[{_HAN}])")
_RUNS = re.compile(rf"[{_HAN}]+|[a-z\u00df-\u024f]+|0+|[?!]")
_FIRST_HAN = "\u3400"
_SIGNS = frozenset("0?!")  # any number is one sign


def normal(text: str) -> str:
    """One form for what a reader takes for the same; at most CHARACTERS_MAX characters are read.

    >>> normal("盜*刷 ￥５００")
    '盗刷 ¥000'
    """
    folded = unicodedata.normalize("NFKC", text[:CHARACTERS_MAX]).lower().translate(_FOLDED)
    return _SLIPPED.sub("", folded)


def runs(normalised: str) -> list[str]:
    """The stretches of one script, in order: Chinese, a word, digits, a question or exclamation mark."""
    found: list[str] = _RUNS.findall(normalised)
    return [run if run[0] != "0" else "0" for run in found]


def is_chinese(run: str) -> bool:
    """Whether a run is of Chinese characters."""
    return run >= _FIRST_HAN


def pieces_of_chinese(run: str) -> list[str]:
    """Every stretch of 1 to 4 characters.

    >>> pieces_of_chinese("不是我")
    ['不', '是', '我', '不是', '是我', '不是我']
    """
    found = list(run)
    size = len(run)
    for length in range(2, min(CHINESE_MAX, size) + 1):
        found += [run[start : start + length] for start in range(size - length + 1)]
    return found


def pieces_of_word(word: str) -> list[str]:
    """The word itself, and its stretches of 2 to 5 letters with `^` before and `$` after the word.

    >>> pieces_of_word("not")
    ['not', '^n', 'no', 'ot', 't$', '^no', 'not', 'ot$', '^not', 'not$', '^not$']
    """
    if word in _SIGNS:
        return [word]
    edged = f"^{word[:WORD_LETTERS_MAX]}$"
    size = len(edged)
    found = [word]
    for length in range(LETTERS_MIN, min(LETTERS_MAX, size) + 1):
        found += [edged[start : start + length] for start in range(size - length + 1)]
    return found


def pairs(found: list[str]) -> list[str]:
    """Neighbouring runs, and words with one word between them; Chinese by the characters that touch."""
    keys = [(run[0], run[-1]) if run >= _FIRST_HAN else (run, run) for run in found]
    near = [f"{left[1]} {right[0]}" for left, right in pairwise(keys)]
    return near + [f"{left[1]} _ {right[0]}" for left, right in zip(keys, keys[2:], strict=False)]


def grams(text: str) -> set[str]:
    """All pieces of a message, each once."""
    found = runs(normal(text))
    pieces = set(pairs(found))
    for run in found:
        pieces.update(pieces_of_chinese(run) if run >= _FIRST_HAN else pieces_of_word(run))
    return pieces


def folded_with_places(text: str) -> tuple[str, list[int]]:
    """The normal form, and for each of its characters the place in `text` that it came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text[:CHARACTERS_MAX]):
        folded = unicodedata.normalize("NFKC", character).lower().translate(_FOLDED)
        letters += folded
        places += [place] * len(folded)
    whole = "".join(letters)
    for slipped in reversed(list(_SLIPPED.finditer(whole))):
        del letters[slipped.start() : slipped.end()]
        del places[slipped.start() : slipped.end()]
    return "".join(letters), places


def located(text: str) -> Iterator[tuple[str, int, int]]:
    """Every piece with the characters of `text` it came from; pairs stand for both of their runs."""
    whole, places = folded_with_places(text)
    found = list(_RUNS.finditer(whole))
    for one in found:
        yield from _located_run(one[0], places[one.start() : one.end()])
    for gap in (1, 2):
        for left, right in zip(found, found[gap:], strict=False):
            words = [_edge(left[0], -1), *["_"] * (gap - 1), _edge(right[0], 0)]
            start = left.end() - 1 if is_chinese(left[0]) else left.start()
            end = right.start() + 1 if is_chinese(right[0]) else right.end()
            yield " ".join(words), places[start], places[end - 1] + 1


def _edge(run: str, at: int) -> str:
    if run[0] == "0":
        return "0"
    return run[at] if is_chinese(run) else run


def _located_run(run: str, places: list[int]) -> Iterator[tuple[str, int, int]]:
    if is_chinese(run):
        for length in range(1, CHINESE_MAX + 1):
            for start in range(len(run) - length + 1):
                yield run[start : start + length], places[start], places[start + length - 1] + 1
        return
    word = "0" if run[0] == "0" else run
    yield word, places[0], places[-1] + 1
    if word in _SIGNS:
        return
    edged = f"^{run[:WORD_LETTERS_MAX]}$"
    within = [places[0], *places[:WORD_LETTERS_MAX], places[min(len(run), WORD_LETTERS_MAX) - 1]]
    for length in range(LETTERS_MIN, min(LETTERS_MAX, len(edged)) + 1):
        for start in range(len(edged) - length + 1):
            yield edged[start : start + length], within[start], within[start + length - 1] + 1
