"""Goal: the held-out messages of the triage figures are well-formed. Method: read every line.

The set was written apart from the training examples, by somebody who had not seen them, and is never trained
or tuned on. `lang` is `mixed` for whatever is not one clean language: pinyin, dialect, misspelling, emoji and
dictated speech as well as Chinese and English in one sentence.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

CATEGORIES = (
    "unauthorised_payment unauthorised_loan account_takeover deceived_payment scam_attempt "
    "lost_card_or_device collection_conduct rate_or_fee_dispute repayment_dispute credit_record "
    "personal_information merchant_dispute service_complaint system_failure progress_question "
    "how_to_question official_check materials_question fee_question illegal_platform_report "
    "suggestion other"
).split()
WANTED_BY_NOBODY = frozenset(CATEGORIES[:4])
KEYS = {"text", "lang", "category", "risk", "unauthorised", "distress", "human"}
EXAMPLES_MIN = 450
LANGUAGE_SHARES_MIN = {"zh": 0.50, "en": 0.27, "mixed": 0.14}
CATEGORY_EXAMPLES_MIN = 8


@pytest.fixture(scope="module")
def examples() -> list[dict[str, Any]]:
    """The lines of the set."""
    lines = (Path(__file__).parent / "adversarial.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_example_is_labelled_with_known_words(examples: list[dict[str, Any]]) -> None:
    """Each line has exactly the labels of the format, each of them a known one."""
    for example in examples:
        assert set(example) == KEYS, example
        assert isinstance(example["text"], str)
        assert example["text"] == example["text"].strip() != ""
        assert example["lang"] in LANGUAGE_SHARES_MIN
        assert example["category"] in CATEGORIES, example
        assert example["risk"] in ("P0", "P1", "P2", "P3"), example
        assert all(isinstance(example[flag], bool) for flag in ("unauthorised", "distress", "human"))


def test_labels_do_not_contradict_each_other(examples: list[dict[str, Any]]) -> None:
    """What nobody wanted is flagged and never below P1; somebody in despair is P0 or has a loss as well."""
    for example in examples:
        assert example["unauthorised"] == (example["category"] in WANTED_BY_NOBODY), example
        if example["unauthorised"]:
            assert example["risk"] in ("P0", "P1"), example
        if example["distress"]:
            assert example["risk"] == "P0" or example["unauthorised"], example


def test_the_set_is_large_and_mixed_enough(examples: list[dict[str, Any]]) -> None:
    """Enough of every language and category, with both answers to the question that matters."""
    assert len(examples) >= EXAMPLES_MIN
    languages = Counter(example["lang"] for example in examples)
    for language, least in LANGUAGE_SHARES_MIN.items():
        assert languages[language] / len(examples) >= least, languages
    categories = Counter(example["category"] for example in examples)
    assert min(categories[category] for category in CATEGORIES) >= CATEGORY_EXAMPLES_MIN, categories
    assert 0.4 <= sum(example["unauthorised"] for example in examples) / len(examples) <= 0.6


def test_no_message_stands_twice(examples: list[dict[str, Any]]) -> None:
    """Not even with other punctuation or capitals."""
    folded = Counter(
        "".join(letter for letter in example["text"].lower() if letter.isalnum()) for example in examples
    )
    assert [text for text, times in folded.items() if times > 1] == []
