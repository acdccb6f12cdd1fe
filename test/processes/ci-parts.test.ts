/**
 * What others put into their CI: the action of GitHub and the orb of CircleCI. Each is held against the CI's published schema,
 * and its shell parts run as the CI runs them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { faultsOfAction, faultsOfCircleci } from '../vendor-schemas.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-parts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that says how it was begun. */
const witness = `#!${process.execPath}\nconsole.log(JSON.stringify({ pid: process.pid, arguments: process.argv.slice(2) }));\nprocess.exitCode = 3;\n`;

interface Begun {
  readonly exit: number | null;
  readonly stderr: string;
  /** Whether the program is the very process that the CI began and sends its signals to. */
  readonly isEntry: boolean;
  readonly arguments: unknown;
}

/** As both CIs do it: the script in a file, bash that stops at the first failure. */
function bash(script: string, env: Record<string, string>, cwd: string): Begun {
  const file = join(folder, 'script.sh');
  writeFileSync(file, script);
  const { pid, status, stdout, stderr } = spawnSync(
    'bash',
    ['--noprofile', '--norc', '-eo', 'pipefail', file],
    {
      cwd,
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  const said = stdout === '' ? null : JSON.parse(stdout);
  return { exit: status, stderr, isEntry: said?.pid === pid, arguments: said?.arguments };
}

const odd = ['--reason', 'a "b" $(touch x) `c` *', '', '  ; exit 0'].join('\n');
const oddArguments = ['advance', '--reason', 'a "b" $(touch x) `c` *', '  ; exit 0'];

describe('the action of GitHub', () => {
  const action = parse(read('action.yml'));
  const steps: { run?: string; env?: Record<string, string> }[] = action.runs.steps;

  const faults = faultsOfAction();

  it.skipIf(faults === null)('is one by GitHub’s schema', () => {
    expect(faults?.(action)).toBeNull();
    expect(faults?.({ ...action, runs: {} })).not.toBeNull();
  });

  it('puts nothing that it is given into a script', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });

  it('hands over what the run gives to later steps', () => {
    const { outputs } = action;
    expect(Object.keys(outputs)).toEqual(['state', 'deploy', 'release', 'commit']);
    for (const [name, { value }] of Object.entries<{ value: string }>(outputs)) {
      expect(value).toBe(`\${{ steps.pipeline.outputs.${name} }}`);
    }
  });

  it('runs pipeline in its own place, with each line as an argument', () => {
    const place = join(folder, 'action');
    mkdirSync(join(place, 'bin'), { recursive: true });
    writeFileSync(join(place, 'bin/pipeline.js'), witness);
    const { run = '', env = {} } = steps.at(-1) ?? {};
    expect(Object.keys(env)).toEqual(['LOCKSTEP_COMMAND', 'LOCKSTEP_ARGUMENTS']);
    const begin = (lines: string) =>
      bash(
        run,
        { GITHUB_ACTION_PATH: place, LOCKSTEP_COMMAND: 'advance', LOCKSTEP_ARGUMENTS: lines },
        folder,
      );
    expect(begin(odd)).toMatchObject({ exit: 3, isEntry: true, arguments: oddArguments });
    expect(begin('')).toMatchObject({ exit: 3, isEntry: true, arguments: ['advance'] });
  });

  it('installs what is in the package’s scripts', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const script = steps.find(({ run }) => run?.includes('npm ci'))?.run ?? '';
    expect(script.match(/npm run (\w+)/)?.[1]).toSatisfy((name: string) => name in scripts);
  });
});

