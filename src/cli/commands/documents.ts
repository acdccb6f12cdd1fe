/** What `pipeline docs` documents, and where: the chart, the schemas of events, the codes of errors, the exit codes. */
import { z } from 'zod';
import { channelKinds } from '../../effects/channels/kinds.ts';
import { targetKinds } from '../../effects/targets/kinds.ts';
import { coreParts } from '../../errors/catalogue.ts';
import type { ErrorEntry, ErrorPart } from '../../errors/entry.ts';
import { type Chart, chart } from '../../machine/chart.ts';
import { chartEventSchemas } from '../../machine/definition.ts';
import { chartPicture, documentChart } from '../../machine/document.ts';
import { schemaNumbers } from '../../machine/event-schemas.ts';
import { eventSchemas } from '../../machine/events.ts';
import { laneEventSchemas } from '../../machine/lane.ts';
import { headEventSchemas } from '../../machine/log-head.ts';
import { exitCodes } from '../workspace/exit-codes.ts';

/** What a version of Lockstep promises. */
export interface Promised {
  readonly chart: Chart;
  /** The data of each event, by its type. */
  readonly events: Readonly<Record<string, z.ZodType>>;
  readonly errors: readonly ErrorPart[];
  /** What each means. */
  readonly exitCodes: Readonly<Record<number, string>>;
}

/** The whole catalogue of errors: what is the same everywhere, and the parts that vendors' folders hand in. */
export const errorParts: readonly ErrorPart[] = [
  ...coreParts,
  ...targetKinds.map(({ name, errors }) => ({ title: name, errors })),
  ...channelKinds
    .filter(({ errors }) => Object.keys(errors).length > 0)
    .map(({ title, errors }) => ({ title, errors })),
];

/** By this version. */
export const promised: Promised = {
  chart,
  events: {
    ...{ ...eventSchemas, ...laneEventSchemas },
    ...{ ...headEventSchemas, ...chartEventSchemas },
  },
  errors: errorParts,
  exitCodes,
};

/** A document that is kept as it should be where it is one of ours. */
export interface Kept {
  readonly file: string;
  /** What it should be; the same text where there is nothing of ours in it. */
  readonly write: (present: string) => string;
}

/** @param output where the chart's own document goes, which is made where there is none */
export function documentsOf(of: Promised, output: string): readonly Kept[] {
  return [
    { file: output, write: () => documentChart(of.chart) },
    {
      file: 'README.md',
      write: (present) =>
        withPart(
          withPart(present, 'chart', () => chartPicture(of.chart)),
          'exit-codes',
          () => exitCodeTable(of.exitCodes),
        ),
    },
    {
      file: 'docs/errors.md',
      write: (present) => withPart(present, 'errors', () => of.errors.map(section).join('\n\n')),
    },
    {
      file: 'schema/events.schema.json',
      write: (present) => (present.includes(`"${eventsTitle}"`) ? eventsSchema(of) : present),
    },
  ];
}

/** The text with something between the marks of that name, where it has them. */
function withPart(text: string, name: string, part: () => string): string {
  const marks = new RegExp(`(<!-- ${name}:begin -->\n)[\\s\\S]*?(<!-- ${name}:end -->)`);
  return text.replace(marks, (_, begin, end) => `${begin}${part()}\n${end}`);
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

function exitCodeTable(codes: Promised['exitCodes']): string {
  const rows = Object.entries(codes).map(([code, meaning]) => row(code, meaning));
  return [row('exit code', 'meaning'), '|---|---|', ...rows].join('\n');
}

function section({ title, errors }: ErrorPart): string {
  const rows = Object.entries(errors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => errorRow(code, entry));
  const head = ['| code | what it means | what to do | exit |', '|---|---|---|---|'];
  return [`## ${title}`, '', ...head, ...rows].join('\n');
}

const errorRow = (code: string, { meaning, remedy, exit = [1] }: ErrorEntry): string =>
  row(`\`${code}\``, meaning, remedy, exit.join(' or '));

const eventsTitle =
  'the data of each event that Lockstep writes to its log, by its type and the number of its schema';

/** The data of each type, under `TYPE@SCHEMA`: what the log keeps beside both. */
function eventsSchema({ events }: Promised): string {
  const definitions = Object.entries(events).map(([type, schema]) => {
    const { $schema: _, ...own } = z.toJSONSchema(schema, { target: 'draft-7' });
    return [`${type}@${schemaNumbers.get(type) ?? 1}`, own];
  });
  const document = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: eventsTitle,
    definitions: Object.fromEntries(definitions),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
