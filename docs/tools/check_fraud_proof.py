# fmt: off
"""python check_fraud_proof.py LOG_VKEY fraud-proof.txt: did this log sign two contradicting notes?"""
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
def checkpoint(note, vkey):  # its size and root; raises unless the log's Ed25519 signature holds
    (name, key_id, key), (text, lines) = vkey.split("+", 2), note.rsplit("\n\n", 1)
    found = [line.split(" ") for line in lines.split("\n")]
    found = [b64decode(last) for *first, last in found if first == ["\u2014", name]]
    signature = next(data[4:] for data in found if data[:4].hex() == key_id)
    Ed25519PublicKey.from_public_bytes(b64decode(key)[1:]).verify(signature, (text + "\n").encode())
    origin, size, root = text.split("\n")
    return (int(size), b64decode(root)) if origin == name else sys.exit("a note of another log")
def beginnings(low, high, hashes):  # RFC 9162 2.1.4.2: the roots of one tree, then and now
    low, high, then = low - 1, high - 1, hashes[0]
    while low & 1: low, high = low >> 1, high >> 1
    now = then
    for step in hashes[1:]:
        if not high: return None  # more hashes than trees of these sizes have to show
        if low & 1 or low == high:
            then, now = sha256(b"\1" + step + then).digest(), sha256(b"\1" + step + now).digest()
            while low and not low & 1: low, high = low >> 1, high >> 1
        else: now = sha256(b"\1" + now + step).digest()
        low, high = low >> 1, high >> 1
    return None if high else (then, now)
def convicts(vkey, proof):
    head, older, newer = proof.split("\n=====\n")
    (small, then), (large, now) = checkpoint(older + "\n", vkey), checkpoint(newer, vkey)
    if small == large: return small > 0 and then != now
    hashes = [b64decode(line) for line in head.split("\n")[3:]]
    found = beginnings(small, large, hashes) if 0 < small < large else None
    return found is not None and found[1] == now and found[0] != then
if __name__ == "__main__":
    sys.exit(0 if convicts(sys.argv[1], Path(sys.argv[2]).read_text("utf-8")) else "it proves nothing")
