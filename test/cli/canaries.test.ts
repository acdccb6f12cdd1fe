/**
 * Canaries: secrets of every kind, repeated in every form, come in at every door, and nothing of them
 * comes out of any: the log's file, exports, Slack, hooks, each command as text and as JSON, errors, `--debug`.
 * The commands are those that the program has, the events those of the log.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { variables } from '../../src/cli/config/variables.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/render/terminal.ts';
import { openDeployLog } from '../../src/cli/workspace/deploy-log.ts';
import { open } from '../../src/effects/channels/hooks/open.ts';
import { createSlackChannel } from '../../src/effects/channels/slack/channel.ts';
import { createSlack } from '../../src/effects/channels/slack/slack.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { ensureOk } from '../../src/effects/http/answers.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import { LockstepError } from '../../src/errors/error.ts';
import { schemaNumbers } from '../../src/machine/event-schemas.ts';
import { type EventType, eventSchemas } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { redactAll, within } from '../../src/redaction/gate.ts';
import { deploysProjection } from '../../src/runtime/audit/deploys-table.ts';
import { describeFailure } from '../../src/runtime/loop/failure.ts';
import { createNotifier, together } from '../../src/runtime/notify/notifier.ts';
import { rosterKeeper } from '../../src/runtime/notify/roster.ts';
import type { JsonObject } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { vendors as facts } from '../effects/vendors.ts';
import { fc } from '../fast-check.ts';
import { type Canaries, canaries, type Repetition, repetition, searchFor } from './canary.ts';
import { CommandHere, type EndedHere } from './command-here.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-canaries-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const types = Object.keys(eventSchemas) as EventType[];
let runs = 0;

/** What a world begins with: it may hold secrets. */
const isGiven = /^(pipeline.*\.yml|\.git|theirs.*\.db(-.*)?)$/;

/** One environment with its secrets, and everything that left the program in it, by name. */
class World {
  readonly here: CommandHere;
  readonly folder: string;
  readonly sinks = new Map<string, string>();
  /** All of the secrets, as they are repeated in this world. */
  readonly echo: string;
  /** The same in one line, no longer than an argument may be. */
  readonly line: string;
  /** Some of them, as a file may be called. */
  readonly name: string;
  readonly #left: (text: string) => string[];

  constructor({ environment, secrets, configured }: Canaries, repeat: Repetition) {
    runs += 1;
    this.folder = join(folder, String(runs));
    mkdirSync(this.folder);
    writeFileSync(
      join(this.folder, 'pipeline.yml'),
      `app: acme-web\nrepository: https://github.com/acme/web\nstore: "postgres://ana:${encodeURIComponent(configured)}@db.test/log"\n${verified}${hooks}`,
    );
    git(this.folder, 'init', '--quiet', '--initial-branch=master');
    git(this.folder, 'config', 'user.email', 'ana@acme.test');
    this.here = new CommandHere(this.folder, { ...environment, PIPELINE_STORE: 'sqlite:log.db' });
    this.echo = secrets.map((secret) => `<${repeat.of(secret)}>`).join(' ');
    const lines = secrets.map((secret) => `<${repeat.inOneLine(secret)}>`);
    this.name = lines
      .filter((line) => !line.includes('/') && line.length < 80)
      .slice(0, 3)
      .join('');
    this.line = lines.join(' ').slice(0, 30_000);
    this.#left = searchFor(secrets);
    expect(this.#left(this.echo).length).toBeGreaterThan(secrets.length);
    git(this.folder, 'config', 'user.name', `Ana ${this.line}`);
  }

  async run(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    return this.#keep(args, await this.here.run(args, more));
  }

  async tell(args: readonly string[], error: unknown) {
    return this.#keep(args, await this.here.tell(args, error));
  }

  /** Looks through what was printed and sent, and through every file but the configuration. */
  expectNothing(): void {
    for (const entry of readdirSync(this.folder, { withFileTypes: true })) {
      if (entry.isDirectory() || isGiven.test(entry.name)) continue;
      this.sinks.set(entry.name, readFileSync(join(this.folder, entry.name), 'utf8'));
    }
    for (const [sink, text] of this.sinks) {
      const left = this.#left(text);
      expect({ sink, left }, text.slice(0, 3_000)).toEqual({ sink, left: [] });
    }
    expect([...this.sinks.values()].join()).toContain('[secret]');
  }

  #keep(args: readonly string[], ended: EndedHere): EndedHere {
    const name = args.join(' ').slice(0, 60);
    this.sinks.set(`${this.sinks.size}: ${name}: out`, ended.stdout);
    this.sinks.set(`${this.sinks.size}: ${name}: err`, ended.stderr);
    return ended;
  }
}

