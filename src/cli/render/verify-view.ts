/** `pipeline verify` as lines: what was checked, the head, and what was found. */
import { counted, sentence } from '../../format/words.ts';
import { headText } from '../../runtime/audit/head.ts';
import type { Audit, JudgedBy } from '../../runtime/audit/verify.ts';
import { safe, type Terminal } from './terminal.ts';

export function verifyView(
  audit: Audit & { readonly source: string; readonly isFile: boolean },
  { color }: Pick<Terminal, 'color'>,
): string[] {
  const { events, streams, deploys, head, findings, found, pinned, source, isFile } = audit;
  const table = isFile ? '' : ', the tables of deploys and lanes';
  const lines = [
    `${safe(source)}: ${counted(events, 'event')} of ${counted(streams, 'stream')}, ${counted(deploys, 'deploy')}`,
    `checked: hashes, order, times, every transition${table}`,
    ...audit.charts.map(chartLine),
    `log head ${headText(head)}`,
  ];
  for (const one of pinned) {
    const told = one.isRight
      ? color.green('is as it was then')
      : color.red('is NOT as it was then');
    lines.push(`head ${headText(one)}: the log up to there ${told}`);
  }
  lines.push(...signedLines(audit));
  for (const { kind, position, stream, reason } of findings) {
    const where = [position === 0 ? '' : `position ${position}`, safe(stream)].filter(Boolean);
    const place = where.length === 0 ? '' : `${where.join(', ')}: `;
    lines.push(color.red(`${kind}: ${place}${safe(sentence(reason))}`));
  }
  if (found > findings.length)
    lines.push(`and ${counted(found - findings.length, 'finding')} more`);
  lines.push(
    found === 0
      ? color.green('Everything is what was recorded.')
      : color.red(`${counted(found, 'finding')}: ${verdictOf(findings)}.`),
  );
  return lines;
}

/** That no signed head is there says nothing against what is. */
const verdictOf = (findings: Audit['findings']): string =>
  findings.every(({ kind, position }) => kind === 'signature' && position === 0)
    ? 'nothing in it is wrong, and no head that is signed with a given key shows that it is whole'
    : 'this log is not what was recorded';

function chartLine({ chart, ranOn, deploys, keptAt }: JudgedBy): string {
  const all = `  ${counted(deploys, 'deploy')} by`;
  const name = chart === null ? 'that they ran on' : safe(chart);
  if (ranOn === 'present') return `${all} this program’s own chart`;
  if (ranOn === 'earlier') {
    return `${all} the chart ${name} of another version, as the log keeps it (position ${keptAt}): which transitions there were is believed`;
  }
  return `${all} the nine states alone: the log does not keep the chart ${name}`;
}

function signedLines({ signed: { heads, upTo, areChecked }, head }: Audit): string[] {
  if (heads === 0) return [];
  const what = `${counted(heads, 'signed head')} in the log`;
  if (!areChecked) return [`${what}; signatures are not checked without --public-key`];
  const rest = head.position - upTo;
  const behind = rest === 0 ? '' : `; ${counted(rest, 'event')} behind it`;
  return [`${what}: signed and right up to position ${upTo}${behind}`];
}
