/**
 * How long something may take goes by a clock that nobody sets. The wall's time is for what is said and recorded, and
 * beside times that others tell: somebody may set it by hours, at any moment.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askEndpoints } from '../src/effects/checks/endpoints.ts';
import type { Clock } from '../src/effects/clock.ts';
import type { History } from '../src/effects/history/history.ts';
import { createHttpClient } from '../src/effects/http/client.ts';
import type { Ports } from '../src/effects/ports.ts';
import { observeSettled } from '../src/runtime/gates/production.ts';
import type { App, Release } from '../src/sandbox/heroku/state.ts';
import { startAnsweringServer } from './effects/answering-server.ts';
import { archive } from './effects/tarball.ts';
import { SandboxHeroku } from './effects/targets/heroku/sandbox-heroku.ts';
import { vendors } from './effects/vendors.ts';

const src = resolve(import.meta.dirname, '../src');
const [second, minute, hour] = [1_000, 60_000, 3_600_000];

/** Where the wall's time is read, and why it is right there. */
const readings: readonly (readonly [file: string, code: string, why: string])[] = [
  ['cli/commands/status.ts', 'limit, nowMs: Date.now()', 'since when is told'],
  ['runtime/standing/ask.ts', 'new Date(clock.now())', 'told'],
  ['cli/commands/export.ts', 'rangeOf(flags, Date.now())', 'a day ago, of recorded times'],
  ['cli/commands/metrics.ts', 'periodOf(flags, Date.now())', 'until now, of recorded times'],
  ['cli/commands/report.ts', 'const nowMs = Date.now();', 'until now, of recorded times; told'],
  ['cli/commands/replay.ts', 'placeOf(flags.at, Date.now())', 'a time that is told'],
  ['cli/commands/replay.ts', 'flags.since, Date.now())', 'a day ago, of recorded times'],
  ['cli/commands/whatif.ts', 'flags.since, Date.now())', 'a day ago, of recorded times'],
  ['cli/commands/rehearse.ts', 'begin(request, ports.clock.now())', 'told: nothing is recorded'],
  ['page/live.ts', 'Date.now() - Date.parse(iso)', 'told: how long ago, by the reader’s clock'],
  [
    'effects/targets/heroku/diagnose-token.ts',
    'clock.now() - ports.clock.ran()',
    'told: how far the two clocks are apart',
  ],
  ['cli/render/pulse.ts', 'new Date(clock.now())', 'told'],
  ['cli/workspace/run-and-report.ts', 'now: clock.now }', 'told'],
  ['cli/commands/rollback.ts', 'now: clock.now }', 'told'],
  [
    'effects/channels/hooks/post.ts',
    'signatureOf(id, sent, keys, clock.now())',
    'told: when it was signed',
  ],
  ['runtime/notify/notifier.ts', 'now: clock.now,', 'recorded: since when one waits'],
  ['effects/channels/slack/channel.ts', 'clock.now() - Date.parse(time)', 'a recorded time'],
  ['effects/http/client.ts', 'nowMs: this.#options.clock.now()', 'told: when to run it again'],
  [
    'runtime/rollback/carry-out.ts',
    'new Date(options.clock.now())',
    'recorded: since when it is ordered',
  ],
  ['runtime/loop/run.ts', 'clock.now() - clock.ran()', 'once: timers begin at recorded times'],
  ['store/open.ts', 'now: now ?? Date.now', 'the log’s clock: what it records'],
  // What holds no longer than that: a machine’s sleep counts, of which the even clock knows nothing. Too early is safe here.
  ['effects/clock.ts', 'now: steady(Date.now,', 'the clock itself'],
  ['effects/lost-replies.ts', 'const clearedAt = ports.clock.now();', 'a clearance'],
  ['effects/targets/heroku/api.ts', 'clock.now() <= clearedUntilMs', 'a clearance'],
  ['effects/targets/command/host.ts', 'ports.clock.now() < ports.clearedUntilMs', 'a clearance'],
  ['runtime/lock/lease-keeper.ts', 'const askedAt = clock.now();', 'a lease'],
  ['runtime/lock/lease-keeper.ts', 'clock.now() - keptAt >= leaseMs', 'a lease'],
  ['runtime/lock/lease-keeper.ts', 'keptAt: clock.now()', 'a lease'],
];

describe('the wall’s time', () => {
  const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.startsWith('sandbox/'));
  const read = files.flatMap((file) =>
    readFileSync(join(src, file), 'utf8')
      .split('\n')
      .filter((line) =>
        /\b(clock|Date)\.now\b|new Date\(\)/i.test(line.replace(/^\s*(\/?\*|\/\/).*/, '')),
      )
      .map((line) => ({ file, line: line.trim() })),
  );

  it('is read where it is said why, and nowhere else: a wait goes by `Clock.ran`', () => {
    expect(files.length).toBeGreaterThan(150);
    const unknown = read.filter(
      ({ file, line }) => !readings.some(([at, code]) => at === file && line.includes(code)),
    );
    expect(unknown).toEqual([]);
  });

  it.each(readings)('is read in %s still: %s', (at, code) => {
    expect(read.some(({ file, line }) => file === at && line.includes(code))).toBe(true);
  });
});

