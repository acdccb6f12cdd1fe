/** `pipeline status` for a person at a terminal of 40 columns or more: what is, what can be done, what became of each deploy. */
import { cutToWidth, table } from '../../format/columns.ts';
import { formatDuration } from '../../format/duration.ts';
import { counted, sentence } from '../../format/words.ts';
import { shortSha } from '../../machine/story-words.ts';
import { markOf } from '../../runtime/standing/became-mark.ts';
import type { HoldKind } from '../../runtime/standing/holds.ts';
import type { Place } from '../../runtime/standing/places.ts';
import type { ToDo } from '../../runtime/standing/to-do.ts';
import { paints } from './paints.ts';
import { labelled } from './paragraph.ts';
import type { StatusDeploy, StatusDocument } from './status-document.ts';
import { safe, type Terminal } from './terminal.ts';
import { undeliveredView } from './undelivered-view.ts';

export type StatusPaper = Pick<Terminal, 'color' | 'columns'>;

const columnsMin = 40;
const columnsMax = 200;
const labelColumns = 12;
/** Below that, a deploy takes two lines. */
const tableColumnsMin = 72;
const becameColumns = 30;
/** With a column for the lanes it is narrower, below that width. */
const narrowBecameColumns = 24;
const severalColumnsMin = 110;

export function statusView(found: StatusDocument, paper: StatusPaper): string[] {
  const columns = Math.min(columnsMax, Math.max(columnsMin, paper.columns));
  const page: Page = { ...paper, columns, nowMs: Date.parse(found.at) };
  if (found.lanes.length === 0) return ['No deploys yet.'];
  const listed = new Set(found.deploys.map(({ deploy }) => deploy));
  const untold = undeliveredView(found.undelivered, listed, page.nowMs);
  const toDo = found.lanes.flatMap((lane) => lane.toDo);
  return [
    ...sectioned(found.lanes.map((lane) => laneLines(lane, page))),
    ...titled(
      'to do',
      toDo.flatMap((one) => toDoLines(one, page)),
      page,
    ),
    ...titled(
      'not delivered',
      untold.flatMap((line) => labelled('', line, columns, 2)),
      page,
    ),
    ...(found.deploys.length === 0 ? ['', 'No deploys yet.'] : ['', ...deployLines(found, page)]),
    ...(found.moreLanes === 0
      ? []
      : ['', `${counted(found.moreLanes, 'more lane')}: pipeline status --lane NAME`]),
  ];
}

interface Page extends StatusPaper {
  readonly nowMs: number;
}

const sectioned = (sections: readonly string[][]): string[] =>
  sections.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));

const titled = (title: string, lines: readonly string[], { color }: Page): string[] =>
  lines.length === 0 ? [] : ['', color.bold(title), ...lines];

const ago = (iso: string, { nowMs }: Page): string =>
  `${formatDuration(Math.max(0, nowMs - Date.parse(iso)))} ago`;
const lasting = (iso: string, { nowMs }: Page): string =>
  formatDuration(Math.max(0, nowMs - Date.parse(iso)));

const holdLabels: { readonly [K in HoldKind]: string } = {
  rollback: 'held',
  lane: 'disabled',
  switch: 'switched off',
  settings: 'held',
  log: 'held',
  stuck: 'stuck',
};

function laneLines(standing: StatusDocument['lanes'][number], page: Page): string[] {
  const { color } = page;
  const { lane, places, holds, holder, waiting } = standing;
  const fact = (label: string, text: string, paint = color.bold) =>
    labelled(label.padEnd(labelColumns), safe(text), page.columns, 2).map((line, i) =>
      i === 0 ? line.replace(label, () => paint(label)) : line,
    );
  return [
    color.bold(safe(lane)),
    ...places.flatMap((place) => fact(place.environment, placeText(place, page))),
    ...holds.flatMap((hold) =>
      fact(holdLabels[hold.kind], `${hold.what}, ${ago(hold.since, page)}`, color.yellow),
    ),
    ...(holder === null
      ? []
      : fact(
          'lane held',
          `by ${holder.deploy} for ${lasting(holder.since, page)}: ${holder.doing}${holder.running ? '' : ' (its run is gone; the next one takes the lane over)'}`,
        )),
    ...waiting.flatMap(({ deploy, since, behind }) =>
      fact(
        'waiting',
        `${deploy} for ${lasting(since, page)}${behind === null ? '' : `, behind ${behind}`}`,
      ),
    ),
  ];
}