const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });

const verified = ['staging', 'production']
  .map(
    (name) =>
      `${name}: { heroku: { app: acme-${name} }, verify: { endpoints: [{ url: "http://127.0.0.1/" }] } }\n`,
  )
  .join('');

/** By a URL that is a secret as a whole, and by a command that repeats all that it is given. */
const hookSettings = [
  { name: 'room', on: '*', urlFrom: 'ROOM', secret: 'SIGNS' },
  {
    name: 'repeats',
    on: ['deploy.requested', '*.held'],
    run: 'tee hook-input.json; env; exit 1',
    env: ['REGION'],
  },
];
const hooks = `notify: ${JSON.stringify({ hooks: hookSettings })}\n`;

/** The event with the text after each of its strings, as far as the schema allows it. */
function spoiled(type: EventType, text: string): JsonObject {
  const data = structuredClone(samples[type]) as unknown as Record<string, unknown>;
  const spoil = (value: Record<string, unknown>): void => {
    for (const [key, one] of Object.entries(value)) {
      if (typeof one === 'string') {
        value[key] = `${one} ${text}`;
        if (!eventSchemas[type].safeParse(data).success) value[key] = one;
      } else if (typeof one === 'object' && one !== null) spoil(one as Record<string, unknown>);
    }
  };
  spoil(data);
  return data as JsonObject;
}

const deploy = '502-1a5f89db';

/** A deploy with an event of each type, and one that only begins. */
async function fill(
  world: World,
  store: string,
  isCleaned: boolean,
  lane: string | null = null,
): Promise<void> {
  const log = await openLog(`sqlite:${join(world.folder, store)}`, {
    projections: [deploysProjection],
    ...(isCleaned ? { clean: redactAll } : {}),
  });
  const transition = { from: null, to: 'queued', settled: false, reason: world.echo };
  const metadata = { actor: { claimed: world.echo }, transition };
  const event = (type: EventType, named: string) => {
    const data = spoiled(type, world.echo);
    const ofLane = lane === null ? {} : { lane };
    const own = type === 'deploy.requested' ? { ...data, deploy: named, ...ofLane } : data;
    const schema = schemaNumbers.get(type) ?? 1;
    return { id: crypto.randomUUID(), type, schema, data: own as JsonObject, metadata };
  };
  const append = (named: string, which: readonly EventType[]) =>
    log.append([
      {
        stream: `deploy/${named}`,
        expected: 'any',
        events: which.map((type) => event(type, named)),
      },
    ]);
  await append(deploy, types);
  await append('503-7c3d2e1f', ['deploy.requested', 'deploy.failed']);
  await log.close();
}

