"""The manifests of an ASiC-E container (ETSI EN 319 162-1 annex A.4): which files a signature is over.

They are written in one form, one line a file, and read in that form alone: nothing is left to an XML parser.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64  # it is an exception, under a name that says so
from collections.abc import Mapping
from typing import NamedTuple

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
    ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
)
_FOOT = "</asic:ASiCManifest>\n"
_SIGNATURE = '<asic:SigReference URI="{}" MimeType="{}"/>\n'
_FILE = (
    '<asic:DataObjectReference URI="{}" MimeType="{}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>{}</ds:DigestValue></asic:DataObjectReference>\n"
)
_NAME, _TYPE, _DIGEST = r"([A-Za-z0-9._/-]{1,200})", r"([a-z0-9.+/-]{3,80})", r"([A-Za-z0-9+/]{43}=)"


def _pattern(template: str, *groups: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(re.escape("{}"), "{}").format(*groups))


_SIGNATURE_LINE = _pattern(_SIGNATURE, _NAME, _TYPE)
_FILE_LINE = _pattern(_FILE, _NAME, _TYPE, _DIGEST)


class Listed(NamedTuple):
    """A file as a manifest names it: its media type and SHA-256."""

    media: str
    digest: bytes


class Manifest(NamedTuple):
    """What a signature (or time stamp) is over: its own name and media type, and the files by name."""

    signature: str
    media: str
    files: Mapping[str, Listed]

    def __bytes__(self) -> bytes:
        lines = [
            _FILE.format(name, one.media, b64encode(one.digest).decode()) for name, one in self.files.items()
        ]
        return "".join([_HEAD, _SIGNATURE.format(self.signature, self.media), *lines, _FOOT]).encode()

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """The manifest in a file. Raises ValueError where it is not in the one form."""
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError as error:
            raise ValueError("the manifest is not ASCII") from error
        if not text.startswith(_HEAD) or not text.endswith(_FOOT):
            raise ValueError("the manifest is not in its form")
        first, *lines = text[len(_HEAD) : -len(_FOOT)].splitlines(keepends=True) or [""]
        signature = _SIGNATURE_LINE.fullmatch(first)
        if signature is None:
            raise ValueError("the manifest does not begin with its signature")
        files: dict[str, Listed] = {}
        for line in lines:
            one = _FILE_LINE.fullmatch(line)
            if one is None or one[1] in files:
                raise ValueError(f"a line of the manifest is not in its form, or twice: {line[:80]!r}")
            files[one[1]] = Listed(one[2], _decoded(one[3]))
        return cls(signature[1], signature[2], files)


def _decoded(text: str) -> bytes:
    try:
        digest = b64decode(text, validate=True)
    except NotBase64 as error:
        raise ValueError("a digest that is not base 64") from error
    if b64encode(digest).decode() != text:
        raise ValueError("base 64 in another spelling than its own")
    return digest
