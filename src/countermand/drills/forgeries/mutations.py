"""What a forger does to a receipt: to its bytes, members, lines and values, or by a log of their own."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from countermand.drills.forgeries.memory_log import MemoryLog
from countermand.drills.forgeries.receipts import World
from countermand.transparency import jcs
from countermand.transparency.entries import Entry
from countermand.transparency.notes import Signature
from countermand.transparency.receipts import PROOF, Receipt

Members = list[tuple[str, bytes]]
_STRANGE_NAMES = (
    "../entry.json",
    "/entry.json",
    "keys.pem",
    "log.vkey",
    "entries/../entry.json",
    "a\\b",
    "entry.json",
)


def members_of(data: bytes) -> Members:
    """The files of a zip, in order."""
    with ZipFile(BytesIO(data)) as archive:
        return [(one.filename, archive.read(one)) for one in archive.infolist()]


def zipped(members: Members) -> bytes:
    """A zip of these files, twice the same name included."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        for name, data in members:
            info = ZipInfo("placeholder")
            info.filename = name
            if name in archive.NameToInfo:
                del archive.NameToInfo[name]  # the library would only warn, and that would be an error here
            archive.writestr(info, data, ZIP_DEFLATED)
    return whole.getvalue()


def damaged(data: bytes, chance: Random) -> bytes:
    """Bytes with one thing done to them."""
    if not data:
        return b"\0"
    place = chance.randrange(len(data))
    until = min(len(data), place + chance.randrange(1, 40))
    match chance.randrange(6):
        case 0 | 1:
            flipped = data[place] ^ 1 << chance.randrange(8)
            return data[:place] + bytes([flipped]) + data[place + 1 :]
        case 2:
            return data[:place]
        case 3:
            return data[:place] + data[until:]
        case 4:
            return data[:place] + chance.randbytes(until - place) + data[place:]
        case _:
            return data[:until] + data[place:]


def bytes_damaged(world: World, data: bytes) -> bytes:
    """The file itself."""
    return damaged(data, world.chance)


def member_damaged(world: World, data: bytes) -> bytes:
    """One file inside, in a zip whose sums are right again."""
    members = members_of(data)
    place = world.chance.randrange(len(members))
    members[place] = (members[place][0], damaged(members[place][1], world.chance))
    return zipped(members)


def lines_moved(world: World, data: bytes) -> bytes:
    """A line of a proof is left out, doubled, moved, or taken from another receipt's."""
    members = members_of(data)
    place = world.chance.choice([n for n, (name, _) in enumerate(members) if name.endswith("tlog-proof")])
    lines = members[place][1].decode().split("\n")
    here, there = (world.chance.randrange(len(lines)) for _ in range(2))
    other = str(world.chance.choice(world.receipts).items[0].proof).split("\n")
    match world.chance.randrange(4):
        case 0:
            del lines[here]
        case 1:
            lines.insert(there, lines[here])
        case 2:
            lines[here], lines[there] = lines[there], lines[here]
        case _:
            lines[here] = world.chance.choice(other)
    members[place] = (members[place][0], "\n".join(lines).encode())
    return zipped(members)


def members_mixed(world: World, data: bytes) -> bytes:
    """A file is left out, renamed, doubled, strange, or taken from another receipt."""
    members = members_of(data)
    place = world.chance.randrange(len(members))
    name, content = members[place]
    other = members_of(world.chance.choice(world.receipts).packed())
    match world.chance.randrange(6):
        case 0:
            del members[place]
        case 1:
            members[place] = (world.chance.choice(members)[0], content)
        case 2:
            members.append((name, damaged(content, world.chance)))
        case 3:
            members.append((world.chance.choice(_STRANGE_NAMES), content))
        case 4:
            members[place] = (name, world.chance.choice(other)[1])
        case _:
            members[place] = (name, dict(other).get(name, content))
    return zipped(members)


def value_changed(world: World, data: bytes) -> bytes:
    """One value of an entry or of the openings says something else, in perfect form."""
    members = members_of(data)
    wanted = [n for n, (name, _) in enumerate(members) if name.endswith(".json")]
    place = world.chance.choice(wanted)
    says = json.loads(members[place][1])
    changed(says, world.chance)
    members[place] = (members[place][0], jcs.encoded(says))
    return zipped(members)


def changed(says: Any, chance: Random) -> None:
    """Walk down to a leaf and change it; now and then take it away, or rename it."""
    while True:
        keys = list(says) if isinstance(says, dict) else list(range(len(says)))
        if not keys:
            return
        key = chance.choice(keys)
        if not isinstance(says[key], dict | list) or chance.random() < 0.1:
            break
        says = says[key]
    value = says[key]
    if isinstance(says, dict) and chance.random() < 0.15:
        del says[key]
        if chance.random() < 0.5:
            says[f"{key}x"] = value
    elif isinstance(value, int):
        says[key] = value + chance.choice((-1, 1, 60_000_000))
    elif isinstance(value, str) and value:
        at = chance.randrange(len(value))
        says[key] = value[:at] + chance.choice("0123456789abcdef张") + value[at + 1 :]
    else:
        says[key] = chance.choice(("", 0, None, [], {}))


def own_log(world: World, data: bytes) -> bytes:
    """The forger runs a log of the same name and signs what they like, under our keys' names and ids."""
    receipt, chance = Receipt.unpacked(data), world.chance
    theirs = MemoryLog(chance.randrange(2, 1 << 30))
    item = receipt.items[0]
    says = Entry.parse(item.entry).says
    changed(says["facts"], chance)
    theirs.append(jcs.encoded(says))
    note = theirs.note("w1", "w2")
    ids = {theirs.key.id: world.log.key.id, theirs.later_key.id: world.log.later_key.id} | {
        key.id: world.log.witnesses[name].id for name, key in theirs.witnesses.items()
    }
    if chance.random() < 0.7:
        lines = tuple(Signature(one.name, ids[one.key_id], one.data) for one in note.signatures)
        note = note._replace(signatures=lines[chance.randrange(2) :])
    if chance.random() < 0.5:
        note = note._replace(signatures=(*note.signatures, *item.proof.note.signatures))
    forged = item._replace(entry=theirs.entries[0], proof=theirs.proof(0, note))
    return replace(receipt, items=(forged,)).packed()


def signature_changed(world: World, data: bytes) -> bytes:
    """One bit of a signature, of its key's id, or of its time; or the signature under another name."""
    members, chance = members_of(data), world.chance
    files = dict(members)
    head, _, lines = files[PROOF].decode().rpartition("\n\n")
    signatures = lines.rstrip("\n").split("\n")
    place = chance.randrange(len(signatures))
    dash, name, text = signatures[place].split(" ")
    made = bytearray(b64decode(text))
    if chance.random() < 0.8:
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    else:
        name = chance.choice(signatures).split(" ")[1]
    signatures[place] = f"{dash} {name} {b64encode(made).decode()}"
    changed = "\n\n".join([head, "\n".join(signatures) + "\n"]).encode()
    return zipped([(one, changed if one == PROOF else content) for one, content in members])


MUTATIONS: dict[str, Callable[[World, bytes], bytes]] = {
    "bytes": bytes_damaged,
    "member": member_damaged,
    "lines": lines_moved,
    "mixed": members_mixed,
    "value": value_changed,
    "signature": signature_changed,
    "own log": own_log,
}