/** Tells Slack of all of the log, by a bot and by a webhook. */
async function tellSlack(world: World, { environment }: Canaries): Promise<void> {
  const { SLACK_BOT_TOKEN: botToken = '', SLACK_WEBHOOK_URL: webhookUrl = '' } = environment;
  for (const way of [{ botToken }, { webhookUrl }]) {
    await fill(world, `theirs-${Object.keys(way)}.db`, false);
    const log = await openDeployLog(
      `sqlite:${join(world.folder, `theirs-${Object.keys(way)}.db`)}`,
      {
        readOnly: false,
      },
    );
    let sent = 0;
    const http = createHttpClient({
      clock: systemClock,
      random: () => 0,
      beforeWrite: async () => {},
      notice: () => {},
      transport: async ({ body }) => {
        sent += 1;
        world.sinks.set(`${Object.keys(way)}: message ${sent}`, String(body));
        const answer = { ok: true, channel: 'C0ALERTS', ts: `${sent}.000001` };
        return {
          status: 200,
          headers: {},
          body: 'botToken' in way ? JSON.stringify(answer) : 'ok',
        };
      },
    });
    const notifier = createNotifier({
      log,
      channel: createSlackChannel({
        slack: createSlack({ baseUrl: 'https://slack.test/api', channel: '#alerts', ...way }),
        oncall: '<!subteam^S0ONCALL>',
        clock: systemClock,
      }),
      ports: {
        http,
        clock: systemClock,
        progress: (line) => world.sinks.set(`progress ${line}`, line),
      },
      owner: { host: 'here', run: Object.keys(way).join() },
      leaseMs: 60_000,
      startAt: 0,
    });
    await notifier.drain();
    await log.close();
    expect(sent).toBeGreaterThan(3);
  }
}

/** Tells hooks of a deploy with every event, of which some are refused in words that repeat it all, and one waits. */
async function tellHooks(world: World, { environment }: Canaries): Promise<void> {
  await fill(world, 'theirs-hooks.db', false, 'acme-web');
  const store = `sqlite:${join(world.folder, 'theirs-hooks.db')}`;
  const log = await openDeployLog(store, { readOnly: false });
  let sent = 0;
  const statuses = [204, 400, 204, 410, 302];
  const http = createHttpClient({
    clock: systemClock,
    random: () => 0,
    beforeWrite: async () => {},
    notice: () => {},
    transport: async ({ body, headers }) => {
      sent += 1;
      world.sinks.set(`hook’s body ${sent}`, String(body));
      world.sinks.set(`hook’s headers ${sent}`, JSON.stringify(headers));
      const status = statuses[sent - 1] ?? 503;
      return { status, headers: { location: `https://chat.test/${world.line}` }, body: world.echo };
    },
  });
  const env = { ...environment, PATH: process.env.PATH, REGION: 'eu' };
  const values = { ROOM: environment.ROOM ?? null, SIGNS: environment.SIGNS ?? null };
  const ports = { clock: systemClock, folder: world.folder, env };
  const channels = open(hookSettings, values, ports).flatMap((one) => ('unset' in one ? [] : one));
  const progress = (line: string) => void world.sinks.set(`progress ${line}`, line);
  const lane = 'acme-web';
  const notifier = together([
    ...channels.map((channel) =>
      createNotifier({
        ...{ log, channel, lane, startAt: 0, leaseMs: 60_000 },
        ports: { http, clock: systemClock, progress },
        owner: { host: 'here', run: 'hooks' },
      }),
    ),
    rosterKeeper(log, lane, channels),
  ]);
  await notifier.drain();
  for (const { resource } of await log.leases('notify/')) {
    const kept = await log.checkpoint(resource.slice('notify/'.length));
    world.sinks.set(`kept of ${resource}`, JSON.stringify(kept));
  }
  await log.close();
  expect(sent).toBe(statuses.length);
  for (const json of [[], ['--json']]) {
    const { stdout } = await world.run(['status', ...json], { PIPELINE_STORE: store });
    for (const told of ['hook room', 'hook repeats', 'answered 410', 'answered 302'])
      expect(stdout).toContain(told);
  }
}

