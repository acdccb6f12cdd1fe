/** Changes of production as a table for spreadsheets: CSV by RFC 4180. Pure. */
import type { Change } from './changes.ts';

const columns: readonly (readonly [string, (change: Change) => string | number | null])[] = [
  ['at', ({ at }) => at],
  ['lane', ({ lane }) => lane],
  ['kind', ({ kind }) => kind],
  ['environment', ({ environment }) => environment],
  ['outcome', ({ outcome }) => outcome],
  ['deploy', ({ deploy }) => deploy],
  ['release', ({ release }) => release],
  ['before', ({ before }) => before],
  ['commit', ({ commit }) => commit],
  ['title', ({ title }) => title],
  ['author', ({ author }) => author],
  ['commits', commitsOf],
  ['by', ({ by }) => by],
  ['build', ({ build }) => build],
  ['said', ({ said }) => said.map(saidWords).join('\n')],
  [
    'checks',
    ({ checks }) => checks.map(({ environment, answer }) => `${environment}: ${answer}`).join('\n'),
  ],
  ['kill switch', ({ killSwitch }) => killSwitch],
  ['note', ({ note }) => note],
  ['position', ({ position }) => position],
  ['hash', ({ hash }) => hash],
  ['last hash', ({ lastHash }) => lastHash],
];

function commitsOf({ commits, omitted }: Change): string {
  const told = commits.map(({ sha, title, author }) => `${sha} ${title} (${author})`);
  return [...told, ...(omitted === 0 ? [] : [`and ${omitted} more`])].join('\n');
}

const saidWords = ({ what, actor, observed, reason }: Change['said'][number]): string =>
  `${what} by ${actor} (${observed}): ${reason}`;

export function toCsv(changes: readonly Change[]): string {
  const rows = changes.map((change) => columns.map(([, read]) => cell(read(change))));
  return [columns.map(([name]) => name), ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/**
 * A spreadsheet takes a text for a formula that begins like one, and a commit's title may be anybody's: an apostrophe before
 * it makes it a text (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none but a line's end is of use in a cell
  const clean = value.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, ' ');
  const harmless = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(clean) ? `'${clean}` : clean;
  return /[",\n;]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