/** As `circleci orb pack` does it: folders and files become keys, and scripts come in where they are included. */
function packed(): Record<string, unknown> {
  const source = join(root, 'orb/src');
  const included = (text: string) =>
    JSON.parse(
      JSON.stringify(parse(text)).replace(/"<<include\(([^)]+)\)>>"/g, (_, file: string) =>
        JSON.stringify(readFileSync(join(source, file), 'utf8')),
      ),
    );
  const orb = included(readFileSync(join(source, '@orb.yml'), 'utf8'));
  for (const part of ['commands', 'jobs', 'executors', 'examples']) {
    const files = readdirSync(join(source, part)).map((name) => [
      basename(name, '.yml'),
      included(readFileSync(join(source, part, name), 'utf8')),
    ]);
    orb[part] = Object.fromEntries(files);
  }
  return orb;
}

describe('the orb of CircleCI', () => {
  const orb = packed() as {
    commands: {
      pipeline: { parameters: object; steps: { run: { command: string; environment: object } }[] };
    };
    jobs: { deploy: { parameters: object; steps: unknown[] } };
    executors: object;
    examples: { deploy: { usage: { workflows: { main: { jobs: unknown[] } } } } };
  };
  const script = orb.commands.pipeline.steps[0]?.run.command ?? '';

  const faults = faultsOfCircleci();

  it.skipIf(faults === null)(
    'is one by CircleCI’s schema, as a configuration that has it within',
    () => {
      const { commands, jobs, executors } = orb;
      const { usage } = orb.examples.deploy;
      const test = { docker: [{ image: 'cimg/ruby:3.4' }], steps: ['checkout'] };
      const whole = { ...usage, orbs: { lockstep: { commands, jobs, executors } }, jobs: { test } };
      expect(faults?.(whole)).toBeNull();
      expect(faults?.({ ...whole, jobs: { test: {} } })).not.toBeNull();
    },
  );

  it('has a parameter for whatever its steps name', () => {
    for (const part of [orb.commands.pipeline, orb.jobs.deploy]) {
      const named = [...JSON.stringify(part).matchAll(/<<parameters\.(\w+)>>/g)].map(
        ([, name]) => name,
      );
      expect(named.length).toBeGreaterThan(2);
      expect(Object.keys(part.parameters)).toEqual(expect.arrayContaining(named));
    }
  });

  it('puts nothing that it is given into its script, which the shell takes', () => {
    expect(script).not.toContain('<<parameters');
    execFileSync('bash', ['-n'], { input: script });
  });

  it('runs the pipeline that the repository has, with each line as an argument', () => {
    const place = join(folder, 'project');
    const bin = join(place, 'node_modules/.bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{}');
    writeFileSync(join(bin, 'lockstep'), witness, { mode: 0o755 });
    const given = { LOCKSTEP_COMMAND: 'advance', LOCKSTEP_ARGUMENTS: odd, LOCKSTEP_PACKAGE: '' };
    expect(bash(script, given, place)).toMatchObject({ exit: 3, arguments: oddArguments });
  });

  it('runs a package that is a file beside the project, and leaves nothing in the project', () => {
    const made = join(folder, 'made');
    const place = join(folder, 'rails');
    for (const one of [made, place]) mkdirSync(one, { recursive: true });
    const about = { name: 'lockstep', version: '0.1.0', bin: { lockstep: 'bin.js' } };
    writeFileSync(join(made, 'package.json'), JSON.stringify(about));
    writeFileSync(join(made, 'bin.js'), witness, { mode: 0o755 });
    execFileSync('npm', ['pack', '--silent', '--pack-destination', place], { cwd: made });
    const given = { LOCKSTEP_ARGUMENTS: '<nil>', LOCKSTEP_PACKAGE: './lockstep-0.1.0.tgz' };
    expect(bash(script, given, place)).toMatchObject({
      ...{ exit: 3, isEntry: true, arguments: ['advance'] },
    });
    expect(readdirSync(place)).toEqual(['lockstep-0.1.0.tgz']);
  });

  it('refuses to run on several nodes at once', () => {
    const begun = bash(script, { CIRCLE_NODE_TOTAL: '2' }, folder);
    expect(begun.exit).toBe(2);
    expect(begun.stderr).toContain('parallelism');
  });
});
