"""Goal: for every use of data the pack says on what ground, and consent is asked wherever that is the ground.

Method: the shipped pack as it is, with faults planted in it, and a table of who is told what.
"""

from __future__ import annotations

import msgspec
import pytest

from countermand.app.files import read_confirmation_pack
from countermand.confirmation.data_uses import consents_for_method, consents_for_notice
from countermand.confirmation.pack import check_named, read_agreements
from countermand.kernel.errors import SetupError
from countermand.vocabulary.authenticators import Method

FILES = dict(read_confirmation_pack("cn-consumer-finance"))
PACK = read_agreements(FILES)


@pytest.mark.parametrize(
    ("kind", "recipient", "wanted"),
    [
        ("account_contained", None, []),
        ("account_contained", "Bureau One", []),
        ("consent_withdrawn", "Bureau One", []),
        ("limit_lowered", None, []),
        ("limit_lowered", "Bureau One", [("sharing", "Bureau One")]),
        ("not_in_any_use", None, [("not_in_any_use", "")]),
    ],
)
def test_who_is_told_what_without_consent(
    kind: str, recipient: str | None, wanted: list[tuple[str, str]]
) -> None:
    """A duty tells anybody it must; a contract its own holder; what nobody can explain waits for ever."""
    assert consents_for_notice(PACK.uses, kind, recipient) == wanted


def test_of_the_methods_only_a_liveness_check_uses_sensitive_data() -> None:
    """A passkey's fingerprint stays on the customer's device; a face is looked at by somebody else."""
    asking = {method for method in Method if consents_for_method(PACK.uses, method)}
    assert asking == {Method.LIVENESS}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda uses: uses[1:], "people are asked to agree to biometrics"),
        (lambda uses: [*uses, uses[0]], "biometrics stands here twice"),
        (lambda uses: [*uses, {**uses[0], "id": "faces"}], "liveness stands here twice"),
        (lambda uses: [*uses, {**uses[0], "id": "faces", "methods": []}], "faces rests on consent"),
        (lambda uses: uses[:-1], "no use names the notices limit_lowered"),
    ],
)
def test_a_use_that_cannot_be_explained_is_refused(change, told: str) -> None:  # type: ignore[no-untyped-def]
    """When the pack is read, before anybody's data is used."""
    uses = msgspec.yaml.decode(FILES["data_uses.yaml"])
    with pytest.raises(SetupError, match=told):
        read_agreements({**FILES, "data_uses.yaml": msgspec.yaml.encode(change(uses)).decode()})


def test_a_notice_with_words_and_no_ground_is_refused() -> None:
    """Words for an offer are not enough: some use of data has to name it."""
    check_named(["hold_placed"], PACK)
    with pytest.raises(SetupError, match="offer"):
        check_named(["hold_placed", "offer"], PACK)
