/** What `pipeline help TOPIC` tells: a list of names, each with its meaning. */
import { wrapped } from '../../format/columns.ts';
import { configKeys } from '../config/reference.ts';
import { variables } from '../config/variables.ts';
import type { Terminal } from '../render/terminal.ts';
import { exitCodes } from '../workspace/exit-codes.ts';

interface Entry {
  readonly name: string;
  /** In brackets behind the name. */
  readonly note: string | null;
  readonly text: string;
}

interface Topic {
  readonly entries: () => Promise<readonly Entry[]>;
  /** The page that says more. */
  readonly page: string;
}

/** By the word after `help`. */
const topics = {
  'exit-codes': {
    entries: async () =>
      Object.entries(exitCodes).map(([name, text]) => ({ name, note: null, text })),
    page: 'docs/errors.md',
  },
  environment: {
    entries: async () =>
      variables.map(({ name, use, standard }) => ({ name, note: standard, text: use })),
    page: 'docs/configuration.md',
  },
  configuration: {
    entries: async () => {
      const { configJsonSchema } = await import('../config/schema.ts');
      const { targetKinds } = await import('../../effects/targets/kinds.ts');
      return configKeys(await configJsonSchema(targetKinds)).map((key) => ({
        name: key.path,
        note: [key.takes, key.isRequired ? 'required' : key.standard].filter(Boolean).join('; '),
        text: key.description,
      }));
    },
    page: 'docs/configuration.md',
  },
  store: {
    entries: async () => [
      {
        name: 'sqlite:PATH',
        note: null,
        text: 'a file on a disk that is kept and that every run shares: a runner of your own, a laptop. Never a network share; never inside a CI’s checkout, which is thrown away.',
      },
      {
        name: 'postgres://USER:PASSWORD@HOST:PORT/DATABASE',
        note: null,
        text: 'a database that every runner reaches; Lockstep makes a schema of its own in it.',
      },
      {
        name: 'which one is taken',
        note: null,
        text: '--store, else PIPELINE_STORE, else store: in pipeline.yml, else sqlite:.pipeline/log.db beside it.',
      },
    ],
    page: 'docs/stores.md',
  },
  targets: {
    entries: async () => {
      const { targetKinds } = await import('../../effects/targets/kinds.ts');
      return targetKinds.map(({ kind, name, variables: { tokens } }) => ({
        name: kind,
        note: null,
        text: `${name}: under ${kind}: in an environment of pipeline.yml${tokens.map((token) => `; needs ${token.name}`).join('')}.`,
      }));
    },
    page: 'docs/targets.md',
  },
} satisfies Readonly<Record<string, Topic>>;

export type HelpTopic = keyof typeof topics;

const indent = '    ';

export async function helpTopicView(
  topic: HelpTopic,
  about: string,
  { columns, color }: Pick<Terminal, 'columns' | 'color'>,
): Promise<string[]> {
  const { entries, page }: Topic = topics[topic];
  const lines = (await entries()).flatMap(({ name, note, text }) => [
    note === null ? color.bold(name) : `${color.bold(name)} ${color.dim(`(${note})`)}`,
    ...wrapped(text, Math.max(20, columns - indent.length)).map((line) => indent + line),
  ]);
  return [`${topic}: ${about}`, '', ...lines, '', `More: ${page}`];
}
