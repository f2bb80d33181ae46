"""Goal: a genuine bundle is found valid and says why, and none is believed that anybody touched.

Method: bundles of an invented institution, wronged in every way that has a name, and a short campaign.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from countermand.drills.forgeries.__main__ import bundle_campaign
from countermand.drills.forgeries.bundle_mutations import BUNDLE_MUTATIONS
from countermand.drills.forgeries.bundles import DOCUMENT, BundleWorld, bound
from countermand.drills.forgeries.memory_log import SECONDS
from countermand.drills.forgeries.seals import Signer
from countermand.transparency import jcs, verify_words
from countermand.transparency.asic import Listed, Manifest
from countermand.transparency.bundles import Statement
from countermand.transparency.certificates import Led, led, roots_of
from countermand.transparency.cms import CmsError, stamped, verified
from countermand.transparency.magic import contradicts
from countermand.transparency.verify import Findings, Mark, Verdict
from countermand.transparency.verify_bundle import verify_bundle
from countermand.vocabulary.bundle_names import (
    MEMBERS_MAX,
    MIMETYPE,
    SEALED_MANIFEST,
    SIGNATURE,
    STAMP,
    STAMPED_MANIFEST,
    STATEMENT,
    bytes_max,
    media_of,
    object_name,
)

WORLD = BundleWorld(3)
GENUINE = WORLD.genuine[0]
WHOLE = WORLD.with_meta(GENUINE)
STATED = Statement.parse(GENUINE[STATEMENT])
EXHIBIT, CHAIN = STATED.exhibits[0], STATED.chains[0]
OBJECT = object_name(sha256(WORLD.exhibits[0]).digest())
YEAR = 366 * 86_400


def verify(files, question=WORLD.question) -> Findings:
    """The findings of a container of these files, or of bytes as they are."""
    return verify_bundle(BytesIO(files if isinstance(files, bytes) else bound(files)), question)


def codes(findings: Findings, mark: Mark) -> set[str]:
    """What was marked so: the reason where there is one, else the check."""
    return {str(one.values.get("why", one.code)) for one in findings.checks if one.mark is mark}


def resealed(**changes) -> dict[str, bytes]:
    """The bundle with files changed (None: left out), sealed anew by the institution itself."""
    files = {**GENUINE, **{name.replace("__", "/"): data for name, data in changes.items()}}
    return WORLD.with_meta({name: data for name, data in files.items() if data is not None})


def restated(**changes) -> dict[str, bytes]:
    """The institution itself states something else."""
    return resealed(**{STATEMENT: bytes(replace(STATED, **changes))})


def test_a_genuine_bundle_is_valid_and_every_check_says_its_standard():
    """Everything passes, in both languages, with a standard and a command for whatever was checked."""
    findings = verify(WHOLE)
    assert findings.verdict is Verdict.VALID, verify_words.lines_of(findings, "en")
    assert {one.code for one in findings.checks} == {
        "bundle_container", "manifest", "seal", "stamp", "statement", "documents",
        "all_entry", "all_inclusion", "all_signature", "all_post_quantum", "all_quorum", "all_time",
        "all_opening", "chain_whole", "one_log", "history", "log_stamp", "exhibits_named", "exhibit",
    }  # fmt: skip
    assert len(findings.proved) == 5
    json.dumps(verify_words.told_of(findings))
    for check in findings.checks:
        words = verify_words.words_of(check.code)
        assert words.standard
        assert words.command
        for language in ("en", "zh"):
            assert "{" not in verify_words.said_of(check, language)


def test_whom_to_trust_comes_from_the_asker_alone():
    """Without a certificate for the seal it is incomplete, with another's forged; a stamp may be unasked."""
    nobody = replace(WORLD.question, seals=(), authorities=())
    findings = verify(WHOLE, nobody)
    assert findings.verdict is Verdict.INCOMPLETE
    assert codes(findings, Mark.MISSING) == {"seal_unasked"}
    assert "stamp_unasked" in codes(findings, Mark.REMARK)
    stranger = Signer.made(77, "An institution", SECONDS)
    assert codes(verify(WHOLE, replace(WORLD.question, seals=(stranger.root,))), Mark.FAILED) == {
        "certificate_stranger"
    }
    # The certificate itself may be named as well as the authority above it.
    assert verify(WHOLE, replace(WORLD.question, seals=(WORLD.seal.certificate,))).verdict is Verdict.VALID
    # A certificate for seals is none for time stamps.
    wrong = replace(WORLD.question, authorities=(WORLD.seal.root,))
    assert verify(WHOLE, wrong).verdict is Verdict.FORGED


