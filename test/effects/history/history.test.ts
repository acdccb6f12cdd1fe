/** Order and notes from the clone at hand, and from GitHub where the clone does not reach. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepository, type Repository } from '../../../src/effects/git/repository.ts';
import { createGitHub } from '../../../src/effects/history/github.ts';
import { createHistory, type History } from '../../../src/effects/history/history.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import { notesSchema } from '../../../src/machine/events.ts';
import { type AnsweringServer, type Reply, startAnsweringServer } from '../answering-server.ts';
import {
  commitLine,
  createRepository,
  git,
  gitEnv,
  setBranch,
  TemporaryFolder,
} from '../git/git-repository.ts';
import { createLoopbackPorts, type LoopbackPorts } from '../loopback-ports.ts';

const elsewhere = 'e'.repeat(40);
const failing: Reply = { status: 404, body: '{"message":"Not Found"}' };

let folder: TemporaryFolder;
let server: AnsweringServer;
let ports: LoopbackPorts;
let reply: Reply;
let whenAsked: () => void;
let first: string;
let last: string;

beforeEach(async () => {
  folder = new TemporaryFolder();
  server = await startAnsweringServer(() => {
    whenAsked();
    return reply;
  });
  whenAsked = () => {};
  ports = createLoopbackPorts();
  reply = failing;
  createRepository(folder.path);
  const line = commitLine(folder.path, 3);
  first = line[0] ?? '';
  last = line[2] ?? '';
  setBranch(folder.path, 'main', last);
});
afterEach(async () => {
  await ports.close();
  await server.close();
  folder.remove();
});

async function history(withGitHub = true): Promise<History> {
  return createHistory({
    repository: await openRepository(folder.path, { env: gitEnv }),
    github: withGitHub ? createGitHub({ baseUrl: server.url, token: 'ghp-secret-1' }) : null,
    name: { owner: 'acme', name: 'web' },
    webUrl: 'https://github.com/acme/web',
  });
}

/** Two commits whose ids begin with the same digits: some ten thousand are tried for seven. */
function commitsAlike(digits: number): readonly [string, string] {
  const tree = git(folder.path, ['mktree']);
  const bodies = new Map<string, string>();
  for (let i = 0; ; i++) {
    const who = 'Ada <ada@example.com> 1767603600 +0000';
    const body = `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\n${i}\n`;
    const id = createHash('sha1').update(`commit ${body.length}\0${body}`).digest('hex');
    const other = bodies.get(id.slice(0, digits));
    bodies.set(id.slice(0, digits), body);
    if (other === undefined) continue;
    const write = (text: string) =>
      git(folder.path, ['hash-object', '-w', '-t', 'commit', '--stdin'], text);
    return [write(other), write(body)];
  }
}

const ahead = (): Reply => ({
  status: 200,
  body: JSON.stringify({
    status: 'ahead',
    ahead_by: 1,
    behind_by: 0,
    total_commits: 1,
    base_commit: { sha: elsewhere },
    merge_base_commit: { sha: elsewhere },
    commits: [{ sha: last, commit: { message: 'From GitHub' } }],
  }),
});

describe('relation', () => {
  it('is told by git alone where git can tell', async () => {
    const { relation } = await history();
    expect(await relation(first, last, ports)).toBe('ahead');
    expect(await relation(last, first, ports)).toBe('behind');
    expect(await relation(last, last, ports)).toBe('same');
    expect(server.asked).toEqual([]);
  });

  it('is told by GitHub where this clone does not have a commit', async () => {
    reply = ahead();
    expect(await (await history()).relation(elsewhere, last, ports)).toBe('ahead');
    expect(server.asked).toHaveLength(1);
  });

  it.each([401, 403])(
    'is unknown, with a line that says why, when GitHub answers %i',
    async (status) => {
      reply = { status, body: '{"message":"Bad credentials"}' };
      expect(await (await history()).relation(elsewhere, last, ports)).toBe('unknown');
      expect(ports.told.join('\n')).toContain('GitHub cannot compare the commits');
    },
  );

  it('is unknown without GitHub', async () => {
    expect(await (await history(false)).relation(elsewhere, last, ports)).toBe('unknown');
  });

  it('ends when the run is stopped, instead of calling the order unknown', async () => {
    const { relation } = await history();
    ports.stop.abort(new Error('stopped'));
    await expect(relation(elsewhere, last, ports)).rejects.toThrow('stopped');
  });

  it('ends so while GitHub is asked, too', async () => {
    whenAsked = () => ports.stop.abort(new Error('stopped'));
    const { relation } = await history();
    await expect(relation(elsewhere, last, ports)).rejects.toThrow('stopped');
    expect(server.asked).toHaveLength(1);
  });
});

