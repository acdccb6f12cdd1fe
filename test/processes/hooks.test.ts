/** Hooks beside a whole deploy by the real command: those that hang, flood or never end hold up nothing, and are made up for. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig, deployId, Stage } from './stage.ts';

let stage: Stage;
let server: Server;
let isWell: boolean;
const received: string[] = [];

beforeEach(async () => {
  stage = await Stage.set();
  isWell = false;
  received.splice(0);
  // Takes what it is sent and says nothing, as long as it is not well.
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      if (!isWell) return;
      received.push(JSON.parse(text).id);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await stage.strike();
});

const secrets = { SIGNS: `whsec_${Buffer.alloc(32, 3).toString('base64')}` };
const pathOf = (name: string): string => join(stage.folder, '..', name);
const stubborn = () =>
  `trap '' TERM; echo $$ > ${pathOf('pid')}; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done`;

function configure(): void {
  writeFileSync(pathOf('never.sh'), stubborn());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const hooks = [
    { name: 'silent', on: '*', url, secret: 'SIGNS' },
    { name: 'never', on: ['deploy.*'], run: `. ${pathOf('never.sh')}` },
    { name: 'floods', on: '*', run: `cat > /dev/null; yes | head -c 300000; exit 1` },
    { name: 'takes', on: '*', run: `cat >> ${pathOf('taken')}; echo >> ${pathOf('taken')}` },
  ];
  stage.write(
    'pipeline.yml',
    `${defaultConfig(stage.sandbox.urls).replace(/^notify:[\s\S]*/m, '')}notify: ${JSON.stringify({ hooks })}\n`,
  );
}

const taken = (): string[] =>
  readFileSync(pathOf('taken'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).id);

/** The group that the command that never ends began. */
async function nobodyIsLeft(): Promise<void> {
  const pid = Number(readFileSync(pathOf('pid'), 'utf8'));
  expect(pid).toBeGreaterThan(1);
  for (;;) {
    try {
      process.kill(-pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
}

describe('hooks of a run', { timeout: 120_000 }, () => {
  it('hold up no deploy, whatever they do, and get the rest by the next run', async () => {
    configure();
    const commit = stage.commit('a change');
    const deploy = deployId(501, commit);
    const ended = await stage.startAdvance(501, commit, secrets).ended;
    expect(ended).toMatchObject({ exit: 0 });
    await nobodyIsLeft();
    const ids = (await stage.events(501, commit)).map(({ id }) => id);
    const before = taken();
    expect(before.length).toBeGreaterThan(0);
    expect(before).toEqual(ids.slice(0, before.length));
    const status = (await stage.runHere(['status'])).stdout;
    for (const name of ['silent', 'never']) {
      expect(status).toContain(
        `hook ${name}: deploy.requested of ${deploy}, and what came after it`,
      );
    }
    expect(status).toMatch(/hook floods: \d+ events of .* were left out for good, the last one /);
    const [{ undelivered }] = JSON.parse(
      (await stage.runHere(['status', '--json'])).stdout,
    ).deploys;
    const stuck = undelivered.filter(
      ({ kind, title }: Record<string, string>) => kind === 'waiting' && title !== 'hook floods',
    );
    expect(stuck.map(({ event }: { event: { id: string } }) => event.id)).toEqual([ids[0], ids[0]]);

    writeFileSync(pathOf('never.sh'), 'cat > /dev/null');
    // Without its secret it is told nothing, and where it stands is shown all the same.
    const unset = await stage.advanceHere(501, commit);
    expect(unset.stdout + unset.stderr).toContain('hook silent is told nothing: set SIGNS');
    expect((await stage.runHere(['status'])).stdout).toContain('hook silent: deploy.requested of');

    isWell = true;
    // A busy machine may need another one.
    do expect(await stage.advanceHere(501, commit, secrets)).toMatchObject({ exit: 0 });
    while ((await stage.runHere(['status'])).stdout.includes('what came after it'));
    const all = (await stage.events(501, commit)).map(({ id }) => id);
    expect(received).toEqual(all);
    expect(taken()).toEqual(all);
  });

  it('end with it, by a signal too', async () => {
    configure();
    const job = stage.startAdvance(501, stage.commit('a change'), secrets);
    while (!existsSync(pathOf('pid'))) await sleep(10);
    job.process.kill('SIGTERM');
    expect((await job.ended).exit).toBe(143);
    await nobodyIsLeft();
  });
});
