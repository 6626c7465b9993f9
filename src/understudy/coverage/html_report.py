"""Contract coverage as one HTML page: no script, nothing loaded, light and dark."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import orjson

from understudy.coverage.coverage import Coverage, Exercised
from understudy.coverage.declared import Field, Share, Summary

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --text: #1b1f27; --soft: #5b6472; --line: #e1e4ea;
  --track: #e4e7ed; --good: #17794c; --good-soft: #e0f3e8; --bad: #a8391f; --bad-soft: #fbe9e4;
  --bar: #2f9e6b; --focus: #2f62d8; --code: #f0f2f6;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --card: #1a1e26; --text: #e7eaf0; --soft: #a0a9b8; --line: #2c323d;
    --track: #2f3643; --good: #63d39c; --good-soft: #16352a; --bad: #ff9c82; --bad-soft: #3d211b;
    --bar: #3fb37d; --focus: #86a8ff; --code: #232934;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 68rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { margin: 0; font-size: 1.6rem; letter-spacing: -.01em; }
h2 { margin: 0; font-size: 1.25rem; letter-spacing: -.01em; }
h3 { margin: 1.4rem 0 .4rem; font-size: .95rem; }
p { margin: .25rem 0; }
a { color: inherit; text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
code { font-family: var(--mono); font-size: .86em; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: 0 0 .5rem; }
th, td { padding: .5rem .75rem; text-align: left; vertical-align: top; }
th { font-weight: 600; }
thead th { color: var(--soft); font-size: .78rem; font-weight: 600; }
tbody tr, tfoot tr { border-top: 1px solid var(--line); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.soft { color: var(--soft); font-size: .88rem; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.hero {
  display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.75rem; margin: 1.25rem 0;
}
.hero .bar { margin-bottom: .5rem; }
.hero > div { flex: 1 1 16rem; }
.figure {
  margin: 0; font-size: 3.25rem; line-height: 1.1; font-weight: 650; letter-spacing: -.03em;
  font-variant-numeric: tabular-nums;
}
.bar { display: block; height: .5rem; border-radius: 1rem; background: var(--track); }
.bar span { display: block; height: 100%; border-radius: 1rem; background: var(--bar); }
.scroll { overflow-x: auto; }
.overview { padding: 1.1rem .65rem .5rem; }
.overview caption { padding: 0 .75rem .4rem; }
.overview td, .overview th { vertical-align: middle; }
.overview tfoot { font-weight: 600; }
.overview tfoot tr { border-top-width: 2px; }
.share { display: flex; align-items: center; gap: .6rem; }
.share .bar { flex: 1; min-width: 4rem; }
.share .number { min-width: 3.4rem; text-align: right; }
section { margin-top: 2.75rem; }
.heading { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .75rem; }
.heading .soft { flex: 1 1 8rem; }
.heading .percent { font-size: 1.25rem; font-weight: 650; }
section > .bar { margin: .5rem 0 .6rem; }
.operations { margin-top: .9rem; }
details + details { border-top: 1px solid var(--line); }
summary {
  display: flex; flex-wrap: wrap; align-items: center; gap: .15rem .8rem; cursor: pointer;
  padding: .6rem 1rem; list-style: none; border-radius: .75rem;
}
summary::-webkit-details-marker { display: none; }
summary::before {
  content: ""; width: .45rem; height: .45rem; border: solid var(--soft); border-width: 0 2px 2px 0;
  transform: rotate(-45deg); flex: none;
}
details[open] > summary::before { transform: rotate(45deg); }
summary .what { flex: 1 1 18rem; min-width: 0; display: flex; flex-direction: column; }
summary .name { font-weight: 600; overflow-wrap: anywhere; }
summary .method { font: 600 .75rem var(--mono); }
summary .calls { width: 10.5rem; white-space: nowrap; }
summary .share { width: 12.5rem; font-size: .88rem; }
.inside { padding: 0 1rem 1.25rem 2.3rem; }
.inside td:first-child, .inside th:first-child { padding-left: 0; }
.hit { color: var(--good); }
.miss { color: var(--bad); }
.hit, .miss { white-space: nowrap; font-weight: 550; font-size: .88rem; }
.inside tbody th code { font-weight: 500; }
tbody tr.more { border-top: 0; }
.more td { padding-top: 0; }
.values { display: flex; flex-wrap: wrap; gap: .3rem; margin: 0; padding: 0; list-style: none; }
.values li { padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; white-space: normal; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.values .hit { background: var(--good-soft); }
.values .miss { background: var(--bad-soft); }
.tag {
  padding: .05rem .45rem; border-radius: .35rem; background: var(--code); color: var(--soft);
  font-size: .76rem; white-space: nowrap;
}
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; max-width: 46rem; }
footer li { margin: .3rem 0; }
footer ul { padding-left: 1.1rem; }
@media (max-width: 40rem) {
  body { padding: 1.5rem .8rem 3rem; }
  .inside { padding-left: 1rem; }
  .overview .bar { display: none; }
  .overview .share .number { min-width: 0; }
  th, td { padding: .45rem .5rem; }
  summary .what { flex-basis: calc(100% - 2rem); }
  summary .calls { margin-left: 1.25rem; width: auto; }
  summary .share { flex: 1; width: auto; }
}
@media print { details > * { display: block; } }
"""
NOTES = (
    "An operation, a documented response, a request field and an enum value of a field are one "
    "point each.",
    "A documented response that no request brings about by itself (most 5xx, and 429 without "
    "<code>--rate-limits</code>) comes with the request header <code>Prefer: code=STATUS</code>, "
    "or by a planned fault (<code>POST /__admin/faults</code>).",
    "A refused request counts like any other. Path parameters, which are always sent, are no "
    "points; nor are statuses that a document does not declare.",
    "Percentages are rounded down.",
)


