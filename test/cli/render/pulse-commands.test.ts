/** No command is silent while it waits: each one that opens a log, on a server that takes the connection and says nothing. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';
import { CommandHere } from '../command-here.ts';

const start = Date.parse('2026-01-05T10:00:00Z');
const reason = ['--reason', 'none', '--actor', 'ana'];
const arguments_: Readonly<Record<string, readonly string[]>> = {
  disable: reason,
  enable: reason,
  unlock: reason,
  status: [],
  explain: ['502'],
  log: ['502'],
  replay: ['502'],
  export: [],
  verify: [],
  metrics: [],
  whatif: ['--set', 'gates.stuckExit=0'],
  report: [],
  import: ['empty.jsonl'],
  open: ['app'],
};
/**
 * `advance` and `resume` are in pulse.test.ts; `rollback` asks its targets before; `docs`, `help`, `version` and `completion` wait for nothing; what a shell asks for while somebody types
 * says nothing; `init` and `views` open no log; `doctor` ends each look after some seconds; `sandbox` and `serve` are there to stay.
 */
const others = [
  ...['advance', 'resume', 'rollback', 'docs', 'help', 'version', 'completion', 'complete'],
  ...['init', 'doctor', 'sandbox', 'serve', 'views'],
];

/** An ErrorResponse of PostgreSQL's protocol: nobody is let in. */
const fields = 'SFATAL\0C28P01\0Mnobody is let in\0\0';
const length = Buffer.alloc(4);
length.writeInt32BE(4 + fields.length);
const refusal = Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)]);

let folder: string;
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-pulse-'));
  execFileSync('git', ['init', '--quiet', folder]);
  for (const [name, value] of [
    ['user.name', 'Ana'],
    ['user.email', 'ana@acme.test'],
  ] as const)
    execFileSync('git', ['-C', folder, 'config', name, value]);
  writeFileSync(join(folder, 'empty.jsonl'), '');
  const environment = (name: string) =>
    `${name}: { heroku: { app: acme-${name} }, verify: { endpoints: [{ url: "http://127.0.0.1/" }] } }\n`;
  writeFileSync(
    join(folder, 'pipeline.yml'),
    `app: acme-web\n${['staging', 'production'].map(environment).join('')}`,
  );
  server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('these are all commands', () => {
  const silent = { out: () => {}, err: () => {} } as unknown as Terminal;
  const { commands } = createProgram({ version: '0', terminal: silent, exit: () => {} });
  const names = commands.map((command) => command.name());
  expect(names.sort()).toEqual([...Object.keys(arguments_), ...others].sort());
});

describe.each(Object.entries(arguments_))('pipeline %s', (name, args) => {
  it('says every minute that it waits, and since when', async () => {
    const { port } = server.address() as AddressInfo;
    const time = new VirtualTime(start);
    const store = `postgres://ana@127.0.0.1:${port}/log?sslmode=disable&connect_timeout=600`;
    const here = new CommandHere(folder, { PIPELINE_STORE: store }, { clock: time.clock });
    const ended = here.run([name, ...args]);
    await expect.poll(() => sockets.length, { timeout: 20_000 }).toBeGreaterThan(0);
    for (let minute = 1; minute <= 4; minute++) {
      const before = here.printed();
      await time.runUntil(() => time.now() >= start + minute * 60_000, start + 3_600_000);
      const more = here.printed().slice(before.length);
      expect(more).toMatch(
        new RegExp(`still running pipeline ${name}, since 10:00:00Z \\(\\d+[ms].*\\)`),
      );
    }
    for (const socket of sockets) socket.end(refusal);
    const { exit, stdout } = await ended;
    expect(exit).not.toBe(0);
    expect(stdout).toBe('');
    // Nothing goes on after its end.
    const last = here.printed();
    await time.runUntil(() => false, start + 600_000);
    expect(here.printed()).toBe(last);
  });
});
