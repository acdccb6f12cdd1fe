/** What a set-up finds of a team's programs, and what a check-up says of them: real scripts in a repository's folder. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandKind } from '../../../../src/effects/targets/command/kind.ts';
import type { ExaminedPlace, SurveyInput } from '../../../../src/effects/targets/survey.ts';
import { settingsOf } from '../../../targets/command-world.ts';
import { PlayedHost } from './played-host.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'survey-'));
  mkdirSync(join(root, 'bin'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const script = (name: string, text = '', mode = 0o755): void => {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, 'bin', name), mode);
};
const input = (): SurveyInput => ({
  app: 'web',
  values: {},
  around: { root, env: { PATH: process.env.PATH } },
});
const ports = () => new PlayedHost().ports();

describe('a set-up', () => {
  const discovered = async () => (await commandKind.surveyor()).discover(input(), ports());
  const words = ['kubectl', 'bin/deploy'];

  it('proposes all programs that there are, restore by itself', async () => {
    for (const name of ['restore', 'health', 'deploy', 'current']) script(name);
    const settings = { deploy: 'bin/deploy', current: 'bin/current', health: 'bin/health' };
    const place = { settings, url: null, tellsInstances: true };
    expect(await discovered()).toEqual({
      lanes: [{ name: 'web', likeliness: 0, staging: place, production: place }],
      notes: [
        'programs: bin/deploy, bin/current, bin/health, bin/restore; docs/targets.md says what each is told and has to answer',
      ],
      todo: [],
      deployWords: words,
    });
  });

  it('waives what cannot be known where nothing tells what runs', async () => {
    script('deploy');
    script('current', '', 0o644);
    const settings = { deploy: 'bin/deploy', waive: ['order', 'rollback'] };
    const place = { settings, url: null, tellsInstances: false };
    expect(await discovered()).toMatchObject({
      lanes: [{ staging: place, production: place }],
      notes: [expect.stringMatching(/^programs: bin\/deploy; /)],
    });
  });

  it('waives nothing where something does, though nothing tells of instances', async () => {
    for (const name of ['deploy', 'current']) script(name);
    const settings = { deploy: 'bin/deploy', current: 'bin/current' };
    const place = { settings, url: null, tellsInstances: false };
    const [lane] = (await discovered()).lanes;
    expect([lane?.staging, lane?.production]).toEqual([place, place]);
  });

  it.each<[string, () => void]>([
    ['there is none', () => script('current')],
    ['it may not be executed', () => script('deploy', '', 0o644)],
  ])('proposes nothing without a program that deploys: %s', async (_, happens) => {
    happens();
    expect(await discovered()).toEqual({
      lanes: [],
      notes: ['no program bin/deploy that may be executed'],
      todo: [],
      deployWords: words,
    });
  });
});

describe('a check-up', () => {
  const place = (over: Readonly<Record<string, string[] | null>> = {}): ExaminedPlace => ({
    role: 'production',
    target: settingsOf('production', {
      deploy: ['bin/deploy'],
      current: ['bin/current'],
      health: null,
      restore: null,
      ...over,
    }),
    givenBy: null,
    waivesInstances: false,
  });
  const diagnosed = async (...places: readonly ExaminedPlace[]) =>
    (await commandKind.surveyor()).diagnose({ branch: 'main', places }, input(), ports());
  const found = async (...places: readonly ExaminedPlace[]) => {
    const [diagnosis] = await diagnosed(...places);
    return diagnosis?.look();
  };
  const says = (...lines: readonly object[]) =>
    lines.map((line) => `echo '${JSON.stringify(line)}'`).join('\n');
  const end = { type: 'end', releases: 0, running: null, whole: true };
  const runs = {
    type: 'release',
    id: '7',
    version: 'v7',
    number: 7,
    state: 'running',
    commit: null,
    artifact: { kind: 'image', id: 'web', commit: null },
    at: '2026-01-05T10:00:00Z',
    by: 'ana',
    key: null,
    rollback: false,
  };

  it('asks nothing where the lane has no such place', async () => {
    expect(await diagnosed()).toEqual([]);
  });

  it('says what it looks at, and why', async () => {
    expect(await diagnosed(place())).toMatchObject([
      {
        id: 'command.programs',
        subject: 'the programs of the lane’s places',
        why: 'A deploy asks them what runs there, and has them release.',
      },
    ]);
  });

  it('says of each place what runs there', async () => {
    script('deploy');
    script('none', says(end));
    script('current', says(runs, { ...end, releases: 1, running: '7' }));
    expect(await found(place(), place({ current: ['bin/none'] }))).toEqual([
      { verdict: 'ok', found: 'acme-production runs release v7', remedy: null },
      { verdict: 'ok', found: 'acme-production runs nothing yet', remedy: null },
    ]);
  });

  it('warns where nothing tells what runs', async () => {
    script('deploy');
    expect(await found(place({ current: null }))).toEqual([
      {
        verdict: 'warning',
        found: 'acme-production: nothing tells what runs there; order and going back are waived',
        remedy: 'Name a program under production.command.current that tells it (docs/targets.md).',
      },
    ]);
  });

  it.each<[string, string, string, () => void]>([
    [
      'one is missing',
      'acme-production: bin/deploy is not there',
      'Paths are from the repository’s root. Commit it, executable: git update-index --chmod=+x bin/deploy',
      () => {},
    ],
    [
      'one fails',
      'acme-production: bin/current ended with exit code 3',
      'no such host',
      () => {
        script('deploy');
        script('current', 'echo no such host >&2; exit 3');
      },
    ],
    [
      'one answers wrongly',
      'acme-production: bin/current: its list has no `end` line',
      'docs/targets.md says what it has to answer. Nothing is concluded from this answer.',
      () => {
        script('deploy');
        script('current');
      },
    ],
  ])('says as an error, with its remedy, that %s', async (_, what, remedy, happens) => {
    happens();
    expect(await found(place())).toEqual([{ verdict: 'error', found: what, remedy }]);
  });

  it('says nothing of a fault of its own', async () => {
    const broken = { ...place(), target: { ...place().target, settings: {} } };
    await expect(found(broken)).rejects.toThrow(/invalid/i);
  });
});
