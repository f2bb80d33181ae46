"""Goal: a genuine receipt is found valid and says why, and none is believed that anybody touched.

Method: receipts of a log in memory, damaged in every way that has a name, and a seeded campaign of forgeries.
"""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from countermand.drills.forgeries.__main__ import campaign
from countermand.drills.forgeries.memory_log import ORIGIN, SECONDS, MemoryLog
from countermand.drills.forgeries.mutations import members_of, zipped
from countermand.drills.forgeries.receipts import World, over_two_shards
from countermand.transparency import verify_words
from countermand.transparency.archives import ArchiveError
from countermand.transparency.commitments import committed_bytes
from countermand.transparency.entries import Entry, Link, entry_of
from countermand.transparency.receipts import (
    ENTRIES_MAX,
    ENTRY,
    OPENINGS,
    POLICY,
    PROOF,
    README,
    SHOWN_BYTES_MAX,
    Opened,
    Proved,
    Receipt,
)
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import (
    Findings,
    Mark,
    Question,
    Verdict,
    verify_proof,
    verify_receipt,
)

WORLD = World(7)
RECEIPT = WORLD.receipts[0]
PACKED = RECEIPT.packed()
QUESTION = Question(WORLD.log.policy, SECONDS)


def with_member(name: str, data: bytes, packed: bytes = PACKED) -> bytes:
    """The receipt with one member's bytes replaced."""
    return zipped([(one, data if one == name else old) for one, old in members_of(packed)])


def failed(findings: Findings) -> set[str]:
    """What failed, by the reason where there is one, else by the check."""
    return {str(one.values.get("why", one.code)) for one in findings.checks if one.mark is Mark.FAILED}


def test_a_genuine_receipt_is_valid_and_every_check_says_its_standard():
    """Everything passes, in both languages, with a standard and a command for whatever was checked."""
    findings = verify_receipt(PACKED, QUESTION)
    assert findings.verdict is Verdict.VALID
    assert {one.code for one in findings.checks} >= {
        "container", "entry", "inclusion", "signature", "post_quantum", "quorum", "opening", "chain", "time"
    }  # fmt: skip
    assert findings.proved == RECEIPT.items
    told = verify_words.told_of(findings)
    json.dumps(told)
    assert told["verdict"] == "valid"
    for check in findings.checks:
        words = verify_words.CHECKS[check.code]
        assert words.standard
        assert words.command or check.mark is Mark.REMARK
        for language in ("en", "zh"):
            assert "{" not in verify_words.said_of(check, language)
    assert "有效" in "\n".join(verify_words.lines_of(findings, "zh"))


def test_a_receipt_comes_back_from_its_file():
    """What is packed is unpacked the same, and the same receipt makes the same bytes."""
    again = Receipt.unpacked(PACKED)
    assert again == RECEIPT
    assert again.packed() == PACKED


def test_a_lone_proof_is_checked_with_its_entry():
    """One .tlog-proof and one entry are enough; another entry is not in the log."""
    item = RECEIPT.items[0]
    proof = str(item.proof).encode()
    assert verify_proof(proof, item.entry, QUESTION).verdict is Verdict.VALID
    other = WORLD.receipts[1].items[0].entry
    assert failed(verify_proof(proof, other, QUESTION)) == {"inclusion"}
    assert failed(verify_proof(b"nothing", item.entry, QUESTION)) == {"proof_malformed"}


@pytest.mark.parametrize(("witnesses", "verdict"), [((), 2), (("w1",), 2), (("w1", "w2"), 0)])
def test_too_few_witnesses_are_incomplete_and_a_fuller_note_completes(witnesses, verdict):
    """The receipt that is handed out first lacks witnesses: nothing is wrong, and the upgrade is the same."""
    first = replace(
        RECEIPT,
        items=tuple(one._replace(proof=replace(one.proof, note=WORLD.log.note())) for one in RECEIPT.items),
    )
    upgraded = first.upgraded(WORLD.log.note(*witnesses))
    findings = verify_receipt(upgraded.packed(), QUESTION)
    assert findings.verdict == verdict
    assert [one.entry for one in findings.proved] == [one.entry for one in RECEIPT.items]


def test_a_note_of_another_tree_upgrades_nothing():
    """A proof leads to one root: a later note does not fit it."""
    assert RECEIPT.upgraded(WORLD.log.note("w1", size=3)) == RECEIPT


