/**
 * A story without Heroku: the team's own programs deploy to folders, and a web server answers from whatever release a
 * symbolic link points to. There is no staging: a canary gets a part of production's requests first.
 */
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
// @ts-expect-error the example is plain JavaScript
import { serve } from '../examples/folders/serve.mjs';
import { expectExit, say, Team } from './team.ts';

const example = resolve(import.meta.dirname, '../examples/folders');

const environment = (name: string, url: string, more = ''): string => `${name}:
  command: { deploy: bin/host.mjs, current: bin/host.mjs, health: bin/host.mjs, restore: bin/host.mjs${more} }
  verify:
    instances: { settle: 300ms }
    endpoints:
      - { url: "${url}", timeout: 1s, revision: { header: x-revision } }
`;

const urlOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

/** Asks as production's users do, and says which commit answered how often. */
async function ask(url: string): Promise<void> {
  const answers = new Map<string, number>();
  for (let i = 0; i < 20; i++) {
    const { status, headers } = await fetch(url);
    const commit = headers.get('x-revision')?.slice(0, 8) ?? 'nothing';
    const answer = status === 200 ? `by ${commit}` : `by ${commit} with status ${status}`;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  const told = [...answers].map(([answer, times]) => `${times} ${answer}`).join(', ');
  say(`   (of 20 requests to production, answered: ${told})`);
}

async function tell(team: Team, greeting: string, url: string): Promise<void> {
  say('\n5. Programs of one’s own deploy; instead of staging, a canary gets 10, then 50 percent');
  team.write('app.txt', 'Hello\n');
  await expectExit(team.advance(601, team.commit('Say hello')), '0');

  say('\n   The next commit reads a file that is lost while the canary bakes');
  rmSync(join(team.folder, 'app.txt'));
  symlinkSync(greeting, join(team.folder, 'app.txt'));
  const bad = team.advance(602, team.commit('Read the greeting from the shared disk'));
  await bad.saw('bakes for');
  rmSync(greeting);
  say('   (the file is lost)');
  await ask(url);
  await expectExit(bad, '1');
  await ask(url);
}

export async function tellOnFolders(root: string, store: string): Promise<void> {
  const folders = join(root, 'folders');
  const greeting = join(root, 'shared', 'greeting.txt');
  mkdirSync(join(root, 'shared'));
  writeFileSync(greeting, 'Hello from the shared disk\n');
  const servers: Server[] = [
    await serve(folders, 'canary'),
    // Production's users: of their requests the canary gets its share.
    await serve(folders, 'production', 0, 'canary'),
  ];
  try {
    const [canary = '', production = ''] = servers.map(urlOf);
    const env = { FOLDERS: folders, PRODUCTION_CD_ENABLED: 'true', PIPELINE_STORE: store };
    const team = new Team(join(root, 'hello'), env);
    cpSync(example, join(team.folder, 'bin'), { recursive: true });
    team.write(
      'pipeline.yml',
      `app: acme-hello\nbranch: master\n${environment('canary', canary, ', steps: [10, 50]')}  bake: 1s\n${environment('production', production)}`,
    );
    await tell(team, greeting, production);
  } finally {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    rmSync(folders, { recursive: true, force: true });
  }
}
