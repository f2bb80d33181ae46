"""W3C Trace Context: every request has a trace id, the caller's own or a fresh one."""

from __future__ import annotations

import re

from countermand.kernel.ids import new_trace_digits

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_NO_TRACE = "0" * 32
_NO_SPAN = b"0" * 16


def begin_trace(traceparent: bytes | None) -> tuple[str, str]:
    """The trace id (32 hex digits) and the `traceparent` to answer with.

    A caller's valid header keeps its trace id and flags, with our own span id; anything else starts a new,
    unsampled trace, as Trace Context (W3C Recommendation, section 4.3) asks.
    """
    digits = new_trace_digits()
    if traceparent is not None and (found := _TRACEPARENT.fullmatch(traceparent)) is not None:
        version, trace_id, span, flags, more = found.groups()
        known = version != b"ff" and (more is None or version != b"00")
        if known and span != _NO_SPAN and (trace := trace_id.decode()) != _NO_TRACE:
            return trace, f"00-{trace}-{digits[32:]}-{flags.decode() if version == b'00' else '00'}"
    trace = digits[:32]
    return trace, f"00-{trace}-{digits[32:]}-00"
