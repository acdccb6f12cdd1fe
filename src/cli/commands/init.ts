/** `pipeline init`: writes the configuration of a new lane and the CI's part of it. */
import { createInterface } from 'node:readline/promises';
import { openRepository } from '../../effects/git/repository.ts';
import { targetKinds } from '../../effects/targets/kinds.ts';
import type { TargetKind } from '../../effects/targets/target-kind.ts';
import { LockstepError, UsageError } from '../../errors/error.ts';
import { parseConfig } from '../config/config.ts';
import { environmentForPrograms, readEnvironment } from '../config/environment.ts';
import { initDocument, initView, showChange } from '../render/init-view.ts';
import type { Terminal } from '../render/terminal.ts';
import { type Ask, choose, type Found, type SetupFlags } from '../setup/choose.ts';
import { type RepositoryFacts, readFacts } from '../setup/facts.ts';
import { type Plan, type PlannedFile, plan } from '../setup/plan.ts';
import { write } from '../setup/write.ts';
import { openAsking } from '../workspace/asking.ts';

export interface InitFlags extends SetupFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** How long a kind of target is asked what there is. */
const discoverMs = 20_000;

export async function init(flags: InitFlags, terminal: Terminal): Promise<number> {
  const { yes = false, json = false } = flags;
  const asker = yes ? standards : person(terminal);
  try {
    const environment = readEnvironment(process.env);
    const repository = await openRepository(process.cwd());
    const facts = await readFacts(repository, process.env);
    const found = await discoverAll(facts, environment.targets, terminal);
    const answers = await choose(flags, facts, found, { ask: asker.ask, env: process.env });
    const planned = plan(answers, facts);
    await mustBeRight(planned);
    const of = found.find(({ kind }) => kind.kind === answers.kind);
    if (!json)
      for (const { path, why, text } of planned.byHand) showChange(terminal, path, why, text);
    const chosen = await confirmed(planned.files, asker, terminal, json);
    write(facts.root, chosen);
    const done = {
      answers,
      plan: planned,
      written: chosen.map(({ path }) => path),
      notes: of?.discovered.notes ?? [],
    };
    if (json) terminal.json(initDocument(done));
    else for (const line of initView(done, terminal)) terminal.out(line);
    return 0;
  } finally {
    asker.close();
  }
}

interface Asker {
  readonly ask: Ask;
  /** A person is there, who may say yes to what is overwritten. */
  readonly isPerson: boolean;
  close(): void;
}

const standards: Asker = { ask: async (_, standard) => standard, isPerson: false, close() {} };

/** @throws UsageError E_USAGE nobody is there to be asked */
function person(terminal: Terminal): Asker {
  if (!terminal.isTty || process.stdin.isTTY !== true) {
    throw new UsageError('E_USAGE', 'init asks, and there is no terminal to ask at', {
      hint: 'pipeline init --yes takes every default and asks nothing; pipeline help init lists the flags.',
    });
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  // A terminal in raw mode hands Ctrl-C to readline: the process is given the signal that it stands for.
  lines.once('SIGINT', () => {
    lines.close();
    process.kill(process.pid, 'SIGINT');
  });
  const ended = new Promise<never>((_, fail) => {
    lines.once('close', () => fail(unanswered()));
  });
  ended.catch(() => {});
  return {
    isPerson: true,
    async ask(question, standard) {
      const shown = `${question}${standard === '' ? '' : ` [${standard}]`}: `;
      const answer = (await Promise.race([lines.question(shown), ended])).trim();
      return answer === '' ? standard : answer;
    },
    close: () => lines.close(),
  };
}

const unanswered = (): UsageError =>
  new UsageError('E_SETUP', 'a question was left unanswered', {
    hint: 'Nothing was written. pipeline init --yes takes every default.',
  });

/** Every kind is asked side by side; what one cannot tell is a note, and no end. */
async function discoverAll(
  facts: RepositoryFacts,
  values: Readonly<Record<string, string | null>>,
  terminal: Terminal,
): Promise<Found[]> {
  const asking = openAsking((line) => terminal.status(line));
  const around = { root: facts.root, env: environmentForPrograms(process.env, {}) };
  const discover = async (kind: TargetKind): Promise<Found> => {
    const [config, surveyor] = await Promise.all([kind.config(), kind.surveyor()]);
    const input = { app: facts.name.toLowerCase(), values, around };
    const discovered = await surveyor
      .discover(input, asking.ports(discoverMs))
      .catch((error: unknown) => ({
        lanes: [],
        notes: [`${kind.name}: ${messageOf(error)}`],
        todo: [],
        deployWords: [],
      }));
    return { kind, config, discovered };
  };
  try {
    return await Promise.all(targetKinds.map(discover));
  } finally {
    terminal.clearStatus();
    await asking.close();
  }
}

function messageOf(error: unknown): string {
  if (error instanceof LockstepError) return error.message;
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  throw error;
}

/** What is written is read as `advance` would read it. @throws UsageError E_CONFIG an answer is none that it takes */
async function mustBeRight({ files }: Plan): Promise<void> {
  const file = files.find(({ path }) => path === 'pipeline.yml');
  if (file !== undefined) await parseConfig(Buffer.from(file.text), file.path);
}

/** What is to be written: with `--yes`, nothing that is there already is replaced. */
async function confirmed(
  files: readonly PlannedFile[],
  { ask, isPerson }: Asker,
  terminal: Terminal,
  json: boolean,
): Promise<PlannedFile[]> {
  const chosen: PlannedFile[] = [];
  for (const file of files) {
    if (file.action === 'keep') continue;
    if (!json) showChange(terminal, file.path, null, file.text, file.before);
    const standard = file.action === 'differs' ? 'n' : 'y';
    const question =
      file.action === 'differs'
        ? `${file.path} is there already. Replace it`
        : `Write ${file.path}`;
    const answer = isPerson ? await ask(`${question} (y/n)`, standard) : standard;
    if (/^y(es)?$/i.test(answer)) chosen.push(file);
  }
  return chosen;
}
