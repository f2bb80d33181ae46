"""Each version of the registry of official channels becomes a fact, so that it stands in the log for good."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from countermand.flows.hand_out_receipt import Handed, ReceiptHouse
from countermand.flows.official_channels import OfficialChannels
from countermand.flows.prove_step import Leaf
from countermand.flows.receipt_readme import readme_of
from countermand.flows.witnessed_proofs import own_policy, witnessed
from countermand.intake.official_versions import OfficialVersion
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.errors import NotFound
from countermand.transparency.entries import Entry
from countermand.transparency.receipts import Proved, Receipt
from countermand.vocabulary.facts import OFFICIAL_PUBLISHED, Fact
from countermand.work import Works

VERSIONS_SHOWN_MAX = 50


class ShownVersion(NamedTuple):
    """A version, and where it stands in the log; None until that is signed."""

    version: OfficialVersion
    leaf: Leaf | None


async def record_registry(works: Works, official: OfficialChannels, now: int) -> int | None:
    """Keep the registry that is in use, if it is another one than last; its number.

    One that describes nobody is nobody's: of it nothing is kept. Raises Unavailable.
    """
    if official.registry.fictional:
        return None
    sha256 = digest(canonical_bytes(msgspec.to_builtins(official.registry)))
    async with works.open() as unit:
        issued = official.registry.issued
        number: int | None = await unit.official_versions.add(sha256, issued, official.signed, now)
        if number is not None:
            body = {"number": number, "sha256": sha256.hex(), "issued": issued}
            await unit.note([Fact(now, OFFICIAL_PUBLISHED, body)])
    return number


async def registry_versions(house: ReceiptHouse) -> list[ShownVersion]:
    """The last versions, newest first. Raises Unavailable, SetupError (`log_damaged`)."""
    async with house.reception.works.open() as unit:
        versions = await unit.official_versions.last(VERSIONS_SHOWN_MAX)
    found = []
    for one in versions:
        sealed = None if one.fact is None else await house.proofs.log.proof_of(one.fact)
        leaf = None
        if sealed is not None:
            origin, hashed = sealed.proof.checkpoint.origin, Entry.parse(sealed.entry).leaf.hex()
            leaf = Leaf(origin, sealed.index, hashed)
        found.append(ShownVersion(one, leaf))
    return found


async def prove_registry(house: ReceiptHouse, number: int) -> Handed:
    """The proof that the log holds a version.

    Raises NotFound (`unknown_version`), Unavailable, SetupError (`log_damaged`).
    """
    async with house.reception.works.open() as unit:
        versions = await unit.official_versions.last(VERSIONS_SHOWN_MAX)
    fact = next((one.fact for one in versions if one.number == number), None)
    sealed = None if fact is None else await house.proofs.log.proof_of(fact)
    if sealed is None:
        raise NotFound(
            "unknown_version",
            "There is no such version of the registry, or its proof is still being made.",
            "登记表没有该版本，或其证明正在生成。",
        )
    items = [await witnessed(house.proofs, Proved(sealed.entry, sealed.proof))]
    receipt = Receipt(tuple(items), await own_policy(house.proofs, items), readme_of(""))
    return Handed(receipt, f"official-channels-{number}.zip")
