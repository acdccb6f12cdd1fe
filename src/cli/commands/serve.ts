/** `pipeline serve`: the log as pages. It reads, and writes nothing but what it prints. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../../effects/clock.ts';
import type { Repository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import type { Answer } from '../../page/explain-page.ts';
import { redactAll } from '../../redaction/gate.ts';
import { isLoopback, namesOf } from '../../serve/door.ts';
import type { Sources } from '../../serve/pages.ts';
import { type RunningServer, startServer } from '../../serve/server.ts';
import type { EventLog } from '../../store/log.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { repositoryHere } from '../workspace/find-commit.ts';
import { countGiven, type GlobalFlags } from '../workspace/flags.ts';
import { explained } from './explain.ts';

export interface ServeFlags extends GlobalFlags {
  readonly port: string;
  readonly host: string;
  readonly export?: string;
  readonly limit: string;
}

export async function serve(flags: ServeFlags, terminal: Terminal): Promise<number> {
  return flags.export === undefined
    ? onServer(flags, terminal)
    : asFiles(flags.export, flags, terminal);
}

async function asFiles(folder: string, flags: ServeFlags, terminal: Terminal): Promise<number> {
  const limit = countGiven('--limit', flags.limit);
  const { writePages } = await import('../../serve/write-pages.ts');
  const log = await openDeployLog(await findStore(flags, readEnvironment(process.env)), {
    readOnly: true,
  });
  try {
    const count = await writePages(log, folder, limit);
    terminal.out(
      `wrote ${counted(count, 'file')} to ${folder}: open ${join(folder, 'index.html')}`,
    );
    return 0;
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    throw new UsageError('E_OUTPUT', `the pages cannot be written to ${folder}: ${code}`, {
      hint: 'Name a folder that can be written to, or one that is not there yet.',
      cause,
    });
  } finally {
    await log.close();
  }
}

async function onServer(flags: ServeFlags, terminal: Terminal): Promise<number> {
  // It runs for days beside other things: what pages leave behind is cleared away early, in a young heap that does not grow.
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
  const port = Number(flags.port);
  if (!/^\d{1,5}$/.test(flags.port) || port > 65_535) {
    throw new UsageError('E_USAGE', `--port takes a number from 0 to 65535, not ${flags.port}`);
  }
  const environment = readEnvironment(process.env);
  const { host } = flags;
  const token = environment.serveToken;
  if (!isLoopback(host) && token === null) {
    throw new UsageError(
      'E_SERVE_TOKEN',
      `beyond this machine, at ${host}, the pages need a token`,
      {
        hint: 'Set PIPELINE_SERVE_TOKEN to a long random text, or leave --host out.',
      },
    );
  }
  const log = await openDeployLog(await findStore(flags, environment), { readOnly: true });
  try {
    const repository = await repositoryHere();
    const explain = (asked: string) => answerTo(asked, { log, repository, environment });
    const server = await started(
      { log, explain },
      { host, port, token: isLoopback(host) ? null : token },
    );
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    const address = `http://${shown}:${server.port}/`;
    terminal.out(
      token === null || isLoopback(host)
        ? `The log is shown at ${address}`
        : `The log is shown at ${address}?token=… (the value of PIPELINE_SERVE_TOKEN)`,
    );
    terminal.out('Ctrl-C ends it.');
    await untilSignal(server);
    await server.close();
    return 0;
  } finally {
    await log.close();
  }
}

/** What is wrong with what was asked is an answer, too. */
async function answerTo(
  asked: string,
  at: {
    readonly log: EventLog;
    readonly repository: Repository | null;
    readonly environment: Environment;
  },
): Promise<Answer> {
  try {
    const { commit, lanes } = await explained(asked, { ...at, lane: undefined, tell: () => {} });
    return { kind: 'told', commit, lanes };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return redactAll({ kind: 'untold', message: error.message, hint: error.hint ?? null });
  }
}

async function started(
  sources: Sources,
  { host, port, token }: { host: string; port: number; token: string | null },
): Promise<RunningServer> {
  try {
    return await startServer(sources, {
      host,
      port,
      ranMs: systemClock.ran,
      door: (own) => ({ names: namesOf(host, own), token }),
    });
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new UsageError('E_PORT', `${host}:${port} cannot be listened at: ${code}`, {
      hint: 'Give another --port; 0 takes any free one.',
      cause,
    });
  }
}

/** Ctrl-C ends it well; a log that cannot be read any more is an error. */
function untilSignal({ ended }: RunningServer): Promise<void> {
  const signalled = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  return Promise.race([signalled, ended]);
}
