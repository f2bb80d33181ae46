"""A real time-stamping authority for tests: `openssl ts -reply` behind a small HTTP server."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from asn1crypto import cms, tsp
from asn1crypto import x509 as plain
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign.general import as_signing_certificate_v2

POLICY, OTHER_POLICY = "1.2.3.4.1", "1.2.3.4.5"
EKU = x509.oid.ExtendedKeyUsageOID
CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
certs = {folder}/chain.pem
signer_digest = sha256
default_policy = {policy}
other_policies = {other}
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[str, ec.EllipticCurvePrivateKey],
    purposes: list[x509.ObjectIdentifier] | None,
    *,
    critical: bool = True,
    days: tuple[int, int] = (-1, 30),
) -> x509.Certificate:
    """A certificate: of a CA where it has no purposes, of a signer otherwise."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer[0])]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=purposes is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()), critical=False
        )
    )
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
    return builder.sign(issuer[1], hashes.SHA256())


def pem_of(*certificates: x509.Certificate) -> bytes:
    """PEM of them, one after the other."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


class OpenSslAuthority:
    """Root, intermediate and signer in a folder; `reply` is what `openssl ts` says."""

    def __init__(self, folder: Path, **signer: object) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.root_file = folder, folder / "root.pem"
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
        self.key = keys[2]
        root = certificate("root", keys[0], ("root", keys[0]), None)
        middle = certificate("middle", keys[1], ("root", keys[0]), None)
        chosen = {"purposes": [EKU.TIME_STAMPING]} | signer
        leaf = certificate("signer", keys[2], ("middle", keys[1]), **chosen)  # type: ignore[arg-type]
        self.root_file.write_bytes(pem_of(root))
        (folder / "chain.pem").write_bytes(pem_of(middle, root))
        (folder / "signer.pem").write_bytes(pem_of(leaf))
        (folder / "signer.key").write_bytes(
            keys[2].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        self.chain = [plain.Certificate.load(one.public_bytes(Encoding.DER)) for one in (leaf, middle)]
        (folder / "serial").write_text("01\n")
        text = CONFIGURATION.format(folder=folder, policy=POLICY, other=OTHER_POLICY)
        (folder / "tsa.cnf").write_text(text)

    def reply(self, query: bytes, *options: str) -> bytes:
        """The answer to a request."""
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf"]
        done = subprocess.run(
            [*command, "-queryfile", self.folder / "query", *options], capture_output=True, check=False
        )
        return done.stdout

    def accepts(self, token: bytes, data: bytes) -> bool:
        """Whether `openssl ts -verify` accepts a token over data."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "token").write_bytes(token)
        command = ["openssl", "ts", "-verify", "-data", self.folder / "data", "-CAfile", self.root_file]
        done = subprocess.run(
            [*command, "-in", self.folder / "token", "-token_in"], capture_output=True, check=False
        )
        return done.returncode == 0

    def sign(self, query: bytes, *, ess: bool = True) -> bytes:
        """A token by our own hand, for certificates that openssl would not sign with."""
        request, leaf = tsp.TimeStampReq.load(query), self.chain[0]
        names = ("version", "message_imprint", "nonce")
        values = {name: request[name].native for name in names}
        now = datetime.now(UTC).replace(microsecond=0)
        info = tsp.TSTInfo(values | {"policy": POLICY, "serial_number": 1, "gen_time": now}).dump()
        said = {"content_type": "tst_info", "message_digest": sha256(info).digest()}
        if ess:
            said["signing_certificate_v2"] = as_signing_certificate_v2(leaf)
        attributes = cms.CMSAttributes([{"type": kind, "values": [value]} for kind, value in said.items()])
        named = {"issuer": leaf.issuer, "serial_number": leaf.serial_number}
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", named),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(info)},
            "certificates": self.chain,
            "signer_infos": [signer],
        }
        token = {"content_type": "signed_data", "content": cms.SignedData(signed)}
        response = {"status": {"status": "granted"}, "time_stamp_token": token}
        return bytes(tsp.TimeStampResp(response).dump())


def altered(query: bytes, **fields: object) -> bytes:
    """The same request with another nonce or another imprint."""
    request = tsp.TimeStampReq.load(query)
    values = {name: request[name].native for name in ("version", "message_imprint", "nonce", "cert_req")}
    return tsp.TimeStampReq(values | fields).dump()


@asynccontextmanager
async def served(answer: Callable[[bytes], bytes | None], *, status: int = 200) -> AsyncIterator[str]:
    """The address of a server that answers each posted request; with None it hangs."""
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = answer(await reader.readexactly(length))
        if body is None:
            await ended.wait()
        else:
            writer.write(b"HTTP/1.1 %d x\r\ncontent-type: application/timestamp-reply\r\n" % status)
            writer.write(b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tsa"
    finally:
        ended.set()
        server.close()
        await server.wait_closed()
