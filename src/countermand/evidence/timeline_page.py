"""The timeline as one page of HTML: opens in any browser, without network, script or tracking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.timeline import Moment, TimeProof
from countermand.evidence.timeline_paper import CLAIMED, LEAD, NOT_SEALED, TITLE
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, wall_time, written_time
from countermand.vocabulary.documents import Tone

_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1b2430; --quiet: #5a6675; --line: #d5dedb; --paper: #fff;
  --plain: #0f5c4d; --good: #12704b; --doubt: #9a5b00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --quiet: #9fb0bf; --line: #33414a;
  --paper: #12181d; --plain: #5fc4ae; --good: #5fc48f; --doubt: #e0a34d; --bad: #ff8a80; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
h1 { font-weight: 600; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; position: sticky; top: 0;
  background: var(--paper); padding: .4rem 0 }
p { margin: .4rem 0 } .quiet, time, small { color: var(--quiet) }
ol { list-style: none; margin: 0; padding: 0 0 0 1rem; border-left: 2px solid var(--line) }
li { padding: .35rem 0 .35rem 1rem; position: relative }
li::before { content: ""; position: absolute; left: -1.45rem; top: 1rem; width: .7rem; height: .7rem;
  border-radius: 50%; background: var(--plain) }
li.good::before { background: var(--good) } li.doubt::before { background: var(--doubt) }
li.bad::before { background: var(--bad) } li.quiet::before { background: var(--line) }
time { font-variant-numeric: tabular-nums; margin-right: .6rem } code { overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dt { color: var(--quiet) }
dd { margin: 0; overflow-wrap: anywhere }
@media print { body { max-width: none } h2 { position: static } }
"""


def timeline_page(
    record: CaseRecord,
    moments: Sequence[Moment],
    proof: TimeProof | None,
    *,
    institution: Text,
    language: str,
    timezone: str,
) -> str:
    """The whole page; every value is escaped."""

    def say(text: Text) -> str:
        return escape(text.zh if language == "zh" else text.en)

    days = []
    for day, those in groupby(moments, lambda one: f"{wall_time(one.at, timezone):%Y-%m-%d}"):
        items = "".join(_item(one, say, timezone) for one in those)
        days.append(f'<section aria-label="{day}"><h2>{day}</h2><ol>{items}</ol></section>')
    made = written_time(record.made_at, timezone)
    head = f"{say(TITLE)} {escape(record.number)}"
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="content-security-policy" content="{_ALLOWED}">'
        f"<title>{head}</title><style>{_STYLE}</style></head><body>"
        f'<header><p class="quiet">{say(institution)}</p><h1>{head}</h1><p>{say(LEAD)}</p>'
        f'<p class="quiet">{say(made)}</p></header><main>{"".join(days)}{_proof(proof, say, timezone)}</main>'
        "</body></html>\n"
    )


def _item(one: Moment, say: Callable[[Text], str], timezone: str) -> str:
    at = f"{wall_time(one.at, timezone):%H:%M:%S}"
    tone = "" if one.tone is Tone.PLAIN else f' class="{one.tone.value}"'
    by = "" if one.by is None else f" <small>{say(one.by)}</small>"
    more = "" if one.more is None else f'<p class="quiet">{say(one.more)}</p>'
    entry = "" if one.entry is None else f" <small><code>{escape(one.entry)}</code></small>"
    stamp = exact_time(one.at, timezone).replace(" ", "T", 1).replace(" ", "")
    return f'<li{tone}><time datetime="{stamp}">{at}</time>{say(one.what)}{by}{entry}{more}</li>'


def _proof(proof: TimeProof | None, say: Callable[[Text], str], timezone: str) -> str:
    title = say(Text(en="What proves the times", zh="时间由谁证明"))
    if proof is None:
        return f"<section><h2>{title}</h2><p>{say(CLAIMED)}</p><p>{say(NOT_SEALED)}</p></section>"
    rows = [
        (Text(en="Log", zh="存证日志"), proof.origin),
        (Text(en="Entries of this case", zh="本案记录"), f"{proof.entries} / {proof.lines}"),
        (Text(en="Tree size", zh="树大小"), str(proof.size)),
        (Text(en="Root hash", zh="根哈希"), proof.root),
        (Text(en="Signed at", zh="签名时间"), exact_time(proof.signed_at, timezone)),
        (Text(en="Witnesses", zh="见证方"), ", ".join(proof.witnesses) or "-"),
    ]
    told = "".join(f"<dt>{say(label)}</dt><dd>{escape(value)}</dd>" for label, value in rows)
    return f"<section><h2>{title}</h2><p>{say(CLAIMED)}</p><dl>{told}</dl></section>"
