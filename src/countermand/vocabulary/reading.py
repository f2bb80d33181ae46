"""Bytes from a door become an Operation here, once, or a refusal that names the field."""

from __future__ import annotations

import ipaddress
from typing import Any

import msgspec

from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.errors import BadRequest, CountermandError, TooLarge
from countermand.kernel.money import EXPONENTS
from countermand.vocabulary.operations import Operation

BODY_BYTES_MAX = 64 * 1024
BATCH_BYTES_MAX = 16 * 1024 * 1024
BATCH_OPERATIONS_MAX = 1000


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    operations: list[msgspec.Raw]


_OPERATION = msgspec.json.Decoder(Operation)
_BATCH = msgspec.json.Decoder(_Batch)


def read_operation(body: bytes) -> Operation:
    """One operation from JSON.

    Raises TooLarge (`body_too_large`) and BadRequest (`malformed_json`, `invalid_operation`,
    `unknown_currency`, `invalid_ip`); the details name the field.
    """
    if len(body) > BODY_BYTES_MAX:
        raise _too_large(BODY_BYTES_MAX)
    try:
        operation = _OPERATION.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from None
    return checked(operation)


def operation_of(values: dict[str, Any]) -> Operation:
    """One operation from values that something else has read: the row of a table, by field.

    Raises BadRequest (`invalid_operation`, `unknown_currency`, `invalid_ip`); the details name the field.
    """
    try:
        operation = msgspec.convert(values, Operation)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    return checked(operation)


def read_batch(body: bytes) -> list[Operation | CountermandError]:
    """Up to 1,000 operations; a row that cannot be read is its refusal, in its place."""
    if len(body) > BATCH_BYTES_MAX:
        raise _too_large(BATCH_BYTES_MAX)
    try:
        rows = _BATCH.decode(body).operations
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from None
    if len(rows) > BATCH_OPERATIONS_MAX:
        raise BadRequest(
            "batch_too_long",
            f"A batch holds at most {BATCH_OPERATIONS_MAX} operations; send the rest in another one.",
            f"一批最多{BATCH_OPERATIONS_MAX}笔操作；其余请另行发送。",
            operations=len(rows),
        )
    return [_read_row(row) for row in rows]


def _read_row(row: msgspec.Raw) -> Operation | CountermandError:
    try:
        return read_operation(bytes(row))
    except CountermandError as refusal:
        return refusal


def body_digest(operation: Operation) -> bytes:
    """SHA-256 of the operation's canonical form: equal for equal meaning, whatever the blanks."""
    return digest(canonical_bytes(operation))


def checked(operation: Operation) -> Operation:
    """What types cannot say: a known currency, a real IP address."""
    amount = operation.amount
    if amount is not None and amount.currency not in EXPONENTS:
        raise BadRequest(
            "unknown_currency",
            f"{amount.currency} is not a currency this system knows; use an ISO 4217 code.",
            f"系统不识别币种 {amount.currency}；请使用 ISO 4217 代码。",
            field="amount.currency",
        )
    if operation.ip is not None:
        try:
            address = str(ipaddress.ip_address(operation.ip))
        except ValueError:
            raise BadRequest(
                "invalid_ip",
                "The field ip is not an IPv4 or IPv6 address.",
                "字段 ip 不是有效的 IPv4 或 IPv6 地址。",
                field="ip",
            ) from None
        if address != operation.ip:  # one spelling for one address: profiles and windows compare texts
            return msgspec.structs.replace(operation, ip=address)
    return operation


def _too_large(limit: int) -> TooLarge:
    """The refusal of a body over `limit` bytes."""
    return TooLarge(
        "body_too_large",
        f"The body is larger than {limit:,} bytes.",
        f"请求体超过 {limit:,} 字节。",
        bytes_max=limit,
    )


def _malformed(error: Any) -> BadRequest:
    """The refusal of a body that is not JSON."""
    return BadRequest(
        "malformed_json",
        f"The body is not valid JSON: {error}.",
        f"请求体不是有效的 JSON：{error}。",
    )


def _invalid(error: msgspec.ValidationError) -> BadRequest:
    message = str(error)
    what, _, path = message.partition(" - at `")
    field = path.rstrip("`").removeprefix("$").removeprefix(".") or _named_field(what)
    return BadRequest(
        "invalid_operation",
        f"The operation does not fit the schema: {what}{f' (field {field})' if field else ''}.",
        f"操作不符合数据格式：{what}{f'（字段 {field}）' if field else ''}。",
        field=field,
    )


def _named_field(what: str) -> str:
    """A missing or unknown field is named in the message itself, between backticks."""
    return what.split("`")[1] if what.count("`") >= 2 else ""