def test_a_certificate_that_ended_needs_a_trusted_time():
    """Years later a stamped seal still holds; without a time one trusts it does not say when it was made."""
    later = replace(WORLD.question, now=SECONDS + 3 * YEAR)
    assert verify(WHOLE, later).verdict is Verdict.VALID
    assert codes(verify(WHOLE, replace(later, authorities=())), Mark.MISSING) == {"seal_over"}
    unstamped = {name: data for name, data in WHOLE.items() if name not in (STAMP, STAMPED_MANIFEST)}
    assert verify(unstamped).verdict is Verdict.VALID
    assert codes(verify(unstamped, later), Mark.MISSING) == {"seal_over"}
    assert "checkpoint_old" in codes(verify(WHOLE, later), Mark.REMARK)


def repacked(change) -> bytes:
    """The genuine container, each member's head and bytes through `change` before it is written."""
    whole = BytesIO()
    with ZipFile(whole, "w") as archive:
        for name, data in WHOLE.items():
            info, content, method = change(ZipInfo(name), data)
            archive.NameToInfo.pop(info.filename, None)
            archive.writestr(info, content, method)
    return whole.getvalue()


def _as_it_is(info, data):
    return (
        info,
        data,
        ZIP_STORED if info.filename == MIMETYPE or "objects/" in info.filename else ZIP_DEFLATED,
    )


def _with_extra(info, data):
    info.extra = b"\x99\x99\x02\x00hi" if info.filename == MIMETYPE else b""
    return _as_it_is(info, data)


def _packed_object(info, data):
    return info, data, ZIP_STORED if info.filename == MIMETYPE else ZIP_DEFLATED


def _beginning_with(name):
    first = {name: WHOLE[name]}
    return bound(first | {one: data for one, data in WHOLE.items() if one != name})


PACKED = bound(WHOLE)
LISTED = {n: Listed(media_of(n), sha256(d).digest()) for n, d in GENUINE.items()}
FOREIGN = WORLD.with_meta(WORLD.genuine[1])
BAD_OPENINGS = b'{"openings":{"entries/1-1.json":{"text":1}},"v":1}'
BAD_ANCHOR = b'{"digest":"00","chain":"eip155:1","reference":"0x"}'
MANY = (CHAIN._replace(entries=10**9), *[CHAIN._replace(entries=MEMBERS_MAX)] * 2)


def captured_as(value) -> dict[str, bytes]:
    """The institution seals an entry of its exhibit that names it by a value which is no name."""
    says = json.loads(GENUINE[EXHIBIT.entry])
    says["facts"]["exhibit"] = value
    return resealed(**{EXHIBIT.entry: jcs.canonical(says)})


