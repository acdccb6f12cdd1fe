/** Hooks as channels: by a URL, over real HTTP, and by a command, a real process. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Channel } from '../../src/effects/channels/channel.ts';
import { open as openHooks } from '../../src/effects/channels/hooks/open.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { startReceiver } from '../effects/channels/hooks/receiver.ts';
import { type ChannelUnderTest, describeChannel } from './contract.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function onlyHook(
  settings: Parameters<typeof openHooks>[0][number],
  values: Readonly<Record<string, string>>,
  folder: string,
): Channel {
  const ports = { clock: systemClock, folder, env: { PATH: process.env.PATH } };
  const [hook] = openHooks([settings], values, ports);
  if (hook === undefined || 'unset' in hook) throw new Error('the hook is not open');
  return hook;
}

/** What a person sees of it: the words, and the texts in the data. */
function read(document: string): string {
  const { headline, data } = JSON.parse(document);
  return `${headline}\n${JSON.stringify(data).replaceAll('\\n', '\n')}`;
}

async function byUrl(): Promise<ChannelUnderTest> {
  const receiver = await startReceiver();
  const statuses = { passing: 503, setup: 308, message: 410 };
  return {
    http: receiver.http,
    channel: () =>
      onlyHook({ on: '*', url: receiver.url, secret: 'SECRET' }, { SECRET: receiver.secret }, '.'),
    arrived: () => receiver.taken.map(({ body }) => read(body)),
    fail(how) {
      receiver.answer = (_, response) => {
        if (how === null) return false;
        response.writeHead(statuses[how], { location: `${receiver.url}/elsewhere` }).end('no');
        return true;
      };
    },
    close: () => receiver.close(),
  };
}

async function byCommand(): Promise<ChannelUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-hooks-'));
  folders.push(folder);
  const codes = { passing: 75, setup: 127, message: 1 };
  const take = 'cat >> taken.jsonl && echo >> taken.jsonl';
  const program = join(folder, 'hook.sh');
  writeFileSync(program, take);
  const file = join(folder, 'taken.jsonl');
  const receiver = await startReceiver();
  return {
    http: receiver.http,
    channel: () => onlyHook({ on: ['*'], run: 'sh ./hook.sh' }, {}, folder),
    arrived: () =>
      existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(read) : [],
    fail: (how) =>
      writeFileSync(program, how === null ? take : `cat > /dev/null; exit ${codes[how]}`),
    close: () => receiver.close(),
  };
}

describeChannel('a hook by a URL', byUrl);
describeChannel('a hook by a command', byCommand);
