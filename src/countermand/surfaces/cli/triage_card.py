"""The card of a triage model as a page: `python -m countermand.surfaces.cli.triage_card en`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from countermand.app import read_triage_card
from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import Speech
from countermand.vocabulary.triage import TriageCard

MEASURES = {
    "accuracy": Text(en="Category right", zh="类别正确率"),
    "macro_f1": Text(en="Macro-F1 of categories", zh="类别宏平均 F1"),
    "category_calibration_error": Text(en="Calibration error of the category", zh="类别置信度校准误差"),
    "unauthorised_calibration_error": Text(
        en="Calibration error of `unauthorised`", zh="`unauthorised` 校准误差"
    ),
    "unauthorised_auc": Text(en="AUC of `unauthorised`", zh="`unauthorised` 的 AUC"),
    "unauthorised_recall": Text(en="`unauthorised` found, model alone", zh="`unauthorised` 召回率（仅模型）"),
    "unauthorised_false_escalation": Text(
        en="Other messages flagged `unauthorised`, model alone", zh="其他消息被误标 `unauthorised`（仅模型）"
    ),
}
_FACTS = {
    "file": Text(en="File (SHA-256)", zh="文件（SHA-256）"),
    "version": Text(en="Version", zh="版本"),
    "bytes": Text(en="Bytes", zh="字节数"),
    "trainer": Text(en="Trainer", zh="训练工具"),
    "seed": Text(en="Seed", zh="随机种子"),
    "messages": Text(en="Messages", zh="消息数"),
    "pieces": Text(en="Pieces", zh="片段数"),
    "folds": Text(en="Folds held back", zh="交叉验证折数"),
}
_LANGUAGES = Text(en="Languages", zh="语言")
_FLAGS = Text(en="Flags", zh="标记")
_THRESHOLDS = Text(en="Thresholds", zh="阈值")
_FACT = Text(en="Fact", zh="项目")
_VALUE = Text(en="Value", zh="值")
_TABLE = Text(en="Messages | Probability said | Share that was so", zh="消息数 | 所报概率 | 实际比例")
_OF = Text(en="Reliability of", zh="可靠性：")


def card_page(card: TriageCard, speech: Speech) -> str:
    """The card as tables, in one language."""
    return "\n".join(_lines(card, speech)) + "\n"


def _lines(card: TriageCard, speech: Speech) -> Iterator[str]:
    yield f"| {speech.say(_FACT)} | {speech.say(_VALUE)} |"
    yield "|---|---|"
    for name, text in _FACTS.items():
        yield f"| {speech.say(text)} | {getattr(card, name)} |"
    for text, counts in ((_LANGUAGES, card.languages), (_FLAGS, card.flags), (_THRESHOLDS, card.thresholds)):
        yield f"| {speech.say(text)} | {', '.join(f'{name} {value}' for name, value in counts.items())} |"
    for name, value in card.metrics.items():
        yield f"| {speech.say(MEASURES[name])} | {value:.4f} |"
    for name, rows in card.reliability.items():
        yield ""
        yield f"{speech.say(_OF)} `{name}`"
        yield ""
        yield f"| {speech.say(_TABLE)} |"
        yield "|---|---|---|"
        for count, said, was in rows:
            yield f"| {count:.0f} | {said:.3f} | {was:.3f} |"


if __name__ == "__main__":
    sys.stdout.write(card_page(read_triage_card(), Speech(sys.argv[1] if len(sys.argv) > 1 else "en")))
