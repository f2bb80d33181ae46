"""Objects in a bucket that speaks S3, through obstore; the extra `s3` installs it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from countermand.extensions import object_missing, object_store_away
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import new_secret
from countermand.vocabulary.vault import StoredObject

# Shorter ones are sent in one piece under their final name; longer ones must be sent before it is known.
WHOLE_BYTES_MAX = 8 * 1024 * 1024
PIECE_BYTES = 1024 * 1024


class ObjectBucket:
    """`objects/<sha256>` in a bucket; what is under way is in `incoming/`, where a lifecycle rule may sweep.

    `store` is an obstore S3Store. A put in S3 is durable and whole, or not there.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    async def put(self, pieces: AsyncIterable[bytes]) -> StoredObject:
        """Keep an object. Raises Unavailable (`object_store_away`)."""
        import obstore

        hashed, first, source = _Hashed(), bytearray(), aiter(pieces)
        async for piece in source:
            hashed.take(piece)
            first += piece
            if len(first) > WHOLE_BYTES_MAX:
                break
        else:
            with _away():
                await obstore.put_async(self._store, _name(hashed.digest), bytes(first), use_multipart=False)
            return StoredObject(hashed.digest, hashed.size)
        incoming = f"incoming/{new_secret()}"
        with _away():
            await obstore.put_async(self._store, incoming, hashed.rest(bytes(first), source))
            try:
                await obstore.copy_async(self._store, incoming, _name(hashed.digest))
            finally:
                await obstore.delete_async(self._store, incoming)
        return StoredObject(hashed.digest, hashed.size)

    async def get(self, digest: bytes) -> AsyncIterator[bytes]:
        """Its bytes in pieces. Raises Unavailable (`object_missing`, `object_store_away`)."""
        import obstore

        with _away(digest):
            found = await obstore.get_async(self._store, _name(digest))
            async for piece in found.stream(min_chunk_size=PIECE_BYTES):
                yield bytes(piece)

    async def delete(self, digest: bytes) -> None:
        """Forget it. Raises Unavailable."""
        import obstore

        with _away():
            try:
                await obstore.delete_async(self._store, _name(digest))
            except FileNotFoundError:
                return

    async def exists(self, digest: bytes) -> bool:
        """Whether it is there. Raises Unavailable."""
        import obstore

        with _away():
            try:
                await obstore.head_async(self._store, _name(digest))
            except FileNotFoundError:
                return False
            return True


def open_bucket(address: str) -> ObjectBucket:
    """A bucket by its address: `s3://bucket`, or `s3+https://host[:port]/bucket` of a store of one's own.

    Credentials come from the environment as everywhere with S3 (`AWS_ACCESS_KEY_ID` and others).
    Raises SetupError (`bad_setting`, `s3_missing`).
    """
    parts = urlsplit(address)
    options: dict[str, Any] = {}
    bucket = parts.netloc
    if parts.scheme in ("s3+http", "s3+https"):
        scheme, bucket = parts.scheme.removeprefix("s3+"), parts.path.strip("/")
        options = {"endpoint": f"{scheme}://{parts.netloc}", "region": "us-east-1"}
        options["client_options"] = {"allow_http": scheme == "http"}
    if not bucket or "/" in bucket:
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_OBJECTS must be a folder, s3://bucket or s3+https://host/bucket, not {address!r}.",
            f"COUNTERMAND_OBJECTS 应为目录、s3://bucket 或 s3+https://host/bucket，而不是 {address!r}。",
            variable="COUNTERMAND_OBJECTS",
        )
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError:
        raise SetupError(
            "s3_missing",
            "An S3 bucket needs obstore: install `countermand[s3]`.",
            "使用 S3 存储桶需要 obstore：请安装 `countermand[s3]`。",
        ) from None
    return ObjectBucket(S3Store(bucket, **options))


class _Hashed:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    def take(self, piece: bytes) -> None:
        self._hash.update(piece)
        self.size += len(piece)

    async def rest(self, first: bytes, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """What was taken already, then what is still to come."""
        yield first
        async for piece in source:
            self.take(piece)
            yield piece


class _away:  # noqa: N801 - it reads as a word at its uses
    """Errors of the store in our words."""

    def __init__(self, digest: bytes | None = None) -> None:
        self._digest = digest

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from obstore.exceptions import BaseError

        if isinstance(error, FileNotFoundError) and self._digest is not None:
            raise object_missing(self._digest) from None
        if isinstance(error, BaseError | OSError):
            raise object_store_away(type(error).__name__) from error


def _name(digest: bytes) -> str:
    return f"objects/{digest.hex()}"
