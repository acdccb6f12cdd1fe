/** What a check-up found: what is right in a line each, the rest with why it matters and how it is mended. */

import type { Finding } from '../../effects/diagnosis.ts';
import { table } from '../../format/columns.ts';
import { counted } from '../../format/words.ts';
import { type Examined, isBroken } from '../doctor/examine.ts';
import { safe, type Terminal } from './terminal.ts';

type Verdict = Finding['verdict'];
const order: readonly Verdict[] = ['ok', 'unknown', 'warning', 'error'];
const words: Readonly<Record<Verdict, string>> = {
  ok: '✓ ok',
  unknown: '? unknown',
  warning: '! warning',
  error: '✗ error',
};

/** The gravest come last, where a terminal shows them. */
export function doctorView(
  examined: readonly Examined[],
  { color }: Pick<Terminal, 'color'>,
): string[] {
  const paint = { ok: color.green, unknown: color.cyan, warning: color.yellow, error: color.red };
  const all = examined.flatMap((check) => check.findings.map((finding) => ({ check, finding })));
  const of = (verdict: Verdict) => all.filter(({ finding }) => finding.verdict === verdict);
  const right = of('ok');
  const lines = table(
    right.map(({ check, finding }) => [words.ok, check.id, safe(finding.found)]),
  ).flatMap((line, i) => [
    line.replace(words.ok, paint.ok(words.ok)),
    ...(right[i]?.finding.sums ?? []).map((sum) => color.dim(`      ${safe(sum)}`)),
  ]);
  const wrong = order
    .slice(1)
    .flatMap((verdict) =>
      of(verdict).flatMap(({ check, finding: { found, remedy, sums = [] } }) => [
        '',
        ...under(`${paint[verdict](words[verdict])}  ${color.bold(check.id)}  `, found),
        `    why: ${safe(check.why)}`,
        ...sums.map((line) => `    ${safe(line)}`),
        ...(remedy === null || remedy === '' ? [] : under('    do:  ', remedy, ' '.repeat(9))),
      ]),
    );
  return [...lines, ...wrong, '', summary(examined)];
}

/** A label and the first line of a text; its other lines under it. */
function under(label: string, text: string, margin = '    '): string[] {
  return text.split('\n').map((line, i) => `${i === 0 ? label : margin}${safe(line)}`);
}

function summary(examined: readonly Examined[]): string {
  const findings = examined.flatMap((one) => one.findings);
  const count = (verdict: Verdict) => findings.filter((one) => one.verdict === verdict).length;
  const parts = [
    `${count('ok')} ok`,
    counted(count('warning'), 'warning'),
    counted(count('error'), 'error'),
    ...(count('unknown') === 0 ? [] : [`${count('unknown')} could not be asked`]),
  ];
  const end = isBroken(examined)
    ? 'A deploy would not go through (exit 1).'
    : `Nothing ${count('unknown') === 0 ? 'here' : 'that was found'} would break a deploy.`;
  return `${parts.join(', ')}. ${end}`;
}

/** What `doctor --json` prints: version 1. */
export function doctorDocument(examined: readonly Examined[]): object {
  return {
    version: 1,
    broken: isBroken(examined),
    checks: examined.map(({ id, subject, why, findings }) => ({
      id,
      subject,
      why,
      findings: findings.map(({ verdict, found, remedy, sums = [] }) => ({
        verdict,
        found,
        remedy,
        sums,
      })),
    })),
  };
}
