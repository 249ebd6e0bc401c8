/** The certificate of a verification: a page by itself, to be kept, sent and printed. */
import type { Caps } from '../../engine/index.ts';
import {
  type CheckedValue,
  groupRows,
  isVerified,
  relativeDifference,
  type Tally,
  tally,
  timeOf,
  type VerifyReport,
} from '../../pipeline/verify/index.ts';

/** What was verified, where and when; written as JSON and drawn as HTML. */
export interface Certificate {
  /** ISO 8601, UTC. */
  readonly date: string;
  /** Of voxomics. */
  readonly version: string;
  /** Runtime and platform, e.g. `Node v24.1.0, linux x64`. */
  readonly host: string;
  readonly caps: Caps;
  readonly seconds: number;
  readonly report: VerifyReport;
}

const sources =
  'Consensus values: IBSI reference manual, arXiv:1612.07003 (CC BY 4.0); Zwanenburg et al., Radiology 2020;295:328-338. IBSI 2: Whybra et al., Radiology 2024;310:e231319 (CC0). PyRadiomics 3.1.0: van Griethuysen et al., Cancer Res 2017;77:e104-e107.';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => escapes[c] as string);

/** Digits that show where a value differs from a consensus of three. */
const shown = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(6))));
/** A tolerance without the last bits of its computation. */
const allowed = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(2))));
const difference = (value: number | null): string => (value === null ? '' : value === 0 ? '0' : value.toExponential(1));
const share = (value: number | null): string => (value === null ? '' : `${(100 * value).toFixed(0)} %`);

/** The verdict in a sentence. */
export function verdictOf({ values }: VerifyReport): string {
  const { checked, agreeing, notAvailable } = tally(values);
  const rest = notAvailable > 0 ? `; ${notAvailable} not available` : '';
  return `${agreeing} of ${checked} values within tolerance${rest}`;
}

/** Characters of the longest name of a set, and a space. */
const NAME_WIDTH = 40;

/** How long it took; nothing where that was not measured. */
const duration = (seconds: number | null): string => (seconds === null ? '' : `${seconds.toFixed(1)} s`);

/** A line of the table of families, for terminals. */
const textLine = (
  name: string,
  { checked, agreeing, notAvailable, worst, worstOfTolerance }: Tally,
  seconds: number | null,
): string =>
  [
    name.padEnd(NAME_WIDTH),
    String(checked).padStart(7),
    String(agreeing).padStart(7),
    String(notAvailable).padStart(9),
    difference(worst).padStart(11),
    share(worstOfTolerance).padStart(13),
    duration(seconds).padStart(9),
  ]
    .join('')
    .trimEnd();

/** Names of the columns of tables of families. */
const heads = ['checked', 'within', 'missing', 'worst rel.', 'of tolerance'] as const;

/** The report as text: a table of the families of each set, values that differ, what was not run, the verdict. */
export function verificationText(report: VerifyReport): string {
  const widths = [7, 7, 9, 11, 13];
  const lines: string[] = [];
  for (const [set, rows] of groupRows(report.values, (v) => v.set)) {
    const columns = heads.map((head, k) => head.padStart(widths[k] as number)).join('');
    lines.push(`${set.padEnd(NAME_WIDTH)}${columns}${duration(timeOf(report, set, null)).padStart(9)}`.trimEnd());
    for (const [family, members] of groupRows(rows, (v) => v.family))
      lines.push(textLine(`  ${family}`, tally(members), timeOf(report, set, family)));
    lines.push('');
  }
  for (const v of report.values.filter((row) => row.status === 'differs'))
    lines.push(`differs: ${v.set}, ${v.tag} = ${v.value}, expected ${v.reference} ± ${allowed(v.tolerance)}`);
  for (const { set, reason } of report.notRun) lines.push(`not run: ${set}: ${reason}`);
  const { checked } = tally(report.values);
  lines.push(
    `${isVerified(report) ? 'VERIFIED' : checked === 0 ? 'NOTHING CHECKED' : 'NOT VERIFIED'}: ${verdictOf(report)}`,
  );
  return `${lines.join('\n')}\n`;
}

const style = `
:root{color-scheme:light dark;--ink:light-dark(#1b1f24,#e6e8ea);--faint:light-dark(#57606a,#9aa4ae);--paper:light-dark(#fff,#14171a);
--panel:light-dark(#f4f6f8,#1d2125);--line:light-dark(#d0d7de,#353b41);--good:light-dark(#116329,#7ee2a0);--bad:light-dark(#a40e26,#ff938a);
font:15px/1.5 system-ui,sans-serif}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:2rem 1.25rem 4rem;color:var(--ink);background:var(--paper)}
h1{margin:0;font-size:1.6rem}h2{margin:2.25rem 0 .5rem;font-size:1.15rem}
p{margin:.25rem 0}.faint,caption{color:var(--faint)}
.verdict{margin:1.25rem 0;padding:.9rem 1.1rem;border:1px solid var(--line);border-left:.4rem solid var(--good);border-radius:.4rem;background:var(--panel)}
.verdict.bad{border-left-color:var(--bad)}.verdict b{font-size:1.15rem;color:var(--good)}.verdict.bad b{color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:0}dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th{color:var(--faint);font-weight:600}th:first-child,td:first-child,.text{text-align:left}
td.tag{font-family:ui-monospace,monospace;font-size:.85em;white-space:nowrap}
.agrees{color:var(--good)}.differs{color:var(--bad);font-weight:600}.none{color:var(--faint)}
details{margin:.4rem 0}summary{cursor:pointer;color:var(--faint)}.wide{overflow-x:auto}
@media print{:root{color-scheme:light;font-size:10px}body{max-width:none;padding:0}.wide{overflow:visible}h2{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}}
`;