function placeText(place: Place, page: Page): string {
  const { version, commit, title, deploy, by, since, verified, pending, source } = place;
  const told = tellsWhat(place, page);
  if (version === null) {
    const what = source === 'target' ? 'runs nothing yet' : 'not known';
    return `${what}${told}`;
  }
  const of = commit === null ? 'of an unknown commit' : shortSha(commit);
  const what = [version, of, ...(title === null ? [] : [cutToWidth(title, 60)])].join('  ');
  const maker =
    deploy === null ? (by === null ? [] : [`by ${by}`]) : [`${deploy}, by ${by ?? 'somebody'}`];
  const facts = [
    ...maker,
    ...(since === null ? [] : [ago(since, page)]),
    verified ? 'verified' : 'not verified',
    ...(pending === null
      ? []
      : [`${pending.version} has been under way for ${formatDuration(pending.ageMs)}`]),
  ];
  return `${what} (${facts.join(', ')})${told}`;
}

/** Where the log alone says so: of when that is, and why. Where the target says otherwise: what the log knew. */
function tellsWhat({ source, knownAt, untold, logKnew, deploy }: Place, page: Page): string {
  if (source === 'log') {
    const why = untold === null ? '' : `; ${untold}`;
    return knownAt === null
      ? untold === null
        ? ''
        : ` (${untold})`
      : ` [as the log knew ${ago(knownAt, page)}${why}]`;
  }
  if (logKnew === null || (deploy !== null && deploy === logKnew.deploy)) return '';
  return ` [the log knew ${logKnew.version}${logKnew.deploy === null ? '' : ` of ${logKnew.deploy}`}]`;
}

function toDoLines({ deploy, why, commands }: ToDo, { columns, color }: Page): string[] {
  const text = safe(deploy === null ? why : `${deploy}: ${why}`);
  return [
    ...labelled('', commands.length === 0 ? sentence(text) : `${text}:`, columns, 2),
    ...commands.map((command) => `    ${color.bold(command)}`),
  ];
}

function deployLines({ deploys, lanes }: StatusDocument, page: Page): string[] {
  const { color, columns } = page;
  const several = lanes.length > 1;
  const painted = ({ became }: StatusDeploy, text: string) =>
    color[paints[markOf(became.kind).tone]](text);
  if (columns < tableColumnsMin) {
    return deploys.flatMap((one) => [
      cutToWidth(`${one.deploy}  ${ago(one.since, page)}`, columns),
      ...labelled('', safe(one.became.what), columns, 2).map((line) => painted(one, line)),
    ]);
  }
  // A deploy's id has the commit in it: with the lanes beside it the title needs that room.
  const withCommit = !several || columns >= severalColumnsMin;
  const header = [
    ...['deploy', 'became', 'when'],
    ...(withCommit ? ['commit'] : []),
    ...(several ? ['lane'] : []),
    withCommit ? '' : 'commit',
  ];
  const most = withCommit
    ? Math.max(becameColumns, Math.floor(columns / 2.5))
    : narrowBecameColumns;
  const rows = deploys.map((one) => [
    one.deploy,
    painted(one, cutToWidth(safe(one.became.what), most)),
    ago(one.since, page),
    ...(withCommit ? [shortSha(one.commit)] : []),
    ...(several ? [safe(one.lane)] : []),
    cutToWidth(safe(one.title), columns),
  ]);
  return table([header.map((word) => (word === '' ? '' : color.dim(word))), ...rows]).map((line) =>
    cutColored(line, columns),
  );
}

/** The title is what stands last, and has no colour: it is what is cut. */
function cutColored(line: string, columns: number): string {
  const end = line.lastIndexOf('\u001b[');
  const start = end === -1 ? 0 : line.indexOf('m', end) + 1;
  const before = line.slice(0, start);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  const shown = before.replace(/\u001b\[[0-9;]*m/g, '');
  return before + cutToWidth(line.slice(start), columns - shown.length);
}
