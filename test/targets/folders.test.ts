/** The example's web server in front of a canary: it gives it the share of the requests that its release says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
// @ts-expect-error the example is plain JavaScript
import { programs } from '../../examples/folders/programs.mjs';
// @ts-expect-error the example is plain JavaScript
import { serve } from '../../examples/folders/serve.mjs';

type Operation = 'deploy' | 'current' | 'restore';

/** Runs one of the example's programs; what it says, as lines of the protocol. */
function run(
  folder: string,
  operation: Operation,
  env: Readonly<Record<string, string>>,
): Record<string, unknown>[] {
  const said: Record<string, unknown>[] = [];
  const code = programs[operation]({
    env: { FOLDERS: folder, ...env },
    say: (line: Record<string, unknown>) => said.push(line),
    warn: () => {},
    now: Date.now,
    unpack: (file: string, into: string) => writeFileSync(join(into, 'app.txt'), file),
    at: () => {},
  });
  expect(code).toBe(0);
  return said;
}

async function revisions(server: Server, count: number): Promise<(string | null)[]> {
  const { port } = server.address() as AddressInfo;
  const all: (string | null)[] = [];
  for (let i = 0; i < count; i++)
    all.push((await fetch(`http://127.0.0.1:${port}/`)).headers.get('x-revision'));
  return all;
}

it('a canary by steps is given its share of the requests, and the former release’s when it is taken back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'folders-'));
  const server: Server = await serve(folder, 'production', 0, 'canary');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    rmSync(folder, { recursive: true });
  });
  const source = join(folder, 'source');
  const deploy = (place: string, commit: string, more: Readonly<Record<string, string>>) => {
    writeFileSync(source, commit);
    const key = `${commit}${more.LOCKSTEP_SHARE ?? ''}`;
    const told = { LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit, LOCKSTEP_SOURCE: source };
    return run(folder, 'deploy', { LOCKSTEP_ENVIRONMENT: place, ...told, ...more });
  };
  const shareOf = async (commit: string) =>
    (await revisions(server, 20)).filter((one) => one === commit).length;

  deploy('canary', 'old', { LOCKSTEP_SHARE: '5' });
  deploy('production', 'main', {});
  expect([await shareOf('old'), await shareOf('main')]).toEqual([1, 19]);
  deploy('canary', 'new', { LOCKSTEP_SHARE: '10' });
  expect([await shareOf('new'), await shareOf('main')]).toEqual([2, 18]);
  deploy('canary', 'new', { LOCKSTEP_SHARE: '50' });
  expect([await shareOf('new'), await shareOf('main')]).toEqual([10, 10]);

  const canary = { LOCKSTEP_ENVIRONMENT: 'canary' };
  run(folder, 'restore', { ...canary, LOCKSTEP_KEY: 'back', LOCKSTEP_RESTORE: '1' });
  expect([await shareOf('old'), await shareOf('main')]).toEqual([1, 19]);
  // The share is the example's own: the protocol has no word for it.
  expect(run(folder, 'current', canary).filter((line) => 'share' in line)).toEqual([]);
});
