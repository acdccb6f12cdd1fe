/** How the command is written down: never so that a package of a stranger could run in its place. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** `npx` and its kin, except where they are told to run only what is installed. */
const couldFetch =
  /\b(?:npx|pnpx|bunx|(?:npm|pnpm|yarn|bun) (?:exec|x|dlx|create|init))\b(?! --no )(?=\s+[\w@.-])/g;

it('writes no command that could fetch a package of that name', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const found = files
    .filter((file) => file !== '' && !/package-lock\.json$|command-name\.test\.ts$/.test(file))
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, at) => (line.match(couldFetch) ? [`${file}:${at + 1}: ${line}`] : [])),
    );
  expect(found).toEqual([]);
});

it.each([
  'npx pipeline advance',
  'npx --yes pipeline',
  'npx -y pipeline',
  'npm exec pipeline',
  'npm exec -- pipeline',
  'npm x pipeline',
  'pnpm dlx pipeline',
  'yarn dlx pipeline',
  'bunx pipeline',
  'bun x pipeline',
  'npm create pipeline',
  'npm init pipeline',
])('finds `%s`', (line) => {
  expect(line).toMatch(couldFetch);
});

it.each(['npx --no lockstep advance', 'scripts and `npx` use that one', 'npm ci'])(
  'leaves `%s` alone',
  (line) => {
    expect(line).not.toMatch(couldFetch);
  },
);

/** A registry on loopback in which strangers own the names `lockstep` and `pipeline`. */
let registry: { url: string; tarballs: string[]; close: () => void };
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'command-name-'));
  const packed = new Map(['lockstep', 'pipeline'].map((name) => [name, packStranger(name)]));
  const tarballs: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').split('/')[1] ?? '';
    const file = packed.get(name);
    if (file === undefined) return void response.writeHead(404).end('{}');
    if (request.url?.endsWith('.tgz')) {
      tarballs.push(name);
      return void response.end(file);
    }
    const tarball = `${registry.url}/${name}/stranger.tgz`;
    const version = { name, version: '9.9.9', bin: { [name]: 'run.js' }, dist: { tarball } };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: '9.9.9' },
        versions: { '9.9.9': version },
      }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  registry = {
    url: `http://127.0.0.1:${port}`,
    tarballs,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
});

afterAll(() => {
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

function packStranger(name: string): Buffer {
  const at = join(folder, `stranger-${name}`);
  mkdirSync(at);
  const manifest = { name, version: '9.9.9', bin: { [name]: 'run.js' } };
  writeFileSync(join(at, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(at, 'run.js'), '#!/usr/bin/env node\nconsole.log("a stranger ran");\n');
  const packed = execFileSync('npm', ['pack', '--json', '--silent'], { cwd: at, encoding: 'utf8' });
  const [tarball] = Object.values(JSON.parse(packed)) as { filename: string }[];
  return readFileSync(join(at, tarball?.filename ?? ''));
}

let projects = 0;
/** Runs `npx` in a new project with an empty cache; `installed` links this repository's bins into it. */
async function npx(args: readonly string[], installed = false) {
  const project = join(folder, `project-${projects++}`);
  mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{"name":"web","private":true}');
  if (installed) {
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const [name, file] of Object.entries(bin)) {
      symlinkSync(join(root, String(file)), join(project, 'node_modules', '.bin', name));
    }
  }
  registry.tarballs.length = 0;
  const child = spawn('npx', args, {
    cwd: project,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: project,
      npm_config_registry: registry.url,
      npm_config_cache: join(project, 'cache'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const exit = await new Promise((done) => child.on('close', done));
  return { exit, output, fetched: [...registry.tarballs] };
}

it('runs a stranger by the form that the documents avoid', async () => {
  const ran = await npx(['--yes', 'pipeline', 'advance']);
  expect(ran.output).toContain('a stranger ran');
  expect(ran.fetched).toEqual(['pipeline']);
});

it('fetches and runs nothing by the form that the documents use, where it is not installed', async () => {
  const ran = await npx(['--no', 'lockstep', 'advance']);
  expect(ran.output).not.toContain('a stranger ran');
  expect(ran.fetched).toEqual([]);
  expect(ran.exit).not.toBe(0);
});

it('runs what is installed by the form that the documents use', async () => {
  const ran = await npx(['--no', 'lockstep', 'advance', '--help'], true);
  expect(ran).toMatchObject({ exit: 0, fetched: [] });
  expect(ran.output).toContain('Usage: pipeline advance');
});