def test_keys_come_from_the_policy_alone():
    """Another log of the same name, another origin, or a policy without the log: not believed."""
    theirs = MemoryLog(99)
    assert failed(verify_receipt(PACKED, Question(theirs.policy))) == {"nobody_known"}
    elsewhere = MemoryLog(99, "other.example/log")
    assert failed(verify_receipt(PACKED, Question(elsewhere.policy))) == {"log_unknown"}
    assert failed(verify_receipt(PACKED, Question(TrustPolicy()))) == {"log_unknown"}
    inside = with_member(POLICY, str(theirs.policy).encode())
    findings = verify_receipt(inside, replace(QUESTION, policy_text=str(WORLD.log.policy).encode()))
    assert findings.verdict is Verdict.VALID
    assert "policy_inside_differs" in {one.code for one in findings.checks}


def names_doubled(packed: bytes) -> bytes:
    """Two members of one name."""
    return zipped([*members_of(packed), (ENTRY, b"{}")])


def bomb(packed: bytes) -> bytes:
    """A member that unpacks to eight megabytes, whatever it says of itself."""
    return zipped([(name, b"\0" * (8 << 20) if name == README else old) for name, old in members_of(packed)])


BAD = {
    "archive_unreadable": lambda packed: packed[:-30],
    "name_twice": names_doubled,
    "name_leads_outside": lambda packed: zipped([*members_of(packed), ("../evil", b"")]),
    "member_unknown": lambda packed: zipped([*members_of(packed), ("log.vkey", str(WORLD.log.key).encode())]),
    "archive_too_large": bomb,
    "archive_lacks": lambda packed: zipped([one for one in members_of(packed) if one[0] != PROOF]),
    "archive_name_wrong": lambda packed: zipped(
        [(name.replace("/6.", "/9."), data) for name, data in members_of(packed)]
    ),
    "openings_malformed": lambda _: with_member(OPENINGS, b'{"openings":{},"v":2}'),
    "proof_malformed": lambda _: with_member(
        PROOF, str(RECEIPT.items[0].proof).replace("@v1\n", "@v1\nextra AAAA\n").encode()
    ),
    "signature_wrong": lambda _: with_member(
        PROOF, str(replace(RECEIPT.items[0].proof, note=other_text())).encode()
    ),
    "inclusion": lambda _: with_member(ENTRY, changed_entry()),
    "entry": lambda _: with_member(ENTRY, b" " + RECEIPT.items[0].entry),
    "opening": lambda _: with_member(
        OPENINGS, dict(members_of(PACKED))[OPENINGS].replace("不是我".encode(), "正是我".encode())
    ),
}  # fmt: skip


def other_text():
    """The signatures of our note under the text of another tree."""
    return WORLD.log.note(size=5)._replace(signatures=WORLD.note.signatures)