/** Every command of the program with arguments that hold the text; `sandbox` prints its own tokens, to be copied. */
async function giveArguments(world: World): Promise<void> {
  const silent = { out: () => {}, err: () => {} } as unknown as Terminal;
  const { commands } = createProgram({ version: '0', terminal: silent, exit: () => {} });
  const argumentsOf: Record<string, readonly string[]> = {
    advance: ['--build', '7', '--branch', 'master', '--override', '--reason', world.echo],
    resume: ['502', '--reason', world.echo],
    disable: ['--reason', world.echo, '--actor', world.line],
    enable: ['--reason', world.echo, '--actor', world.line],
    unlock: ['--reason', world.echo, '--actor', world.line],
    rollback: [world.line, '--yes', '--reason', world.echo],
    status: ['--limit', world.line],
    explain: [world.line],
    log: [world.line],
    replay: [world.line],
    export: ['--lane', world.line],
    verify: ['--head', world.line],
    metrics: ['--lane', world.line],
    whatif: ['--set', world.line],
    report: [world.line],
    views: ['--schema', world.line],
    import: [`theirs.db.jsonl`],
    docs: ['--output', `docs/${world.name}/x.md`],
    sandbox: ['--port', world.line],
    help: [world.line],
    doctor: [],
    serve: ['--port', world.line],
    version: [],
    completion: [world.line],
    complete: ['log', world.line],
    open: ['app', world.line],
    init: ['--yes', '--ci', 'none', '--target', world.line],
  };
  expect(Object.keys(argumentsOf).sort()).toEqual(commands.map((one) => one.name()).sort());
  // A vendor that is asked refuses, and repeats it all.
  const server = createServer((_, answer) => answer.writeHead(401).end(world.echo));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ofVendors = Object.fromEntries(
    variables.filter(({ name }) => name.endsWith('_API_URL')).map(({ name }) => [name, here]),
  );
  const run = (args: readonly string[]) => world.run(args, ofVendors);
  for (const command of commands) {
    const args = [command.name(), ...(argumentsOf[command.name()] ?? [])];
    await run(['--debug', ...args]);
    if (command.options.some(({ long }) => long === '--json')) await run([...args, '--json']);
    await run([command.name(), `--${world.line}`]);
    await run([...args, world.echo]);
    await run(['--debug', '--store', `sqlite:/nowhere/${world.name}`, ...args]);
    await run(['--config', `nowhere/${world.name}.yml`, ...args, '--json']);
  }
  server.close();
}

