"""Goal: a message's pieces, rules and model file are what they say they are; wrong files are refused.

Method: tables, Hypothesis for the agreement of the fast and the explaining path, damaged files.
"""

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from countermand.app import open_triage, read_triage_taxonomies
from countermand.app.triage import TRIAGE_MODEL, read_triage_rules
from countermand.intake.grams import folded_with_places, grams, located, normal
from countermand.intake.linear_reader import pieces_with_concepts, read_model
from countermand.intake.taxonomies import read_taxonomies
from countermand.intake.triage_rules import read_concepts, read_rules
from countermand.kernel.errors import SetupError
from countermand.vocabulary.triage import Category

FILES = read_triage_rules()
MODEL = open_triage().model
mixed = st.text(alphabet="不是我转的钱被盗刷 I never did it 123,。?!Ａ盜*\n", max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("盜刷", "盗刷"),
        ("盗*刷", "盗刷"),
        ("ＡＢＣ", "abc"),
        ("Didn’t", "didnt"),
        ("５００", "999"),
        ("帐户", "账户"),
    ],
)
def test_what_looks_alike_is_alike(one, other):
    """Scripts, widths, case, digits and signs between characters."""
    assert normal(one) == normal(other)


@settings(deadline=None)
@given(mixed)
def test_the_explaining_path_finds_the_same_pieces(text):
    """Places cost time, not truth."""
    assert {piece for piece, _, _ in located(text)} == grams(text)
    assert folded_with_places(text)[0] == normal(text)


@settings(deadline=None, max_examples=50)
@given(mixed)
@example("dadi never")  # words of concepts inside of other words mean nothing
def test_the_fast_scorer_equals_the_plain_definition(text):
    """Margins from row sums equal those of the set of pieces, weighed and scaled to length 1."""
    file = MODEL.file
    concepts = {piece: name for name, alike in file.concepts.items() for piece in alike}
    pieces = [one for one in pieces_with_concepts(text, concepts) if one in MODEL._row]
    rarity = np.frombuffer(file.rarity, "<f2").astype(float)
    weights = np.frombuffer(file.weights, np.int8).reshape(len(file.pieces), -1) * np.array(file.steps)
    rows = [MODEL._row[one] for one in pieces]
    expected = np.array(file.biases)
    if rows:
        values = rarity[rows] / np.sqrt(np.square(rarity[rows]).sum())
        expected = expected + values @ weights[rows]
    assert np.allclose(MODEL.margins(text), expected, atol=1e-4)
    assert np.allclose(MODEL.many([text, "x"])[0], expected, atol=1e-4)


def test_many_of_nothing_is_nothing():
    """No messages, no rows."""
    assert MODEL.many([]).shape == (0, len(MODEL.categories) + len(MODEL.flags))


def test_a_damaged_or_foreign_model_file_is_refused():
    """Cut short, of another format, of no format."""
    content = TRIAGE_MODEL.read_bytes()
    other = msgspec.msgpack.encode(msgspec.structs.replace(MODEL.file, format=99))
    for wrong in (content[:-5], b"", other):
        with pytest.raises(SetupError) as refusal:
            read_model(wrong)
        assert refusal.value.code == "triage_model_unfit"


def test_a_pack_that_cannot_be_read_is_refused():
    """A missing file, a wrong field, a pattern that is none."""
    broken = FILES["rules.yaml"].replace("转人工|", "转人工(|", 1)
    for files in ({}, {**FILES, "rules.yaml": "version: 1"}, {**FILES, "rules.yaml": broken}):
        with pytest.raises(SetupError) as refusal:
            read_rules(files)
        assert refusal.value.code == "triage_rules_refused"


def test_concepts_are_pieces_that_a_message_can_have():
    """A phrase becomes the piece the model would see; one that is longer is refused."""
    concepts = read_concepts(FILES)
    assert "u 盾" in concepts["access"]
    assert "never _ made" in concepts["did_not"]
    for piece in (one for alike in concepts.values() for one in alike if " " not in one):
        assert piece in grams(piece)
    for phrase in ("这是太长的短语", "one two three"):
        with pytest.raises(SetupError, match="triage_rules_refused"):
            read_concepts({"words.yaml": f'version: "1"\nconcepts: {{x: ["{phrase}|a"]}}'})


def test_rules_speak_both_languages():
    """Each rule has patterns in Chinese and in English."""
    rules = read_rules(FILES).rules
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.zh and rule.en and rule.title.zh and rule.title.en for rule in rules)


def test_every_category_has_its_place_in_both_taxonomies():
    """Complete tables, listed words; questions and suggestions are no complaints to the CFPB."""
    read = read_triage_taxonomies()
    assert set(read.categories) == set(Category)
    for category, place in read.categories.items():
        assert (place.cfpb_product is None) == (place.cfpb_issue is None), category
    assert read.categories[Category.UNAUTHORISED_LOAN].jrt_cause == "information_safety"


def test_an_incomplete_table_is_refused():
    """A category without a place, a cause that is not listed, no file."""
    text = FILES["taxonomies.yaml"]
    missing = "\n".join(line for line in text.splitlines() if not line.startswith("  suggestion:"))
    unlisted = text.replace("jrt_cause: attitude", "jrt_cause: mood")
    for files in ({}, {"taxonomies.yaml": missing}, {"taxonomies.yaml": unlisted}):
        with pytest.raises(SetupError) as refusal:
            read_taxonomies(files)
        assert refusal.value.code == "triage_taxonomies_refused"