def changed_entry() -> bytes:
    """An entry that promises one microsecond more, in perfect form."""
    says = Entry.parse(RECEIPT.items[0].entry).says
    says["facts"]["promised"]["human_contact"] += 1
    return json.dumps(says, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("why", list(BAD))
def test_what_is_wrong_is_refused_by_its_name(why):
    """Every named way of being wrong is found, said by that name, in both languages."""
    findings = verify_receipt(BAD[why](PACKED), QUESTION)
    assert findings.verdict is Verdict.FORGED
    assert why in failed(findings)
    assert findings.proved == ()
    assert why in verify_words.REASONS or why in verify_words.CHECKS


def test_a_size_that_lies_is_not_believed():
    """The header says ten bytes, the content unpacks to eight megabytes: no more is unpacked than allowed."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        archive.writestr(ZipInfo(ENTRY), b"\0" * (8 << 20), ZIP_DEFLATED)
    data = whole.getvalue().replace((8 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert failed(verify_receipt(data, QUESTION)) <= {"archive_unreadable", "archive_too_large"}
    assert verify_receipt(data, QUESTION).verdict is Verdict.FORGED


def test_entries_of_two_cases_are_not_put_together():
    """A true entry of somebody else's case beside one's own is refused."""
    mixed = replace(RECEIPT, items=(RECEIPT.items[0], WORLD.receipts[1].items[1]))
    assert failed(verify_receipt(mixed.packed(), QUESTION)) == {"one_case"}


def test_a_case_that_went_on_in_the_next_shard_is_valid():
    """Each shard counts from nought: a later entry at an earlier place of another one is in order."""
    receipt, policy = over_two_shards(before=0)
    assert [one.proof.index for one in receipt.items] == [1, 2, 0]
    findings = verify_receipt(receipt.packed(), Question(policy, SECONDS))
    assert findings.verdict is Verdict.VALID, findings.checks
    assert [one.values["seq"] for one in findings.checks if one.code == "chain"] == [2, 3]


def test_entries_at_one_place_of_two_shards_keep_their_own_files():
    """Neither overwrites the other; names where nothing collides are as they were."""
    receipt, policy = over_two_shards(before=2)
    assert [one.proof.index for one in receipt.items] == [1, 2, 2]
    packed = receipt.packed()
    names = [name for name, _ in members_of(packed)]
    assert {name for name in names if "/" in name} == {
        "entries/2.json", "proofs/2.tlog-proof", "entries/2-2.json", "proofs/2-2.tlog-proof"
    }  # fmt: skip
    assert Receipt.unpacked(packed) == receipt
    findings = verify_receipt(packed, Question(policy, SECONDS))
    assert findings.verdict is Verdict.VALID, findings.checks
    assert [one.about for one in findings.checks if one.code == "entry"] == [
        ENTRY, "entries/2.json", "entries/2-2.json"
    ]  # fmt: skip


def test_one_entry_twice_is_no_receipt():
    """It is refused, not written over; in a file that somebody made so it does not fit together."""
    one, two, three = RECEIPT.items
    with pytest.raises(ValueError, match="once"):
        Receipt((one, two, three, two)).packed()
    members = members_of(PACKED)
    again = [(name.replace("/6.", "/6-2."), data) for name, data in members if "/6." in name]
    assert len(again) == 2
    assert failed(verify_receipt(zipped([*members, *again]), QUESTION)) == {"chain"}


def test_places_of_one_shard_are_still_compared():
    """An entry that names the one before it, and stands before it in the same shard, fits nowhere."""
    log = MemoryLog(4)
    first = entry_of(number=1, kind="a", at=0, tenant="main", body={}, link=Link("c", 1, b""))
    leaf = Entry.parse(first).leaf
    second = entry_of(number=2, kind="a", at=0, tenant="main", body={}, link=Link("c", 2, leaf))
    log.append(second)
    log.append(first)
    note = log.note("w1", "w2")
    receipt = Receipt((Proved(first, log.proof(1, note)), Proved(second, log.proof(0, note))))
    assert failed(verify_receipt(receipt.packed(), Question(log.policy, SECONDS))) == {"chain"}


def test_a_checkpoint_that_is_none_is_refused_beside_a_code():
    """Signatures over a text that is no checkpoint, and a code to look for: refused, not an error."""
    first = RECEIPT.items[0]
    proof = replace(first.proof, note=WORLD.note._replace(text="no checkpoint\n"))
    data = with_member(PROOF, str(proof).encode(), replace(RECEIPT, items=(first,)).packed())
    assert failed(verify_receipt(data, replace(QUESTION, code=first.mark))) == {
        "checkpoint_malformed",
        "code",
    }


def test_a_file_too_long_to_show_is_shown_by_its_owner():
    """The salt alone says nothing; with the file it says that this is the one."""
    data, salt = b"\0" * (SHOWN_BYTES_MAX + 1), bytes(range(32))
    opened = Opened.of_file(salt, data)
    assert opened.hidden
    log = MemoryLog(3)
    body = {"commit": {"file/1": committed_bytes(data, salt)}}
    index = log.append(entry_of(number=1, kind="report.received", at=0, tenant="main", body=body))
    receipt = Receipt((Proved(log.entries[0], log.proof(index, log.note("w1", "w2")), {"file/1": opened}),))
    found = {
        files: [
            one.code for one in verify_receipt(receipt.packed(), Question(log.policy, files=files)).checks
        ]
        for files in ((), (b"another",), (b"another", data))
    }
    assert "opening_elsewhere" in found[()]
    assert "opening_elsewhere" in found[b"another",]
    assert "opening" in found[b"another", data]


def test_a_forged_code_on_paper_is_found():
    """The QR code names origin, index and leaf; of another entry it is refused."""
    mine, other = RECEIPT.items[1].mark, WORLD.receipts[1].items[0].mark
    assert mine.startswith(f"{ORIGIN}|")
    assert verify_receipt(PACKED, replace(QUESTION, code=f"{mine}\n")).verdict is Verdict.VALID
    assert failed(verify_receipt(PACKED, replace(QUESTION, code=other))) == {"code"}


def test_an_old_checkpoint_is_said_and_stays_valid():
    """After a month the verdict is the same, and the age stands beside it."""
    late = verify_receipt(PACKED, replace(QUESTION, now=SECONDS + 31 * 86_400))
    assert late.verdict is Verdict.VALID
    assert {one.values["days"] for one in late.checks if one.code == "checkpoint_old"} == {31}


def test_a_receipt_has_a_bounded_number_of_entries():
    """None, or more than the limit, is no receipt."""
    for count in (0, ENTRIES_MAX + 1):
        with pytest.raises(ValueError, match="entries"):
            Receipt(RECEIPT.items[:1] * count).packed()
    with pytest.raises(ArchiveError):
        Receipt.unpacked(b"PK\x03\x04" * 3_000_000)


def test_no_forgery_of_a_seeded_campaign_is_believed():
    """A short form of the drill: every way of forging, over and over, and none says anything untrue."""
    score = campaign(seed=20261122, count=500)
    assert score.believed == []
    assert len({way for way, _ in score.judged}) == 7