def render_html(coverage: Coverage) -> str:
    """The coverage as a page that stands alone: one file, for people."""
    share = coverage.total.points
    sections = [_section(coverage, vendor, n) for n, vendor in enumerate(coverage.counted)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever a document says, the page loads and runs nothing.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Contract coverage: {share.percent}%</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<header>\n<h1>Contract coverage</h1>\n{_hero(coverage)}\n</header>\n<main>\n"
        f"{_overview(coverage)}\n{''.join(sections)}</main>\n{_footer()}\n</body>\n</html>\n"
    )


def _hero(coverage: Coverage) -> str:
    share, unasked = coverage.total.points, coverage.unasked
    names = escape(", ".join(unasked))
    note = f'<p class="soft">No test asked {names}; {coverage.fate}.</p>' if unasked else ""
    return (
        f'<div class="hero"><p class="figure">{share.percent}%</p><div>{_bar(share)}'
        f"<p>{share.exercised} of {share.documented} documented points were exercised.</p>"
        f"{note}</div></div>"
    )


def _bar(share: Share) -> str:
    """Only for the eye: the figure always stands beside it."""
    width = f' style="width:{share.percent}%"' if share.exercised else ' style="width:0"'
    return f'<span class="bar" aria-hidden="true"><span{width}></span></span>'


def _overview(coverage: Coverage) -> str:
    rows = [
        _overview_row(f'<a href="#v{n}">{escape(vendor)}</a>', coverage.summary(vendor))
        for n, vendor in enumerate(coverage.counted)
    ]
    total = _overview_row("Total", coverage.total)
    heads = ("Vendor", "All points", "Operations", "Responses", "Request fields", "Enum values")
    return (
        # What may have to be scrolled must be in reach of the keyboard.
        '<div class="card overview scroll" role="region" aria-label="By vendor" tabindex="0">'
        "<table><caption>Exercised, by vendor</caption>"
        f"{_heads(heads)}<tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot></table></div>"
    )


def _heads(names: Iterable[str]) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _overview_row(name: str, summary: Summary) -> str:
    kinds = (summary.operations, summary.responses, summary.fields, summary.values)
    cells = "".join(f'<td class="number">{_figures(kind)}</td>' for kind in kinds)
    return f'<tr><th scope="row">{name}</th><td>{_share(summary.points)}</td>{cells}</tr>'


def _share(share: Share) -> str:
    return f'<span class="share">{_bar(share)}<span class="number">{share.percent}%</span></span>'


def _figures(share: Share) -> str:
    """How much of how many, or that there is nothing to exercise."""
    if not share.documented:
        return '<span class="soft">none</span>'
    return f"{share.exercised} / {share.documented}"