/** What Lockstep reads of the environment, with the text in it. */
async function giveEnvironment(world: World): Promise<void> {
  for (const name of ['PIPELINE_CONFIG', 'PIPELINE_STORE'])
    await world.run(['disable', '--reason', 'none'], { [name]: `nowhere/${world.name}` });
  const names = ['PIPELINE_LEASE', 'PIPELINE_TRUST'];
  const urls = ['HEROKU_API_URL', 'CIRCLE_API_URL', 'GITHUB_API_URL', 'SLACK_API_URL'];
  for (const name of [...names, ...urls])
    await world.run(['disable', '--reason', 'none'], { [name]: `https://${world.line}` });
  const circleci = { CI: 'true', CIRCLECI: 'true', CIRCLE_BUILD_NUM: '501', CIRCLE_JOB: 'deploy' };
  const github = { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push' };
  for (const [ci, name] of [
    [circleci, 'CIRCLE_BRANCH'],
    [circleci, 'CIRCLE_BUILD_NUM'],
    [circleci, 'CIRCLE_TAG'],
    [github, 'GITHUB_REF'],
    [github, 'GITHUB_EVENT_PATH'],
    [github, 'GITHUB_EVENT_NAME'],
    [github, 'GITHUB_RUN_NUMBER'],
  ] as const)
    await world.run(['advance', '--json'], { ...ci, [name]: world.line });
}

/** A configuration with the text where it is wrong. */
async function giveConfiguration(world: World): Promise<void> {
  const text = JSON.stringify(world.line);
  const wrong = [
    `app: ${text}`,
    `${text}: 1`,
    `staging: ${text}`,
    `app: [${text}`,
    `app: { a: ${text}`,
  ];
  for (const [place, config] of [...wrong, world.echo].entries()) {
    const file = `pipeline-${place}.yml`;
    writeFileSync(join(world.folder, file), `${config}\n`);
    await world.run(['--debug', '--config', file, 'disable', '--reason', 'none']);
  }
}

const vendors = [...Object.values(facts), 'endpoint'] as const;

/** Errors with the text in each of their parts, and what vendors answer who repeat it. */
async function giveErrors(world: World, status: number): Promise<void> {
  const text = world.echo;
  const errors: unknown[] = [
    new Error(text),
    text,
    new LockstepError<string>(text, text, {
      hint: `${text}\n${text}`,
      details: { [text]: text, a: [text] },
    }),
  ];
  const answers = [
    text,
    JSON.stringify({ id: text, message: text, error: text }),
    `<p>${text}</p>`,
  ];
  for (const vendor of vendors) {
    for (const body of answers) {
      const http = createHttpClient({
        clock: { ...systemClock, sleep: async () => {} },
        random: () => 0,
        beforeWrite: async () => {},
        notice: (line) => world.sinks.set(`notice ${line}`, redactAll(line)),
        transport: async () => ({
          status,
          headers: { 'x-request-id': text, location: text },
          body,
        }),
      });
      const url = `https://vendor.test/a?token=${encodeURIComponent(world.line.slice(0, 200))}`;
      const request = { vendor, method: 'GET', url, signal: new AbortController().signal } as const;
      await http
        .send({ ...request, attemptsMax: 2 })
        .then((response) => ensureOk(request, response))
        .catch((error: unknown) => errors.push(error));
    }
  }
  expect(errors.length).toBeGreaterThan(status < 400 ? 2 : vendors.length);
  for (const [place, error] of errors.entries()) {
    world.sinks.set(`failure ${place}`, JSON.stringify(redactAll(describeFailure(error))));
    for (const flags of [[], ['--debug'], ['--json'], ['--debug', '--json']])
      await world.tell(['status', ...flags], error);
  }
}

/** Many more, each time others, where that is asked for. */
const times = process.env.LOCKSTEP_SOAK === '1' ? 40 : 1;
const asked = (numRuns: number) => ({ numRuns: numRuns * times, endOnFailure: true });

const status = fc.constantFrom(200, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503);

/** In worlds of any secrets, each behind the gate of its own commands. */
const inWorlds = (work: (world: World, given: Canaries, status: number) => Promise<void>) =>
  fc.asyncProperty(canaries, repetition, status, async (given, repeat, code) => {
    const world = new World(given, repeat);
    await within(world.here.gate, () => work(world, given, code));
  });

describe('nothing of a secret, in whatever form it is repeated, comes out', {
  timeout: 120_000 * times,
}, () => {
  it('of whatever event has it, by whatever command reads the log, by Slack and by hooks', async () => {
    await fc.assert(
      inWorlds(async (world, given) => {
        // A command whose configuration has a secret tells it to the gate, as the one does that writes.
        await world.run(['disable', '--reason', 'none']);
        await fill(world, 'log.db', true);
        await fill(world, 'theirs.db', false);
        for (const store of ['log.db', 'theirs.db']) {
          const more = { PIPELINE_STORE: `sqlite:${store}` };
          for (const json of [[], ['--json']]) {
            await world.run(['status', ...json], more);
            await world.run(['log', '502', ...json], more);
            for (const one of ['502', '503'])
              await world.run(['--debug', 'replay', one, ...json], more);
          }
          await world.run(['export'], more);
          await world.run(['export', '--output', `${store}.jsonl`], more);
        }
        const theirs = { PIPELINE_STORE: 'sqlite:theirs.db' };
        await world.run(['export', '--format', 'cdevents'], theirs);
        for (const format of ['csv', 'json', 'html']) {
          await world.run(['report', '--format', format, '--since', '2026-01-01'], theirs);
        }
        await world.run(['report', '502', '--html', 'theirs.html'], theirs);
        await tellSlack(world, given);
        await tellHooks(world, given);
        world.expectNothing();
      }),
      asked(1),
    );
  });

  it.each<[string, number, (world: World, status: number) => Promise<void>]>([
    ['an argument', 1, giveArguments],
    ['the environment', 2, giveEnvironment],
    ['the configuration', 3, giveConfiguration],
    ['an error, and a vendor’s answer', 2, giveErrors],
  ])('that comes in by %s', async (_, numRuns, give) => {
    await fc.assert(
      inWorlds(async (world, _, code) => {
        await world.run(['disable', '--reason', 'none']);
        await fill(world, 'log.db', true);
        await give(world, code);
        world.expectNothing();
      }),
      asked(numRuns),
    );
  });
});