const cells = (tag: 'td' | 'th', texts: readonly string[]): string =>
  texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('');

function familyTable(report: VerifyReport, set: string, rows: readonly CheckedValue[]): string {
  const lines = [...groupRows(rows, (v) => v.family)].map(([family, members]) => {
    const { checked, agreeing, notAvailable, worst, worstOfTolerance } = tally(members);
    const mark = checked === 0 ? 'none' : agreeing === checked ? 'agrees' : 'differs';
    const seconds = duration(timeOf(report, set, family));
    const rest = cells('td', [String(notAvailable), difference(worst), share(worstOfTolerance), seconds]);
    return `<tr><td>${escapeHtml(family)}</td><td>${checked}</td><td class="${mark}">${agreeing}</td>${rest}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${cells('th', ['family', ...heads, 'time'])}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}

function valueRow(row: CheckedValue): string {
  const { tag, code, column, value, reference, tolerance, consensus, status, reason } = row;
  const first = `<td class="tag">${escapeHtml(tag)}</td><td class="text">${escapeHtml(code)}</td>`;
  const expected = cells('td', [shown(reference), allowed(tolerance)]);
  if (status === 'not available')
    return `<tr>${first}<td></td>${expected}<td class="text none" colspan="3">not available: ${escapeHtml(reason ?? '')}</td></tr>`;
  const strength = `<td class="text">${consensus ?? ''}</td>`;
  const found = cells('td', [shown(value)]);
  const off = cells('td', [difference(relativeDifference(row))]);
  return `<tr title="${escapeHtml(column ?? '')}">${first}${found}${expected}${off}${strength}<td class="text ${status}">${status}</td></tr>`;
}

function valueTable(rows: readonly CheckedValue[]): string {
  const titles = ['tag', 'code', 'here', 'expected', '±', 'rel. difference', 'agreement of teams', 'result'];
  const names = titles.map((t, k) => `<th${k === 1 || k > 5 ? ' class="text"' : ''}>${t}</th>`).join('');
  return `<details><summary>${rows.length} values</summary><div class="wide"><table><thead><tr>${names}</tr></thead><tbody>${rows.map(valueRow).join('')}</tbody></table></div></details>`;
}

const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** The facts of adapter and host, as a list of names and values. */
function facts({ date, version, host, caps, seconds }: Certificate): string {
  const features = [caps.subgroups && 'subgroups', caps.f16 && 'f16', caps.timestamps && 'timestamps'].filter(Boolean);
  const { maxStorageBufferBindingSize, maxBufferSize, maxComputeInvocationsPerWorkgroup } = caps.limits;
  const entries = [
    ['date', date],
    ['voxomics', version],
    ['adapter', `${caps.adapter}${caps.software ? ' (runs on the CPU)' : ''}`],
    ['driver', caps.driver || 'not told by the platform'],
    ['features', features.join(', ') || 'none of the optional ones'],
    [
      'limits',
      `binding ${size(maxStorageBufferBindingSize)}, buffer ${size(maxBufferSize)}, workgroup ${maxComputeInvocationsPerWorkgroup} invocations`,
    ],
    ['host', host],
    ['time', `${seconds.toFixed(1)} s`],
  ];
  return `<dl>${entries.map(([name, text]) => `<dt>${name}</dt><dd>${escapeHtml(text as string)}</dd>`).join('')}</dl>`;
}

/**
 * The certificate as HTML: one file without scripts, fonts or anything from elsewhere, in light and dark, to be printed.
 */
export function certificateHtml(certificate: Certificate): string {
  const { report } = certificate;
  const good = isVerified(report);
  const sets = [...groupRows(report.values, (v) => v.set)].map(
    ([set, rows]) =>
      `<section><h2>${escapeHtml(set)} <span class="faint">${duration(timeOf(report, set, null))}</span></h2>${familyTable(report, set, rows)}${valueTable(rows)}</section>`,
  );
  const notRun = report.notRun.map(({ set, reason }) => `<li>${escapeHtml(`${set}: ${reason}`)}</li>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>voxomics verification, ${escapeHtml(certificate.caps.adapter)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>Verification of voxomics</h1><p class="faint">Features computed on the adapter below, beside the published consensus of the Image Biomarker Standardisation Initiative and recorded values of PyRadiomics.</p></header>
<p class="verdict${good ? '' : ' bad'}"><b>${good ? 'Verified' : 'Not verified'}</b><br>${escapeHtml(verdictOf(report))}</p>
${facts(certificate)}
${sets.join('\n')}
${notRun ? `<section><h2>Not run</h2><ul>${notRun}</ul></section>` : ''}
<footer><h2>How to read it</h2>
<p>“within” counts values whose difference from the expected one is at most the tolerance; “worst rel.” is the largest difference as a part of the expected value, “of tolerance” as a part of the tolerance. Of a response map it is the largest difference of a voxel as a part of the range of the map. IBSI publishes three digits: relative differences up to 5e-3 are its rounding. Values of PyRadiomics are recorded in full; their tolerance is 1e-6 of the value. “missing” values are not computed by voxomics; each says why.</p>
<p class="faint">${sources}</p></footer>
</body>
</html>
`;
}
