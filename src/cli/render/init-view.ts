/** What a set-up found, wrote, left as it is, and leaves to a person. */
import type { Answers } from '../setup/answers.ts';
import { difference } from '../setup/difference.ts';
import type { Plan } from '../setup/plan.ts';
import { safe, type Terminal } from './terminal.ts';

export interface SetupDone {
  readonly answers: Answers;
  readonly plan: Plan;
  readonly written: readonly string[];
  readonly notes: readonly string[];
}

type Colors = Pick<Terminal, 'color'>;

/** A file before it is written: a new one as it is, one that is there by its difference, a part that is added by hand. */
export function showChange(
  terminal: Pick<Terminal, 'out' | 'color'>,
  path: string,
  why: string | null,
  text: string,
  before: string | null = null,
): void {
  const { bold, dim, green, red } = terminal.color;
  terminal.out('');
  terminal.out(bold(path) + (why === null ? '' : ` is not changed: ${safe(why)}. To add:`));
  const lines =
    before === null
      ? text
          .trimEnd()
          .split('\n')
          .map((line) => ({ sign: ' ' as const, text: line }))
      : difference(before, text);
  const paint = { '+': green, '-': red, ' ': before === null ? (line: string) => line : dim };
  for (const line of lines)
    terminal.out(paint[line.sign](`  ${line.sign} ${safe(line.text)}`.trimEnd()));
}

export function initView(
  { answers, plan, written, notes }: SetupDone,
  { color }: Colors,
): string[] {
  const { app, branch, staging, production, ci } = answers;
  const placed = (place: Answers['staging']) =>
    `${Object.values(place.settings).join(', ')}${place.endpoint === null ? '' : `, checked at ${place.endpoint}`}`;
  const kept = plan.files.filter(({ path }) => !written.includes(path));
  return [
    '',
    ...notes.map((note) => color.dim(safe(note))),
    `lane        ${safe(app)}, branch ${safe(branch)}${ci === null ? '' : `, on ${ci === 'circleci' ? 'CircleCI' : 'GitHub Actions'}`}`,
    `staging     ${safe(placed(staging))}`,
    `production  ${safe(placed(production))}`,
    '',
    ...written.map((path) => `${color.green('written')}     ${path}`),
    ...kept.map(({ path, action }) =>
      action === 'keep'
        ? `as it was   ${path}`
        : `${color.yellow('not written')} ${path}${action === 'differs' ? ': it is there already; the difference is shown above' : ''}`,
    ),
    '',
    color.bold('To do'),
    ...plan.todo.map((line, i) => `  ${i + 1}. ${safe(line)}`),
  ];
}

/** What `init --json` prints: version 1. */
export function initDocument({ answers, plan, written, notes }: SetupDone): object {
  const { app, branch, kind, staging, production, ci } = answers;
  return {
    version: 1,
    lane: {
      app,
      branch,
      target: kind,
      staging: staging.settings,
      production: production.settings,
      ci,
    },
    files: plan.files.map(({ path, action, before, text }) => ({
      path,
      action,
      written: written.includes(path),
      difference:
        action === 'keep'
          ? []
          : difference(before ?? '', text)
              .filter(({ sign }) => sign !== ' ')
              .map(({ sign, text: line }) => `${sign} ${line}`),
    })),
    byHand: plan.byHand.map(({ path, why, text }) => ({ path, why, text })),
    todo: plan.todo,
    notes,
  };
}
