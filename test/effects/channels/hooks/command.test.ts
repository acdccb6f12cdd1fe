/** A hook's command, as a real process: what it is given, and that no secret comes with it or out of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type HookCommand, hand } from '../../../../src/effects/channels/hooks/command.ts';
import { type Envelope, envelopeOf } from '../../../../src/effects/channels/hooks/envelope.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { hide } from '../../../../src/redaction/gate.ts';
import { failureOf } from '../../lockstep-error.ts';

let folder: string;
let shown: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-hook-command-'));
  shown = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secret = 'a-secret-that-a-commit-repeats';
hide(secret);

function envelope(title = 'Greet people by name'): Envelope {
  const { commit, ...data } = samples['deploy.requested'];
  return envelopeOf({
    ...{ id: 'event-1', deploy: '502-1a5f89db', position: 7, version: 1 },
    time: '2026-01-05T13:04:05.678Z',
    history: [{ type: 'deploy.requested', data: { ...data, commit: { ...commit, title } } }],
    state: 'queued',
    nextTime: null,
    since: async () => ({ wentOn: false, shipped: null, follower: null }),
    head: async () => 'log head 00@1',
  });
}

const handOver = (line: string, more: Partial<HookCommand> = {}, event = envelope()) =>
  hand(
    { line, folder, env: { PATH: process.env.PATH }, names: [], title: 'hook page', ...more },
    event,
    { signal: new AbortController().signal, progress: (text) => shown.push(text) },
  );
const file = (name: string): string => readFileSync(join(folder, name), 'utf8');

it('gets what every program needs and what is named, and the least of the event', async () => {
  const env = {
    ...{ PATH: process.env.PATH, HOME: '/home/ana', LC_ALL: 'C', TZ: 'UTC', PAGER_KEY: 'k' },
    ...{
      HEROKU_API_KEY: 'token',
      GITHUB_TOKEN: 'token',
      HTTPS_PROXY: 'http://ana:pw@proxy.test',
      PIPELINE_STORE: 'postgres://ana:pw@db.test/log',
      PIPELINE_SIGNING_KEY: 'key',
      LD_PRELOAD: '',
    },
  };
  await handOver('env > env.txt', { env, names: ['PAGER_KEY', 'NOT_SET'] });
  const given = Object.fromEntries(
    file('env.txt')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  for (const own of ['PWD', 'OLDPWD', 'SHLVL', '_']) delete given[own];
  expect(given).toEqual({
    ...{ PATH: process.env.PATH, HOME: '/home/ana', LC_ALL: 'C', TZ: 'UTC', PAGER_KEY: 'k' },
    PIPELINE_EVENT_ID: 'event-1',
    PIPELINE_EVENT_TYPE: 'deploy.requested',
    PIPELINE_DEPLOY: '502-1a5f89db',
    PIPELINE_LANE: samples['deploy.requested'].lane,
  });
});

it('gets the event as it is, whatever is in it', async () => {
  const event = envelope(`$(touch injected) \`touch injected\` "quoted" '; touch injected; '\n…`);
  await handOver('cat > event.json', {}, event);
  expect(JSON.parse(file('event.json'))).toEqual(JSON.parse(JSON.stringify(event)));
  expect(() => file('injected')).toThrow();
});

it('is told without secrets, and what it prints is shown without them', async () => {
  await handOver(
    'tee event.json; echo; env',
    { env: { PATH: process.env.PATH } },
    envelope(`x ${secret}`),
  );
  expect(file('event.json')).toContain('[secret]');
  expect(file('event.json') + shown.join('\n')).not.toContain(secret);
  const failed = await handOver(`echo ${secret}; exit 3`).catch((error: Error) => error.message);
  expect(failed).toBe('hook page ended with 3: [secret]');
});

it('shows the last 20 of its lines, with its name', async () => {
  await handOver('i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; done');
  expect(shown).toHaveLength(20);
  expect(shown.at(-1)).toBe('hook page: line 30');
});

it.each<[string, string, object]>([
  [
    'echo half; kill -9 $$',
    'E_HOOK_LATER',
    { message: 'hook page was killed by SIGKILL: half', fault: 'passing' },
  ],
  [
    'echo not now; exit 75',
    'E_HOOK_LATER',
    { message: 'hook page ended with 75: not now', fault: 'passing' },
  ],
  ...[126, 127].map((code): [string, string, object] => [
    `exit ${code}`,
    'E_HOOK_NOT_STARTED',
    {
      message: `hook page ended with ${code}`,
      fault: 'setup',
      hint: 'It runs in the folder of pipeline.yml, as /bin/sh takes it; the file has to be executable.',
    },
  ]),
  ['exit 1', 'E_HOOK_REFUSED', { message: 'hook page ended with 1', fault: 'event' }],
])('that ends by %s: %s', async (line, code, wanted) => {
  expect(await failureOf(handOver(line))).toMatchObject({ code, ...wanted });
});
