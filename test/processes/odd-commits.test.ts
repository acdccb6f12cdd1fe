/** Commits of any size and any bytes: the deploy ends in a settled state, on record, and its lane is free again. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fc } from '../fast-check.ts';
import { deployId, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

interface Odd {
  readonly author: Buffer;
  readonly message: Buffer;
}

/** Writes the commits as they are, byte for byte, one after the other. */
function commitAll(commits: readonly Odd[]): string {
  const config = readFileSync(join(stage.folder, 'pipeline.yml'), 'utf8');
  const parts = commits.flatMap(({ author, message }, i) => [
    `commit refs/heads/master\nmark :${i + 1}\nauthor `,
    author,
    ` <ana@acme.test> ${1_700_000_000 + i} +0000\ncommitter Ana <ana@acme.test> ${1_700_000_000 + i} +0000\n`,
    `data ${message.length}\n`,
    message,
    i === 0 ? '\n' : `\nfrom :${i}\n`,
    `M 100644 inline app.txt\ndata 2\n${i % 10}\n\n`,
    `M 100644 inline pipeline.yml\ndata ${config.length}\n${config}\n`,
  ]);
  const input = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  execFileSync('git', ['-C', stage.folder, 'fast-import', '--quiet', '--force'], { input });
  return stage.git('rev-parse', 'refs/heads/master');
}

async function expectSettled(commit: string): Promise<void> {
  const ended = await stage.advance(501, commit);
  const last = (await stage.events(501, commit)).at(-1);
  expect(last?.metadata.transition, ended.stdout + ended.stderr).toMatchObject({ settled: true });
  expect([0, 1]).toContain(ended.exit);
  expect(await stage.run(['replay', deployId(501, commit)])).toMatchObject({ exit: 0 });
  const lane = await stage.read((log) => log.readStream('lane/acme-web'));
  expect(lane.at(-1)?.type).toBe('lock.released');
}

const text = (unit: string, times: number): Buffer => Buffer.from(unit.repeat(times));

describe('a commit', { timeout: 120_000 }, () => {
  it.each<[string, readonly Odd[]]>([
    [
      'with a name of 100 kB, twelve of them',
      Array(12).fill({ author: text('Ana ', 25_000), message: text('x', 10) }),
    ],
    [
      'with a title of 100 kB, twelve of them',
      Array(12).fill({ author: text('Ana', 1), message: text('t', 100_000) }),
    ],
    ['with a body of 2 MB', [{ author: text('Ana', 1), message: text('line\n', 400_000) }]],
    [
      'of control characters, 250 of them',
      Array(250).fill({ author: text('\u0001', 300), message: text('\u0002', 3_000) }),
    ],
  ])('%s', async (_, commits) => {
    await expectSettled(commitAll(commits));
    const [first] = await stage.events(501, stage.git('rev-parse', 'refs/heads/master'));
    expect(first?.data.commit).toMatchObject({ sha: expect.any(String) });
    expect(JSON.stringify(first?.data).length).toBeLessThan(50_000);
  });

  const bytes = fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.constantFrom(1, 7, 3_000))
    .map(([some, times]) => Buffer.concat(Array(times).fill(Buffer.from(some))));
  // A commit's header ends at a line end, and its name at an angle bracket.
  const name = bytes.map((some) =>
    Buffer.from(some.filter((byte) => ![0, 10, 60, 62].includes(byte))),
  );

  it('of any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ author: name, message: bytes }), { minLength: 1, maxLength: 5 }),
        async (commits) => {
          await stage.strike();
          stage = await Stage.set({ within: true });
          await expectSettled(commitAll(commits));
        },
      ),
      { numRuns: 3, endOnFailure: true },
    );
  });
});