/** Whenever something sleeps, somebody sets the wall's time: hours ahead, and back. The even clock begins anywhere. */
function restless({ now, ran, sleep }: Clock): Clock {
  const began = ran();
  let aheadMs = 0;
  return {
    now: () => now() + aheadMs,
    ran: () => ran() - began,
    sleep: (ms, signal) => {
      aheadMs = 3 * hour - aheadMs;
      return sleep(ms, signal);
    },
  };
}

let world: SandboxHeroku;
let app: App;
let release: Release;
let ports: Ports;
beforeEach(async () => {
  world = await SandboxHeroku.start();
  app = world.app('acme');
  release = world.release(app, world.slug('a'.repeat(40)));
  const { clock } = world;
  const ofClient = restless({ ...clock, sleep: never });
  ports = { ...world.ports({ clock: ofClient }), clock: restless(clock) };
});
afterEach(() => world.close());

/** A machine of this very room answers at once: its client's deadlines never come. */
const never: Clock['sleep'] = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

/** How long it has been since this test began. */
const begun = () => {
  const at = world.clock.now();
  return () => world.clock.now() - at;
};

/** Something that takes so long until it is right; whether it came right in time. */
interface Wait {
  readonly limitMs: number;
  /** Between two asks at most. */
  readonly pauseMs: number;
  readonly code: string;
  readonly until: (isRight: () => boolean) => Promise<unknown>;
}

const waits: Readonly<Record<string, Wait>> = {
  'an endpoint': {
    limitMs: minute,
    pauseMs: 10 * second,
    code: 'E_ENDPOINT',
    async until(isRight) {
      const site = await startAnsweringServer(() => ({ status: isRight() ? 200 : 500 }));
      const endpoint = {
        ...{ url: site.url, status: 200, timeoutMs: minute, successes: 1 },
        ...{ body: null, header: null, revision: null },
      };
      const input = {
        release: { id: release.id, version: 'v1' },
        commit: 'a'.repeat(40),
        endpoints: [endpoint],
      };
      return askEndpoints(world.target('acme'), input, ports, { once: false }).finally(site.close);
    },
  },
  'a build for which there is no room yet': {
    limitMs: 10 * minute,
    pauseMs: 15 * second,
    code: 'E_BUILDS_LIMIT',
    until(isRight) {
      const full = { status: 422, body: { id: 'x', message: 'concurrent builds limit' } };
      const builds = `POST /apps/${app.name}/builds`;
      world.beforeWrite = async () => void world.faults.set(builds, isRight() ? [] : [full]);
      const heroku = world.client();
      const input = { app: app.name, commit: 'b'.repeat(40), key: '1', timeoutMs: 10 * minute };
      return heroku.requestBuild(input, ports, archive);
    },
  },
  'a release of somebody else’s that is under way': {
    limitMs: hour,
    pauseMs: 5 * second,
    code: 'E_RELEASE_UNDER_WAY',
    until(isRight) {
      const target = world.target('acme');
      const release = { id: '2', version: 'v2' };
      const pending = { release, description: 'Deploy 22222222', ageMs: 0 };
      const observe = async () => ({ pending: isRight() ? null : pending, running: null });
      const { settings, hints } = target;
      const watched = { settings, hints, observe } as unknown as typeof target;
      return observeSettled(watched, {} as History, ports);
    },
  },
  'an outage': {
    limitMs: 10 * minute,
    pauseMs: 30 * second,
    code: 'E_VENDOR_UNREACHABLE',
    until(isRight) {
      const { clock, signal } = ports;
      const http = createHttpClient({
        transport: async () => {
          if (isRight()) return { status: 200, headers: {}, body: '{}' };
          throw new Error('no answer');
        },
        clock: {
          ...clock,
          sleep: (ms, signal) => (ms === 30 * second ? never(ms, signal) : clock.sleep(ms, signal)),
        },
        random: () => 0,
        beforeWrite: async () => {},
        notice: () => {},
      });
      const deadlineMs = clock.ran() + 10 * minute;
      return http.send({
        vendor: vendors.heroku,
        method: 'GET',
        url: 'https://a.test/',
        signal,
        deadlineMs,
      });
    },
  },
};

describe.each(Object.entries(waits))(
  '%s, while the wall’s clock is set again and again',
  (_, wait) => {
    it('is waited for', async () => {
      const lasted = begun();
      const rightAt = wait.limitMs - 2 * wait.pauseMs;
      await wait.until(() => lasted() >= rightAt);
      expect(lasted()).toBeGreaterThanOrEqual(rightAt);
    });

    it('is not waited for any longer than it may take', async () => {
      const lasted = begun();
      await expect(wait.until(() => false)).rejects.toMatchObject({ code: wait.code });
      expect(lasted()).toBeGreaterThanOrEqual(wait.limitMs);
      expect(lasted()).toBeLessThanOrEqual(wait.limitMs + 2 * wait.pauseMs);
    });
  },
);
