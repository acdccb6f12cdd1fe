/** `pipeline whatif` as lines: how many deploys go another way, which, and what is not known. */
import { table } from '../../format/columns.ts';
import { markdownText } from '../../format/markdown.ts';
import { dateAndTime } from '../../format/time.ts';
import { counted } from '../../format/words.ts';
import type { End, WhatIf } from '../../runtime/audit/whatif.ts';
import { safe, type Terminal } from './terminal.ts';

export interface Told extends WhatIf {
  readonly deploy: string;
  readonly lane: string;
  /** ISO 8601. */
  readonly requestedAt: string;
}

export interface WhatIfs {
  readonly change: { readonly chart: string | null; readonly set: readonly string[] };
  /** ISO 8601; null: from the first. */
  readonly since: string | null;
  readonly deploys: readonly Told[];
}

/** So many deploys are named for each reason why nothing is known; `--json` has all. */
const namedMax = 3;

export function whatIfView(all: WhatIfs, { color }: Pick<Terminal, 'color'>): string[] {
  const { same, other, unknown } = sorted(all);
  const lines = [safe(inWords(all))];
  if (other.length > 0) {
    const rows = other.map(({ deploy, requestedAt, recorded, changed, at, why }) => [
      safe(deploy),
      dateAndTime(requestedAt),
      `${ended(recorded)} → ${changed === null ? '' : ended(changed)}`,
      `in ${at}, by ${safe(why ?? '')}`,
    ]);
    lines.push('', color.yellow('another way:'), ...table(rows).map((row) => `  ${row}`));
  }
  if (unknown.length > 0) {
    lines.push('', color.dim('not known:'));
    for (const { why, deploys } of reasons(unknown)) {
      lines.push(`  ${deploys.length} × ${safe(why)}: ${safe(someOf(deploys))}`);
    }
  }
  if (same.length === all.deploys.length) lines.push(color.green('Nothing would go another way.'));
  return lines;
}

/** For a pull request that changes the chart. */
export function whatIfMarkdown(all: WhatIfs): string[] {
  const { other, unknown } = sorted(all);
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
  const lines = ['### What if', '', markdownText(inWords(all))];
  if (other.length > 0) {
    lines.push(
      '',
      row('deploy', 'asked for', 'went', 'would go', 'where', 'by'),
      row('---', '---', '---', '---', '---', '---'),
      ...other.map(({ deploy, requestedAt, recorded, changed, at, why }) =>
        row(
          ...[deploy, dateAndTime(requestedAt), ended(recorded)].map(markdownText),
          ...[changed === null ? '' : ended(changed), at ?? '', why ?? ''].map(markdownText),
        ),
      ),
    );
  }
  if (unknown.length > 0) {
    lines.push('', '<details><summary>Not known</summary>', '');
    for (const { why, deploys } of reasons(unknown)) {
      lines.push(`- ${deploys.length} × ${markdownText(why)}: ${markdownText(someOf(deploys))}`);
    }
    lines.push('', '</details>');
  }
  return lines;
}

const sorted = ({ deploys }: WhatIfs) => ({
  same: deploys.filter(({ verdict }) => verdict === 'same'),
  other: deploys.filter(({ verdict }) => verdict === 'other'),
  unknown: deploys.filter(({ verdict }) => verdict === 'unknown'),
});

function inWords(all: WhatIfs): string {
  const { same, other, unknown } = sorted(all);
  const { change, since, deploys } = all;
  const by = [...(change.chart === null ? [] : [`the chart ${change.chart}`]), ...change.set];
  const share = deploys.length === 0 ? 0 : Math.round((100 * unknown.length) / deploys.length);
  const from = since === null ? '' : ` since ${dateAndTime(since)}`;
  return `With ${by.join(' and ')}, of ${counted(deploys.length, 'deploy')}${from}: ${same.length} go the same way, ${other.length} another, and of ${unknown.length} (${share} %) it is not known.`;
}

const ended = ({ state, exit }: End): string =>
  exit === null ? `${state} (under way)` : `${state} (exit ${exit})`;

function reasons(unknown: readonly Told[]): { why: string; deploys: readonly Told[] }[] {
  const groups = Map.groupBy(unknown, ({ at, why }) => `${why} (in ${at})`);
  const all = [...groups].map(([why, deploys]) => ({ why, deploys }));
  return all.sort((a, b) => b.deploys.length - a.deploys.length);
}

function someOf(deploys: readonly Told[]): string {
  const named = deploys.slice(0, namedMax).map(({ deploy }) => deploy);
  const more = deploys.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
