/** Figures as people read them: on the terminal, and in docs/performance.md. */
import { type Figure, type Goal, isReached } from './bench.ts';
import type { Machine } from './machine.ts';

export interface Report {
  readonly machine: Machine;
  readonly quick: boolean;
  /** How many a long log had. */
  readonly events: number;
  /** The benches that the run left out. */
  readonly left: readonly string[];
  readonly benches: Readonly<
    Record<
      string,
      {
        readonly about: string;
        /** Told where a goal is missed; null: nothing is known. */
        readonly missed: string | null;
        readonly figures: readonly Figure[];
      }
    >
  >;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const amount = ({ unit }: Figure, value: number): string => `${whole(value)} ${unit}`;

function inWords(figure: Figure, goal: Goal): string {
  if ('times' in goal) return `${goal.times} ×`;
  return 'more' in goal ? `+ ${amount(figure, goal.more)}` : amount(figure, goal.most);
}

const marks = { true: 'yes', false: 'no', null: '' } as const;

/** What was measured, beside what, how they compare, the goal and whether it is reached. */
function cells(figure: Figure): string[] {
  const { what, measured, against, goal } = figure;
  const beside = against === null ? '' : `${amount(figure, against.measured)} (${against.what})`;
  const ratio =
    against === null || against.measured === 0
      ? ''
      : `${(measured / against.measured).toFixed(2)} ×`;
  const aim = goal === null ? '' : inWords(figure, goal);
  return [what, amount(figure, measured), beside, ratio, aim, marks[`${isReached(figure)}`]];
}

export function tableLines(figures: readonly Figure[]): string[] {
  const rows = figures.map(cells);
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function runInWords({ quick, events, left }: Report): string {
  const rounds = quick ? 'few rounds (`--quick`)' : 'all rounds';
  const without = left.length === 0 ? 'every bench' : `without the benches ${left.join(', ')}`;
  return `${rounds}, long logs of ${whole(events)} events, ${without}`;
}

function goalsInWords({ benches }: Report): string {
  const all = Object.values(benches).flatMap(({ figures }) => figures);
  const aimed = all.filter((figure) => isReached(figure) !== null);
  return `${aimed.filter((figure) => isReached(figure) === true).length} of ${aimed.length} goals are reached`;
}

export function toMarkdown(report: Report): string {
  const { machine, benches } = report;
  const { processors, memoryGiB, system, node, sqlite, load, fsyncUs } = machine;
  const sections = Object.entries(benches).map(([name, { about, missed, figures }]) => {
    const rows = figures.map((figure) => `| ${cells(figure).join(' | ')} |`);
    const isMissed = figures.some((figure) => isReached(figure) === false);
    const why = isMissed && missed !== null ? `Where a goal is missed: ${missed}\n\n` : '';
    return `## ${name}\n\n${about}\n\n${why}| what | measured | beside | ratio | goal | reached |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Performance

Written by \`npm run bench -- --docs\`; \`performance.json\` has the same figures. What is compared took turns within one run of a bench;
each figure is the median of several rounds, after one that is not counted. Memory is the most that a process had, by the
system's accounts. This run: ${runInWords(report)}; ${goalsInWords(report)}. Ratios say more than times, which belong to this machine:

- ${processors}, ${memoryGiB} GiB of memory, ${system}
- Node ${node}, SQLite ${sqlite}
- ${load} processes that wanted a processor as the run ended. Where they are more than there are processors, an append looks
  worse beside a bare insert than it is, for it works more; where the disk is slow, it looks better, for both wait
- a write of 4 KiB that is on the disk when it is back: ${whole(fsyncUs)} µs

${sections.join('\n')}`;
}
