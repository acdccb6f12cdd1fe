/** What a command ends with by what went wrong, in words as with `--json`; and that standard output is one document then. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandOf, type HostProcess } from '../../src/cli/main.ts';
import { LockstepError, UsageError } from '../../src/errors/error.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { Lapsed, Overtaken } from '../../src/runtime/lock/lease-keeper.ts';
import { StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let store: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-exit-codes-'));
  store = `sqlite:${join(folder, 'log.db')}`;
  await (await openLog(store, { projections })).close();
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each<[string, unknown, number]>([
  ['of usage', new UsageError('E_USAGE', 'no'), 2],
  ['of a store that cannot be used', new StoreUnusable('E_STORE_MISSING', 'no'), 2],
  ['of a store that failed meanwhile', new StoreUnavailable('E_STORE_UNREACHABLE', 'no'), 1],
  ['of a lane that was waited for in vain', new LockstepError('E_LOCK_TIMEOUT', 'no'), 3],
  ['of a run that was overtaken', new Overtaken('lane/acme-web'), 4],
  ['of a run that was stopped for too long', new Lapsed('lane/acme-web'), 4],
  ['of a step', new LockstepError('E_BUILD_FAILED', 'no'), 1],
  ['of our own', new Error('no'), 1],
  ['that is no error', 'no', 1],
])('an error %s', async (_, error, exit) => {
  const here = new CommandHere(folder, { PIPELINE_STORE: store });
  const told = await here.tell(['status'], error);
  expect([told.exit, told.stdout]).toEqual([exit, '']);
  const document = await here.tell(['status', '--json'], error);
  expect(document.exit).toBe(exit);
  expect(JSON.parse(document.stdout)).toMatchObject({ error: { exit } });
});

it('has what went wrong in it: the values that the error has', async () => {
  const error = new LockstepError('E_BUILD_FAILED', 'no', { hint: 'see', details: { build: 7 } });
  const { stdout } = await new CommandHere(folder, {}).tell(['status', '--json'], error);
  const { code, message, hint, details } = JSON.parse(stdout).error;
  expect({ code, message, hint, details }).toEqual({
    ...{ code: 'E_BUILD_FAILED', message: 'no', hint: 'see', details: { build: 7 } },
  });
});

it('what goes wrong once the document is printed is told beside it, and makes no second one', async () => {
  let printed = '';
  const stdout = { on: () => {}, write: (text: string) => (printed += text) };
  const stderr = { on: () => {}, write: () => true };
  const around = { stdout, stderr, env: {} } as unknown as HostProcess;
  const { run, told } = commandOf(['metrics', '--json', '--store', store], around);
  expect((await run()).exit).toBe(0);
  expect(told(new Error('the log cannot be closed'))).toBe(1);
  expect(JSON.parse(printed)).toMatchObject({ version: 1, lanes: [] });
});

it('behind a -- nothing is a flag: an error is told in words alone', async () => {
  const { exit, stdout, stderr } = await new CommandHere(folder, { PIPELINE_STORE: store }).run([
    ...['log', '--', '--json'],
  ]);
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain('E_NO_DEPLOY');
});
