/** What Stryker found, by room: the score with its interval, and which mutants nobody noticed. */
import { rooms } from './rooms.ts';
import { isDrawn } from './sample.ts';
import { type Survivor, survivors } from './survivors.ts';

/** As far as it is read; the schema is that of `mutation-testing-report-schema`, 2. */
export interface Report {
  readonly files: Readonly<Record<string, FileReport>>;
}
interface FileReport {
  readonly source: string;
  readonly mutants: readonly {
    readonly status: string;
    readonly mutatorName: string;
    readonly replacement?: string;
    readonly location: { readonly start: Place; readonly end: Place };
  }[];
}
/** Counted from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Judged {
  readonly room: string;
  readonly file: string;
  readonly line: number;
  /** The code as it is, and what the mutant put there. */
  readonly code: string;
  readonly by: string;
  readonly isNoticed: boolean;
  /** Why it survives, where that is known. */
  readonly known: Survivor | null;
}

const noticed = ['Killed', 'Timeout'];
const unnoticed = ['Survived', 'NoCoverage'];

/** Where the sample's mutants are, as Stryker's `mutate` takes it: lines from 1, columns from 0, the last one included. */
export const drawnPlaces = (report: Report): string[] => placesOf(report, () => true);

/** Likewise, those that no test noticed. */
export const unnoticedPlaces = (report: Report): string[] =>
  placesOf(report, ({ status }) => unnoticed.includes(status));

function placesOf({ files }: Report, isWanted: (mutant: Mutant) => boolean): string[] {
  const places = Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants
      .filter((one) => isWanted(one) && isInSample(file, one))
      .map(({ location: { start, end } }) => {
        const [from, to] = [start, end].map(({ line, column }) => `${line}:${column - 1}`);
        return `${file}:${from}-${to}`;
      }),
  );
  return [...new Set(places)];
}

/** The first report, with what was noticed by other tests later. */
export function withLater({ files }: Report, later: Report): Report {
  const entries = Object.entries(files).map(([file, report]) => {
    const laterNoticed = new Set(
      later.files[file]?.mutants.filter(({ status }) => noticed.includes(status)).map(nameOf),
    );
    const mutants = report.mutants.map((one) =>
      unnoticed.includes(one.status) && laterNoticed.has(nameOf(one))
        ? { ...one, status: 'Killed' }
        : one,
    );
    return [file, { ...report, mutants }];
  });
  return { files: Object.fromEntries(entries) };
}

type Mutant = FileReport['mutants'][number];

const nameOf = ({ mutatorName, replacement, location: { start, end } }: Mutant): string =>
  JSON.stringify([mutatorName, replacement, start.line, start.column, end.line, end.column]);

const isInSample = (file: string, one: Mutant): boolean =>
  isDrawn({ ...asStryker(one), fileName: file });

/** The sample's mutants that were tried, or that no test reaches. Of those that take effect only while a file is loaded Stryker tries none. */
export function judged({ files }: Report): Judged[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter((one) => [...noticed, ...unnoticed].includes(one.status))
      // What no test reaches is reported whether it was drawn or not.
      .filter((one) => one.status !== 'NoCoverage' || isInSample(file, one))
      .map(({ status, replacement = '', location }) => {
        const code = textAt(source, location);
        return {
          room: roomOf(file),
          file,
          line: location.start.line,
          code,
          by: replacement,
          isNoticed: noticed.includes(status),
          known: survivors.find((one) => fits(one, file, code, replacement)) ?? null,
        };
      }),
  );
}

const roomOf = (file: string): string => file.split('/')[1] ?? '';

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

function fits(one: Survivor, file: string, code: string, by: string): boolean {
  return (
    one.file === file && oneLine(one.code) === oneLine(code) && oneLine(one.by) === oneLine(by)
  );
}

/** Stryker itself counts lines and columns from 0, its report from 1. */
function asStryker(mutant: Mutant) {
  const { mutatorName, replacement = '', location } = mutant;
  const { start, end } = location;
  const less = ({ line, column }: Place): Place => ({ line: line - 1, column: column - 1 });
  return { mutatorName, replacement, location: { start: less(start), end: less(end) } };
}

function textAt(source: string, { start, end }: { start: Place; end: Place }): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = (lines[last] ?? '').slice(0, end.column - 1);
  lines[0] = (lines[0] ?? '').slice(start.column - 1);
  return lines.join('\n');
}

/** Wilson's interval of 95% for `hits` of `count`. */
export function wilson(hits: number, count: number): readonly [number, number] {
  if (count === 0) return [0, 1];
  const z = 1.959_964;
  const share = hits / count;
  const centre = share + z ** 2 / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  const whole = 1 + z ** 2 / count;
  return [Math.max(0, (centre - half) / whole), Math.min(1, (centre + half) / whole)];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** A line a room, and one for all; equivalent mutants are not counted. */
export function table(all: readonly Judged[]): string[] {
  const counted = all.filter(({ known }) => known?.isEquivalent !== true);
  const line = (name: string, some: readonly Judged[]): string => {
    const hits = some.filter(({ isNoticed }) => isNoticed).length;
    const [low, high] = wilson(hits, some.length);
    const score = some.length === 0 ? '' : percent(hits / some.length);
    return `${name.padEnd(8)} ${String(hits).padStart(5)} of ${String(some.length).padEnd(5)} ${score.padStart(6)}  (${percent(low)} to ${percent(high)})`;
  };
  return [
    ...Object.keys(rooms).map((room) =>
      line(
        room,
        counted.filter((one) => one.room === room),
      ),
    ),
    line('all', counted),
  ];
}

/** Every mutant that no test noticed, with the reason why it was left, or that nobody has looked at it yet. */
export function leftOver(all: readonly Judged[]): string[] {
  return all
    .filter(({ isNoticed }) => !isNoticed)
    .map(({ file, line, code, by, known }) => {
      const why = known === null ? 'NOT LOOKED AT' : known.why;
      const what = known?.isEquivalent === true ? 'equivalent: ' : '';
      return `${file}:${line} ${oneLine(code).slice(0, 80)} → ${oneLine(by).slice(0, 60)}  [${what}${why}]`;
    });
}