describe('fullId', () => {
  it('is the one commit of the clone whose id begins so', async () => {
    const { fullId } = await history();
    for (const length of [7, 8, 12, 39]) {
      expect(await fullId(last.slice(0, length), ports)).toBe(last);
    }
    expect(server.asked).toEqual([]);
  });

  it('is a full id as it is, in this clone or not', async () => {
    expect(await (await history()).fullId(elsewhere, ports)).toBe(elsewhere);
  });

  it('is none where no commit begins so, or the name is no beginning of an id', async () => {
    const { fullId } = await history();
    for (const named of ['eeeeeeee', last.slice(0, 6), 'main', 'HEAD', `${last}0`, '']) {
      expect(await fullId(named, ports)).toBeNull();
    }
  });

  it('is none where the beginning is that of two commits', async () => {
    const [one, two] = commitsAlike(7);
    const { fullId } = await history();
    expect(await fullId(one.slice(0, 7), ports)).toBeNull();
    expect([await fullId(one.slice(0, 12), ports), await fullId(two, ports)]).toEqual([one, two]);
  });

  it('is not a branch that is called like the beginning of an id', async () => {
    setBranch(folder.path, 'deadbee', first);
    expect(await (await history()).fullId('deadbee', ports)).toBeNull();
  });

  it('ends when the run is stopped', async () => {
    const { fullId } = await history();
    ports.stop.abort(new Error('stopped'));
    await expect(fullId(last.slice(0, 8), ports)).rejects.toThrow('stopped');
  });
});

describe('notes', () => {
  it('lists what head has and base has not, from the clone', async () => {
    const notes = notesSchema.parse(await (await history()).notes(first, last, ports));
    expect(notes.commits.map(({ title }) => title)).toEqual(['2', '3']);
    expect(notes.compareUrl).toBe(
      `https://github.com/acme/web/compare/${first.slice(0, 12)}...${last.slice(0, 12)}`,
    );
    expect(server.asked).toEqual([]);
  });

  it('takes GitHub’s list where this clone does not have the base', async () => {
    reply = ahead();
    const notes = await (await history()).notes(elsewhere, last, ports);
    expect(notes.commits.map(({ title }) => title)).toEqual(['From GitHub']);
  });

  it('falls back to the head commit alone, and never fails a deploy', async () => {
    const notes = notesSchema.parse(await (await history()).notes(elsewhere, last, ports));
    expect(notes.commits.map(({ sha }) => sha)).toEqual([last]);
    expect(ports.told.join('\n')).toContain('this clone cannot list what ships');
  });
});

describe('a git that cannot tell', () => {
  const broken = Promise.reject(new Error('the disk is broken'));
  broken.catch(() => {});
  const repository = {
    relations: () => broken,
    commits: () => broken,
    commit: () => broken,
  } as unknown as Repository;
  const alone = createHistory({ repository, github: null, name: null, webUrl: null });
  const hearing = (signal = new AbortController().signal) => {
    const heard: string[] = [];
    return { heard, ports: { ...ports, signal, progress: (line: string) => heard.push(line) } };
  };

  it('leaves the order unknown, and says so', async () => {
    const { heard, ports: its } = hearing();
    expect(await alone.relation(first, last, its)).toBe('unknown');
    expect(await alone.relations(first, [last, elsewhere], its)).toEqual(['unknown', 'unknown']);
    expect(heard).toEqual(Array(2).fill('git cannot tell the commits’ order: the disk is broken'));
  });

  it('leaves notes of a commit that nobody knows, and says so', async () => {
    const { heard, ports: its } = hearing();
    for (const base of [null, first]) {
      expect(await alone.notes(base, last, its)).toMatchObject({ commits: [], omitted: 1 });
    }
    expect(heard).toEqual(Array(2).fill('this clone cannot list what ships: the disk is broken'));
  });

  it('knows no short id, but a full one by itself', async () => {
    const { ports: its } = hearing();
    expect(await alone.fullId('1a2b3c4', its)).toBeNull();
    expect(await alone.fullId(last, its)).toBe(last);
  });

  it.each<[string, (its: Ports) => Promise<unknown>]>([
    ['the order', (its) => alone.relation(first, last, its)],
    ['the notes', (its) => alone.notes(null, last, its)],
    ['an id', (its) => alone.fullId('1a2b3c4', its)],
  ])('is not waited for by a run that stops: %s', async (_, ask) => {
    const stopped = new Error('the run stops');
    await expect(ask(hearing(AbortSignal.abort(stopped)).ports)).rejects.toBe(stopped);
  });
});
