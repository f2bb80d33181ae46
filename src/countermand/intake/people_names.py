"""A person's name where somebody says that it is one; elsewhere a name is not told from other words."""

from __future__ import annotations

import re

# The surnames of 98 in 100 people of the mainland, and those of two characters.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
    "范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔文赖樊兰施洪季安颜倪牛"
    "温芦俞章鲁葛伍申尤毕聂柴焦阮柳邢岳齐梅庄辛管祝左涂谷时耿冉盛殷沙宁关卜曲甄占祁欧童迟靳汲符宗解柯傅骆阎詹鲍凌霍路"
)
_DOUBLE = "欧阳|司马|上官|诸葛|司徒|东方|独孤|南宫|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|端木"
_FIRST = r"(?![我你您他她它了是的在和要想被说去把这那没不也都们很就个什谁啥])[\u4e00-\u9fff]"
_SECOND = (
    r"(?!来自|先生|女士|小姐|同志|有限|公司|身份|电话|手机|今年|家住|现在|生于|联系|住址|地址|银行|账号|帐号|卡号|性别)"
    r"(?![我你您他她它了是的在和与及要想被说去把从给对这那用没不也都们就但因已男女今住身])[\u4e00-\u9fff]"
)
_CHINESE = re.compile(
    rf"[ :=\"'“「【]{{0,3}}(?:是|叫|为|:)?[ :\"'“「【]{{0,2}}"
    rf"((?:{_DOUBLE}|[{_SURNAMES}])(?:{_FIRST})(?:{_SECOND})?|[小阿老]{_FIRST})"
)
_WRITTEN = re.compile(r"[ ]?[:=][ ]?([\u4e00-\u9fff]{2,4})(?![\u4e00-\u9fff*])")
_ENGLISH = re.compile(
    r"(?:[ :=\"'-]|(?:is|was)(?![a-z])){1,4}((?:mr|mrs|ms|dr)\.? )?"
    r"([a-z][a-z'-]{1,19}(?: [a-z]\.)?(?: [a-z][a-z'-]{1,19}){0,2})(?![a-z*])"
)
_SAYS = re.compile(r"[:=]|(?:is|was|'s)(?![a-z])")
_NOT_A_PERSON = re.compile(
    r"(?:user|company|bank|file|domain|business|brand|merchant|product|app|site|host|nick|screen|country|city|"
    r"street|store|shop|event|in the|by|the)[ -]?$"
)
_NO_NAME = frozenset(
    (
        "a about account against all already also am an and any are as at attached be been being "
        "but by called calling can common card cleared correct credit did do does for from full had has "
        "have he here i if in incorrect into is it its just like misspelled my name no not now of "
        "off on only opened or please she so spelled still that the their them then there this to "
        "under used using was we were what when which who will with without wrong you your"
    ).split()
)


def name_after(view: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the name stands that the word at start..end of a folded text announces."""
    if not view[start].isascii():
        match = _CHINESE.match(view, end) or _WRITTEN.match(view, end)
        return match.span(1) if match is not None and not view.startswith("*", match.end()) else None
    if _NOT_A_PERSON.search(view, max(0, start - 12), start):
        return None
    chinese = _WRITTEN.match(view, end)
    if chinese is not None:
        return chinese.span(1)
    match = _ENGLISH.match(view, end)
    said = match is not None and _SAYS.search(view, start, match.start(2)) is not None
    if match is None or not said:
        return None
    until = match.start(2)
    for word in match[2].split(" "):
        if word in _NO_NAME or not word.strip("x"):
            break
        until += len(word) + 1
    until -= 1
    return (match.start(2), until) if until > match.start(2) else None