def _section(coverage: Coverage, vendor: str, number: int) -> str:
    share = coverage.summary(vendor).points
    operations = "".join(_operation(each) for each in coverage.operations(vendor))
    return (
        f'<section id="v{number}" aria-labelledby="h{number}"><div class="heading">'
        f'<h2 id="h{number}">{escape(vendor)}</h2>'
        f'<span class="soft">{escape(coverage.declared[vendor].title)}</span>'
        f'<span class="percent number">{share.percent}%</span></div>{_bar(share)}'
        f'<p class="soft">{share.exercised} of {share.documented} points</p>'
        f'<div class="card operations">{operations}</div></section>\n'
    )


def _operation(exercised: Exercised) -> str:
    operation = exercised.operation
    fields = _fields(exercised) if exercised.declared.fields else ""
    return (
        f'<details><summary><span class="what"><span class="name">{escape(operation.id)}</span>'
        f'<span class="soft"><span class="method">{escape(operation.method)}</span> '
        f"<code>{escape(operation.path)}</code></span></span>"
        f'<span class="calls">{_often(exercised.calls, "called")}</span>'
        f"{_share(exercised.summary().points)}</summary>"
        f'<div class="inside"><p class="soft">{escape(operation.summary)} '
        f"{_origin(operation.fidelity, operation.source)}</p>"
        f"{_responses(exercised)}{fields}</div></details>"
    )


def _often(count: int, verb: str = "") -> str:
    """A sign and words, so that the colour is never all there is."""
    if not count:
        return _miss(f"never {verb}".strip())
    return _hit(f"{verb} {'once' if count == 1 else f'{count} times'}".strip())


def _hit(text: str) -> str:
    return f'<span class="hit"><span aria-hidden="true">\u2713</span> {text}</span>'


def _miss(text: str) -> str:
    return f'<span class="miss"><span aria-hidden="true">\u2717</span> {text}</span>'


def _origin(fidelity: str, source: str) -> str:
    return f'<span class="tag">{escape(fidelity)}</span> <span>{escape(source)}</span>'


def _responses(exercised: Exercised) -> str:
    rows = [
        f'<tr><th scope="row">{status}</th>'
        f"<td>{_often(exercised.statuses[status])}</td><td>"
        f"{escape(declared.description)}<br>"
        f'<span class="soft">{_origin(declared.fidelity, declared.source)}</span></td></tr>'
        for status, declared in exercised.operation.responses.items()
    ]
    rows += [
        f'<tr><th scope="row">{status}</th>'
        f"<td>{_often(exercised.statuses[status])}</td>"
        "<td>The document does not declare it.</td></tr>"
        for status in exercised.undeclared
    ]
    return (
        f"<h3>Responses</h3><table>{_heads(('Status', 'Answered', 'What it is'))}"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _fields(exercised: Exercised) -> str:
    rows = "".join(_field(exercised, each) for each in exercised.declared.fields)
    return (
        f"<h3>Request fields</h3><table>{_heads(('Field', 'In', 'Sent'))}"
        f"<tbody>{rows}</tbody></table>"
    )


def _field(exercised: Exercised, field: Field) -> str:
    sent = _hit("yes") if field.point in exercised.points else _miss("never")
    values = "".join(
        _value(value, point in exercised.points) for point, value in field.values.items()
    )
    listed = f'<ul class="values" aria-label="Its enum values">{values}</ul>'
    more = f'<tr class="more"><td colspan="3">{listed}</td></tr>' if values else ""
    return (
        f'<tr><th scope="row"><code>{escape(field.pointer or "(whole)")}</code></th>'
        f"<td>{escape(field.where)}</td><td>{sent}</td></tr>{more}"
    )


def _value(value: Any, used: bool) -> str:
    text = escape(value if isinstance(value, str) else orjson.dumps(value).decode())
    sign, word, kind = ("\u2713", "used", "hit") if used else ("\u2717", "never used", "miss")
    return (
        f'<li class="{kind}" title="{word}"><span aria-hidden="true">{sign}</span> '
        f'<span class="heard">{word}: </span><code>{text}</code></li>'
    )


def _footer() -> str:
    notes = "".join(f"<li>{note}</li>" for note in NOTES)
    return f'<footer class="soft"><h2>How it is counted</h2><ul>{notes}</ul></footer>'
