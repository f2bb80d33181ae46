"""Goal: what the desk says, follows and suggests is sound. Method: the shipped files, tables, and laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app.desk import read_desk_books
from countermand.cases.assignment import choose
from countermand.cases.case import apply
from countermand.cases.likeness import Trait, alike, words_alike
from countermand.cases.phrases import forbidden, read_phrases, say
from countermand.cases.playbooks import newest, read_macros, read_playbooks
from countermand.kernel.errors import BadRequest, NotFound, SetupError
from countermand.vocabulary.cases import Case, CaseEvent, EventKind
from countermand.vocabulary.staff import Member, Role
from countermand.vocabulary.triage import Category

PHRASES, PLAYBOOKS, MACROS = read_desk_books()


def case_of(**more: object) -> Case:
    """An open case."""
    body = {
        "number": "482910357716", "risk": "P1", "category": "unauthorised_payment", "channel": "app",
        "standing": "proven", "language": "zh", "first_at": 5, "account": "a-1",
    } | more  # fmt: skip
    return apply(None, CaseEvent(case="c", seq=1, kind=EventKind.OPENED, at=10, actor="li", body=body))


def member(name: str, *roles: Role, **more: object) -> Member:
    """Somebody at the desk."""
    return Member(name=name, roles=frozenset(roles or (Role.AGENT,)), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("category", [*Category])
def test_every_category_of_grievance_has_a_playbook(category):
    """Suggestions, word of something wrong inside and illegal platforms too; questions need none."""
    questions = {"question", "check"}
    if category is Category.OTHER or any(word in category.value for word in questions):
        with pytest.raises(NotFound):
            newest(PLAYBOOKS, None, category)
        return
    book = newest(PLAYBOOKS, None, category)
    assert book.steps[-1].id == "tell", "whoever complained hears how it ended"


def test_macros_say_only_what_is_approved():
    """Every phrase that a macro says is there."""
    said = {name for macro in MACROS.values() for act in macro.acts for name in getattr(act, "phrases", ())}
    assert said
    assert said <= PHRASES.keys()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("请提供您的验证码以便核实", "asks_for_a_code"),
        ("把密码发我一下", None),
        ("Please tell me your one-time code.", "asks_for_a_code"),
        ("我们不会索要密码或验证码", None),
        ("请勿向任何人提供验证码", None),
        ("需先缴纳保证金才能解冻", "asks_to_pay_first"),
        ("transfer 500 before we can unlock it", "asks_to_pay_first"),
        ("系统显示是您本人操作", "ends_the_argument"),
        ("我们已先停住转出，正在核实。", None),
    ],
)
def test_what_a_swindler_would_say_is_found(text, fault):
    """Questions for secrets, money first and blame; a warning of them is none."""
    assert forbidden(text) == fault


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": "- {id: a, version: 1, text: {en: 'Send your password', zh: 好}}"},
        {"a.yaml": "- {id: a, version: 1, text: {en: 'By {by}', zh: 好}}"},
        {"a.yaml": "- {id: A b, version: 1, text: {en: a, zh: 好}}"},
        {"a.yaml": "- &a {id: a, version: 1, text: {en: a, zh: 好}}\n- *a"},
        {"a.yaml": "- {id: a, text: {en: a}}"},
    ],
)
def test_a_file_of_phrases_with_a_fault_is_refused(files):
    """Also one that asks for a secret in one language only."""
    with pytest.raises(SetupError, match="phrases_refused"):
        read_phrases(files)


def test_a_newer_version_speaks_and_an_unfilled_mark_does_not():
    """The label tells which version it was."""
    texts = [f"- {{id: a, version: {n}, text: {{en: 'v{n} {{x}}', zh: '第{n}版 {{x}}'}}}}" for n in (1, 2)]
    phrases = read_phrases({"a.yaml": "\n".join(texts)})
    said = say(phrases, ["a"], {"x": "y"})
    assert (said.labels, said.text.zh) == (("a@2",), "第2版 y")
    with pytest.raises(BadRequest, match="phrase_lacks_value"):
        say(phrases, ["a"], {})


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_playbooks, "id: a\nversion: 1\ntitle: {en: a, zh: 甲}\ncategories: []\nsteps: []"),
        (read_macros, "- {id: a, version: 1, title: {en: a, zh: 甲}, acts: [{act: macro, macro: b}]}"),
        (read_macros, "- {id: a, version: 1, title: {en: a, zh: 甲}, acts: [{act: fly}]}"),
    ],
)
def test_a_playbook_or_macro_with_a_fault_is_refused(read, text):
    """No steps, a macro in a macro, an act that there is not."""
    with pytest.raises(SetupError, match="playbook_refused"):
        read({"a.yaml": text})


def test_a_case_goes_to_the_least_laden_who_fits_and_the_rest_know_why():
    """Skill, language, absence, load and conflict; a grave one to an investigator first."""
    members = [
        member("kin", own=frozenset({"a-1"})), member("english", languages=frozenset({"en"})),
        member("away", away_until=99), member("full", cases_max=1),
        member("cards", skills=frozenset({"card"})),
        member("busy"), member("free"), member("editor", Role.KB_EDITOR), member("deep", Role.INVESTIGATOR),
    ]  # fmt: skip
    loads = {"full": 1, "busy": 20, "deep": 25}
    choice = choose(case_of(), members, loads, 50)
    assert choice.name == "free"
    assert dict(choice.passed) == {
        "kin": "own_case", "english": "language", "away": "away", "full": "full", "cards": "skill",
        "editor": "role",
    }  # fmt: skip
    assert choose(case_of(risk="P0"), members, loads, 50).name == "deep"
    assert choose(case_of(), [], {}, 50).name is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_even_handed_and_between_nothing_and_all(one, other):
    """The same both ways, 1 of a text with itself where it has letters."""
    found = words_alike(one, other)
    assert 0 <= found <= 1
    assert found == words_alike(other, one)
    assert words_alike(one, one) in (0.0, 1.0)


def test_cases_are_alike_for_reasons_that_are_named():
    """More in common is surer; nothing in common is not suggested."""
    nothing = frozenset[str]()
    mine = Trait("1", "a", None, frozenset({"d"}), frozenset({"mule"}), "我被骗转账五千元")
    others = [
        Trait("2", "a", None, nothing, nothing, "还款问题"),
        Trait("3", "b", None, frozenset({"d"}), frozenset({"mule"}), "我被骗转账五千元啊"),
        Trait("4", "c", None, nothing, nothing, "修改密码"),
        mine,
    ]
    found = alike(mine, others)
    assert [one.case for one in found] == ["3", "2"]
    assert found[0].reasons == ("same_device", "same_payee", "same_words")
