"""What a forger does to a bundle: to its bytes, files, values; with a seal of their own, or as an insider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from random import Random
from typing import Any
from zipfile import ZipFile, ZipInfo

from countermand.drills.forgeries.bundles import META, BundleWorld, Files, bound, members_of, method_of
from countermand.drills.forgeries.memory_log import SECONDS
from countermand.drills.forgeries.mutations import changed, damaged
from countermand.drills.forgeries.seals import Signer
from countermand.transparency import jcs
from countermand.transparency.asic import Listed, Manifest
from countermand.vocabulary.bundle_names import (
    MIMETYPE,
    SEALED_MANIFEST,
    SIGNATURE,
    SIGNATURE_MEDIA,
    STATEMENT,
    media_of,
    object_name,
)

_STRANGE_NAMES = (
    "../bundle.json", "/bundle.json", "keys.pem", "log.vkey", "entries/../1-1.json", "a\\b", "bundle.json",
    "META-INF/signature002.p7s", "META-INF/manifest.xml", "objects/x", "BUNDLE.JSON",
)  # fmt: skip
# One value of each type of JSON, empty and not.
_TYPES: tuple[Any, ...] = (None, True, 7, "7", "", [], ["7"], [[]], {}, {"7": []})
_SIZES = (-1, 0, 10**6, 10**9, jcs.INTEGER_MAX)
_EVIDENCE = ("entries/", "proofs/", "checkpoints/", "objects/", "openings.json", "bundle.json")


def bytes_damaged(world: BundleWorld, data: bytes) -> bytes:
    """The file itself."""
    return damaged(data, world.chance)


def member_damaged(world: BundleWorld, data: bytes) -> bytes:
    """One file inside, in a container whose sums are right again."""
    files = members_of(data)
    name = world.chance.choice(list(files))
    return bound({**files, name: damaged(files[name], world.chance)})


def members_mixed(world: BundleWorld, data: bytes) -> bytes:
    """A file is left out, renamed, doubled, strange, or taken from another bundle."""
    chance = world.chance
    members = list(members_of(data).items())
    place = chance.randrange(len(members))
    name, content = members[place]
    other = members_of(chance.choice(world.bundles))
    match chance.randrange(6):
        case 0:
            del members[place]
        case 1:
            members[place] = (chance.choice(members)[0], content)
        case 2:
            members.append((name, damaged(content, chance)))
        case 3:
            members.append((chance.choice(_STRANGE_NAMES), content))
        case 4:
            members[place] = (name, chance.choice(list(other.values())))
        case _:
            members[place] = (name, other.get(name, damaged(content, chance)))
    return _packed(members)


def container_tricked(world: BundleWorld, data: bytes) -> bytes:
    """Bytes before, behind or between the members, or a head that says something else than the directory."""
    chance = world.chance
    match chance.randrange(4):
        case 0:
            return chance.randbytes(chance.randrange(1, 40)) + data
        case 1:
            return data + chance.randbytes(chance.randrange(1, 40))
        case 2:
            return data[:-2] + (5).to_bytes(2, "little") + b"hello"
        case _:
            with ZipFile(BytesIO(data)) as archive:
                one = chance.choice(archive.infolist())
            at = one.header_offset + chance.choice((6, 8, 14, 18, 22, 26, 28))
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def manifest_mended(world: BundleWorld, data: bytes) -> bytes:
    """A file is changed, and the manifest says its new hash; the seal is the old one."""
    files = _content_changed(world, members_of(data))
    listed = {
        name: Listed(media_of(name), sha256(content).digest())
        for name, content in files.items()
        if name not in META and name != MIMETYPE
    }
    return bound({**files, SEALED_MANIFEST: bytes(Manifest(SIGNATURE, SIGNATURE_MEDIA, listed))})


def own_seal(world: BundleWorld, data: bytes) -> bytes:
    """Anything is changed, and all of it sealed anew under an authority of the forger, of the same name."""
    files = _content_changed(world, members_of(data))
    theirs = Signer.made(world.chance.randrange(10**6, 10**9), "An institution", SECONDS)
    return bound(world.with_meta(_without_meta(files), theirs))


def insider_changed(world: BundleWorld, data: bytes) -> bytes:
    """The institution itself seals evidence that somebody changed, in perfect form."""
    files = _without_meta(members_of(data))
    wanted = [name for name in files if name.startswith(_EVIDENCE)]
    name = world.chance.choice(wanted)
    if name.endswith(".json") and world.chance.random() < 0.7:
        says = json.loads(files[name])
        changed(says, world.chance)
        files[name] = jcs.encoded(says)
    elif name.startswith("objects/"):
        files = _other_exhibit(files, name, world.chance)
    else:
        files[name] = damaged(files[name], world.chance)
    return bound(world.with_meta(files))


def insider_mistypes(world: BundleWorld, data: bytes) -> bytes:
    """The institution itself seals JSON in which one value has another type, or a size beyond all reason."""
    files, chance = _without_meta(members_of(data)), world.chance
    name = chance.choice([one for one in files if one.startswith(_EVIDENCE) and one.endswith(".json")])
    says = json.loads(files[name])
    holder, key = chance.choice(list(_places_in(says)))
    value = holder[key]
    kind = type(value)
    if kind is int and chance.random() < 0.5:
        holder[key] = chance.choice(_SIZES)
    elif kind in (str, list) and value and chance.random() < 0.3:
        holder[key] = value * (1 + 2_000 // len(value))
    else:
        holder[key] = chance.choice([one for one in _TYPES if type(one) is not kind])
    files[name] = jcs.encoded(says)
    return bound(world.with_meta(files))


def _places_in(says: Any) -> Iterator[tuple[Any, Any]]:
    """Every value in it, by what holds it and the key there."""
    for key, value in says.items() if isinstance(says, dict) else enumerate(says):
        yield says, key
        if isinstance(value, dict | list):
            yield from _places_in(value)


def insider_omits(world: BundleWorld, data: bytes) -> bytes:
    """The institution itself leaves out a step in between, with or without counting on as if nothing were."""
    files = _without_meta(members_of(data))
    seqs = sorted(int(name[10:-5]) for name in files if name.startswith("entries/"))
    gone = world.chance.choice(seqs[:-1])
    del files[f"entries/1-{gone}.json"], files[f"proofs/1-{gone}.tlog-proof"]
    openings = json.loads(files["openings.json"])
    openings["openings"].pop(f"entries/1-{gone}.json", None)
    files["openings.json"] = jcs.encoded(openings)
    if world.chance.random() < 0.6:
        files = _renumbered(files, gone, seqs[-1])
    return bound(world.with_meta(files))


def signature_changed(world: BundleWorld, data: bytes) -> bytes:
    """One bit of seal or time stamp, or those of another bundle."""
    files, chance = members_of(data), world.chance
    name = chance.choice([one for one in META if one in files])
    made = bytearray(files[name])
    made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    other = members_of(chance.choice(world.bundles))[name]
    return bound({**files, name: bytes(made) if chance.random() < 0.7 else other})


def _content_changed(world: BundleWorld, files: Files) -> Files:
    name = world.chance.choice([one for one in files if one not in META and one != MIMETYPE])
    return {**files, name: damaged(files[name], world.chance)}


def _without_meta(files: Files) -> Files:
    return {name: data for name, data in files.items() if name not in META and name != MIMETYPE}


def _other_exhibit(files: Files, name: str, chance: Random) -> Files:
    """Other bytes under their own right name, and the statement says so."""
    data = damaged(files[name], chance)
    digest = sha256(data).digest()
    says = json.loads(files[STATEMENT])
    for one in says["exhibits"]:
        one["sha256"], one["size"] = digest.hex(), str(len(data))
    rest = {one: content for one, content in files.items() if one != name}
    return {**rest, STATEMENT: jcs.encoded(says), object_name(digest): data}


def _renumbered(files: Files, gone: int, last: int) -> Files:
    """What comes behind moves up, everywhere."""
    moved: Files = {}
    for name, data in files.items():
        new = name
        for seq in range(gone + 1, last + 1):
            for form in ("entries/1-{}.json", "proofs/1-{}.tlog-proof"):
                if name == form.format(seq):
                    new = form.format(seq - 1)
        moved[new] = data
    for name in (STATEMENT, "openings.json"):
        text = moved[name].decode()
        for seq in range(gone + 1, last + 1):
            text = text.replace(f"entries/1-{seq}.json", f"entries/1-{seq - 1}.json")
        says = json.loads(text)
        if name == STATEMENT:
            says["chains"][0]["entries"] -= 1
        moved[name] = jcs.encoded(says)
    return moved


def _packed(members: list[tuple[str, bytes]]) -> bytes:
    """A container of these files, twice the same name included."""
    whole = BytesIO()
    with ZipFile(whole, "w") as archive:
        for name, data in members:
            info = ZipInfo("placeholder")
            info.filename = name
            archive.NameToInfo.pop(name, None)  # the library would only warn, and that would be an error here
            archive.writestr(info, data, method_of(name))
    return whole.getvalue()


BUNDLE_MUTATIONS: dict[str, Callable[[BundleWorld, bytes], bytes]] = {
    "bytes": bytes_damaged,
    "member": member_damaged,
    "mixed": members_mixed,
    "container": container_tricked,
    "manifest": manifest_mended,
    "own seal": own_seal,
    "signature": signature_changed,
    "insider": insider_changed,
    "mistyped": insider_mistypes,
    "omission": insider_omits,
}
INSIDERS = frozenset({"insider", "mistyped", "omission"})