WRONG = {
    "archive_unreadable": [
        PACKED[:-9],
        PACKED[: len(PACKED) // 2],
        b"x" + PACKED,
        PACKED + b"x",
        PACKED[:-2] + b"\5\0hello",
        repacked(_packed_object),
        repacked(_with_extra),
        PACKED.replace(b"PK\3\4", b"PK\3\5", 1),
    ],
    "archive_lacks": [
        {name: data for name, data in WHOLE.items() if name != SIGNATURE},
        {name: data for name, data in WHOLE.items() if name != STAMP},
        {name: data for name, data in WHOLE.items() if name != "proofs/1-2.tlog-proof"},
        {name: data for name, data in WHOLE.items() if name != "entries/1-2.json"},
    ],
    "not_a_bundle": [_beginning_with(STATEMENT), {**WHOLE, MIMETYPE: b"application/zip"}],
    "archive_too_large": [{**WHOLE, "entries/1-9.json": bytes(70_000)}],
    "name_leads_outside": [{**WHOLE, name: b""} for name in ("../up.txt", "/etc/passwd", "a\\b.txt")],
    "member_unknown": [
        {**WHOLE, "keys.pem": b""},
        {**WHOLE, "log.vkey": b""},
        {**WHOLE, "papers/seal-ca.pem": b""},
        {**WHOLE, "META-INF/signature002.p7s": b""},
        {**WHOLE, "BUNDLE.json": b""},
    ],
    "manifest": [
        {**WHOLE, DOCUMENT: b"nothing but lies"},
        {**WHOLE, "papers/more.txt": b"one document more"},
        {name: data for name, data in WHOLE.items() if name != DOCUMENT},
        {**WHOLE, SEALED_MANIFEST: b"<!DOCTYPE x []>" + WHOLE[SEALED_MANIFEST]},
        {**WHOLE, SEALED_MANIFEST: WHOLE[SEALED_MANIFEST].replace(b"text/plain", b"text/html", 1)},
    ],
    "cms_elsewhere": [
        {**WHOLE, SEALED_MANIFEST: bytes(Manifest(SIGNATURE, "application/pkcs7-signature", LISTED | {}))
         .replace(b"README", b"readme")},
        {**WHOLE, SIGNATURE: FOREIGN[SIGNATURE]},
    ],
    "stamp_manifest": [{**WHOLE, STAMPED_MANIFEST: FOREIGN[STAMPED_MANIFEST], STAMP: FOREIGN[STAMP]}],
    "statement": [
        resealed(**{STATEMENT: b"{}"}),
        resealed(**{STATEMENT: GENUINE[STATEMENT] + b"\n"}),
        restated(chains=MANY[:1]),
        restated(chains=MANY[1:]),
        restated(chains=(CHAIN._replace(entries=0),) * (MEMBERS_MAX + 1)),
    ],
    "openings_malformed": [resealed(**{"openings.json": BAD_OPENINGS})],
    "case_number": [restated(case="000000000009")],
    "documents": [restated(documents=())],
    "exhibits_named": [
        restated(exhibits=()),
        resealed(**{OBJECT: None}),
        *(captured_as(value) for value in ([], ["exh-0"], {}, {"exh-0": 1}, 7, None, True)),
    ],
    "exhibit_retold": [
        restated(exhibits=(EXHIBIT._replace(lies=True),)),
        restated(exhibits=(EXHIBIT._replace(sniffed="image/gif"),)),
    ],
    "exhibit_type": [
        restated(exhibits=(EXHIBIT._replace(declared="application/pdf"),))
    ],
    "chain": [
        restated(chains=(CHAIN._replace(entries=4),)),
        restated(chains=(CHAIN._replace(case="case-1"),)),
    ],
    "one_log": [restated(logs=(STATED.logs[0]._replace(size=14),))],
    "history": [
        resealed(**{"checkpoints/1-6.consistency": None}),
        resealed(**{"checkpoints/1-6.txt": None}),
        resealed(**{"checkpoints/1-6.txt": GENUINE["checkpoints/1-6.txt"].replace(b"\n6\n", b"\n7\n")}),
    ],
    "anchor": [resealed(**{"checkpoints/1-6.anchor.json": BAD_ANCHOR})],
}  # fmt: skip


@pytest.mark.parametrize("why", list(WRONG))
def test_what_is_wrong_is_refused_by_its_name(why):
    """Every named way of being wrong is found, of outsider and insider, by that name in both languages."""
    for one in WRONG[why]:
        findings = verify(one)
        assert findings.verdict is Verdict.FORGED
        assert findings.proved == ()
        said = codes(findings, Mark.FAILED) | {
            check.code for check in findings.checks if check.mark is Mark.FAILED
        }
        assert why in said, findings.checks
        assert "{" not in "".join(verify_words.lines_of(findings, "zh"))


def test_twice_the_same_name_is_no_bundle():
    """Two readers would read two bundles."""
    whole = BytesIO(PACKED)
    with ZipFile(whole, "a") as archive:
        archive.NameToInfo.pop(DOCUMENT)
        archive.writestr(ZipInfo(DOCUMENT), b"another", ZIP_DEFLATED)
    assert codes(verify(whole.getvalue()), Mark.FAILED) == {"name_twice"}


def test_another_exhibit_under_its_own_right_name_is_not_what_was_captured():
    """The name, the statement and the seal may agree: the entry's commitment does not."""
    data = WORLD.exhibits[0] + b"!"
    digest = sha256(data)
    statement = restated(exhibits=(EXHIBIT._replace(sha256=digest.hexdigest()),))[STATEMENT]
    files = {name: content for name, content in GENUINE.items() if name != OBJECT}
    files |= {STATEMENT: statement, object_name(digest.digest()): data}
    findings = verify(WORLD.with_meta(files))
    assert (findings.verdict, codes(findings, Mark.FAILED)) == (Verdict.FORGED, {"exhibit"})


def test_a_step_left_out_in_between_is_missed():
    """Without its third entry a case is incomplete; counted on as if nothing were, it is forged."""
    gone = {"entries/1-3.json": None, "proofs/1-3.tlog-proof": None}
    openings = jcs.parsed(GENUINE["openings.json"])
    openings["openings"].pop("entries/1-3.json")
    findings = verify(resealed(**gone, **{"openings.json": jcs.canonical(openings)}))
    assert (findings.verdict, codes(findings, Mark.MISSING)) == (Verdict.INCOMPLETE, {"chain_gap"})
    fewer = restated(chains=(CHAIN._replace(entries=2),))
    assert verify(fewer).verdict is Verdict.FORGED


def test_an_honest_word_on_a_lying_type_is_a_remark():
    """What was handed in under a false type stays evidence; the record says so, and so does the verifier."""
    assert contradicts("image/png", b"%PDF-1.7")
    assert contradicts("text/plain", b"MZ\x90")
    assert not contradicts("application/octet-stream", b"MZ\x90")
    assert not contradicts("application/pdf", b"\n%PDF-1.7")
    assert not contradicts("image/jpg; q=1", b"\xff\xd8\xff\xe0")


def test_nothing_longer_than_its_place_is_unpacked():
    """Every member has a limit, and what has no place has none."""
    assert bytes_max("papers/x.exe") is None
    assert bytes_max(f"papers/{'a' * 300}.pdf") is None
    bomb = {**WHOLE, "papers/bomb.txt": bytes((64 << 20) + 1)}
    assert codes(verify(bomb), Mark.FAILED) == {"archive_too_large"}


@pytest.mark.parametrize("cut", range(0, 700, 37))
def test_a_signature_of_any_bytes_is_refused_in_order(cut):
    """Damaged DER raises the one error that it may, wherever the damage is."""
    made = WORLD.seal.sealed(b"content")
    assert verified(made, b"content").certificate == WORLD.seal.certificate
    for damaged in (made[:cut], made[:cut] + b"\xff" + made[cut + 1 :], made[cut:], made + b"\0"):
        with suppress(CmsError):
            found = verified(damaged, b"content")
            assert found.certificate == WORLD.seal.certificate, "what nobody signed was changed, if anything"
    with pytest.raises(CmsError):
        stamped(made, b"content")


def test_a_certificate_leads_up_or_nowhere():
    """To its authority, within its time, for its purpose; nowhere else."""
    seal, stamp = WORLD.seal, WORLD.authority
    assert led(seal.certificate, (), (seal.root,), SECONDS) is Led.TRUSTED
    assert led(seal.certificate, (), (seal.root,), SECONDS + YEAR) is Led.OVER
    assert led(seal.certificate, (seal.root,), (stamp.root,), SECONDS) is Led.STRANGER
    assert led(seal.certificate, (), (seal.root,), SECONDS, stamping=True) is Led.STRANGER
    assert led(stamp.certificate, (), (stamp.root,), SECONDS, stamping=True) is Led.TRUSTED
    pem = seal.root.public_bytes(Encoding.PEM)
    assert roots_of(pem) == (seal.root,)
    with pytest.raises(ValueError, match="PEM"):
        roots_of(b"nothing")


def test_a_value_of_any_other_type_or_size_is_judged_in_order():
    """What the institution itself seals in a wrong type or size raises nothing, and says nothing false."""
    world = BundleWorld(12)
    for number in range(150):
        forged = BUNDLE_MUTATIONS["mistyped"](world, world.chance.choice(world.bundles))
        findings = verify_bundle(BytesIO(forged), world.question)
        assert not world.believed(findings, forged, insider=True), number


def test_no_forgery_of_a_short_campaign_is_believed():
    """Two hundred seeded forgeries, by outsiders and insiders: none is believed."""
    score = bundle_campaign(11, 200)
    assert score.believed == []
    assert sum(score.judged.values()) == 200
