#!/usr/bin/env node
/**
 * An app of Fly.io as a place of Lockstep, by `fly`: `host.mjs APP IMAGE [OPTION OF fly deploy …]`. The CI has pushed
 * IMAGE:COMMIT before. A release has no place for a key. What is deployed, and what was before, is written into the
 * environment of the machines (`fly deploy --env`): each with its key, and which release was the newest then.
 * There is no going back but to deploy the old image again (https://fly.io/docs/blueprints/rollback-guide).
 * Tried on a stand-in of fly only, not on Fly.io.
 */
import { spawn } from 'node:child_process';

const [app, image, ...options] = process.argv.slice(2);
const { LOCKSTEP_OPERATION: operation, LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit } = process.env;
/** As many as `fly releases` lists. */
const limit = 25;
const variable = 'LOCKSTEP_DEPLOYS';
/** So many deploys are carried along. */
const kept = 10;
/** A `fly deploy` that was killed leaves its release under way for ever: after so long it counts as failed. */
const deployMs = 30 * 60_000;
/** What passes by itself is asked again (exit code 75). */
const passing =
  /connection re(fused|set)|no such host|i\/o timeout|TLS handshake timeout|context deadline exceeded|too many requests|\b(429|50[0234])\b/i;

async function deploy() {
  const { LOCKSTEP_ARTIFACT: verified } = process.env;
  const { list, asked } = await look();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  return roll(list, asked, { to: verified ?? `${image}:${commit}`, of: commit });
}

/** With the fly.toml and the secrets of today. */
async function restore() {
  const { list, asked } = await look();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const before = list.find(({ id }) => id === process.env.LOCKSTEP_RESTORE);
  if (before === undefined) return failed(`there is no ${process.env.LOCKSTEP_RESTORE} any more`);
  return roll(list, asked, { to: before.artifact.id, of: before.commit });
}

async function roll(list, asked, { to, of }) {
  const ours = { key, commit: of, operation, after: list[0]?.number ?? 0 };
  const env = `${variable}=${JSON.stringify([ours, ...asked].slice(0, kept))}`;
  await fly(['deploy', '--image', to, '--env', env, '--yes', ...options], { isShown: true });
  return 0;
}

async function current() {
  const { list } = await look();
  for (const release of list) say({ type: 'release', ...release });
  const running = list.find(({ state }) => state === 'running');
  const whole = list.length < limit;
  say({ type: 'end', releases: list.length, running: running?.id ?? null, whole });
  return 0;
}

/** Machines that Fly stopped for want of requests count as up: they start with the next one. */
async function health() {
  const { list, machines } = await look();
  const told = machines.map(({ id, state, instance_id, events = [], checks = [], ...machine }) => {
    const isUnwell = checks.some(({ status }) => status === 'critical');
    const starts = events.filter(({ type }) => type === 'start');
    return {
      type: 'instance',
      name: id,
      release: list.find(({ number }) => number === numberOf(machine))?.id ?? 'unknown',
      state: isUnwell || state === 'failed' ? 'crashed' : isUp.test(state) ? 'up' : 'starting',
      life: `${instance_id} started ${starts[0]?.timestamp ?? 'not yet'}`,
    };
  });
  for (const instance of told) say(instance);
  const up = told.filter(({ state }) => state === 'up').length;
  say({ type: 'end', instances: told.length, up, wanted: told.length });
  return 0;
}

const isUp = /^(started|stopped|suspended)$/;

/** The releases, newest first, and the machines of the app. */
async function look() {
  const [releases, all] = await Promise.all([
    fly(['releases', '--json']).then(JSON.parse),
    fly(['machine', 'list', '--json']).then(JSON.parse),
  ]);
  // Those that only run a release command or a console are of no release.
  const machines = all.filter(
    ({ state, config }) =>
      !/^(destroy|replac)/.test(state) &&
      config?.metadata?.fly_platform_version === 'v2' &&
      !config.metadata.fly_process_group?.startsWith('fly_app_'),
  );
  const [newest] = machines.sort((a, b) => numberOf(b) - numberOf(a));
  const asked = JSON.parse(newest?.config.env?.[variable] ?? '[]');
  const runs = releases.findIndex(isDone);
  const list = releases.map((one, i) => {
    const older = releases.slice(i + 1).filter(isDone);
    const isBack = older.some(isOf(commitOf(one))) && !isOf(commitOf(one))(older[0]);
    const ours = asked.find((deploy) => isFrom(deploy, one, older));
    return releaseOf(one, stateOf(one, i, runs), ours, isBack);
  });
  return { list, machines, asked };
}

const isDone = ({ Status }) => /^(complete|succeeded)$/.test(Status);
const isOf = (commit) => (one) => commitOf(one) === commit;
const numberOf = ({ config }) => Number(config.metadata.fly_release_version);

/** Of that deploy is what came after it was asked for, of its commit, until there was another one: new secrets, say. */
function isFrom({ commit: of, after }, release, older) {
  const since = older.filter(({ Version }) => Version > after);
  return release.Version > after && [release, ...since].every(isOf(of));
}

function stateOf(one, i, runs) {
  if (isDone(one)) return i === runs ? 'running' : 'earlier';
  const isOver = !/^(pending|running)$/.test(one.Status) || (runs !== -1 && i > runs);
  return isOver || Date.now() - Date.parse(one.CreatedAt) > deployMs ? 'failed' : 'pending';
}

function commitOf({ ImageRef }) {
  const [name] = ImageRef.split('@');
  const tag = name.slice(name.lastIndexOf(':') + 1);
  return /^[0-9a-f]{40}$/.test(tag) ? tag : null;
}

function releaseOf(one, state, ours, isBack) {
  const [of, id] = [commitOf(one), one.ImageRef];
  return {
    id: `v${one.Version}`,
    number: one.Version,
    state,
    commit: of,
    artifact: { kind: 'image', id, digest: id.split('@')[1] ?? null, commit: of },
    at: one.CreatedAt,
    by: one.User?.Email || 'fly',
    key: ours?.key ?? null,
    rollback: ours === undefined ? isBack : ours.operation === 'restore',
    description: one.Description ?? '',
  };
}

const say = (line) => console.log(JSON.stringify(line));

function released({ id }) {
  say({ type: 'release', id });
  return 0;
}

function failed(why) {
  console.error(why);
  return 1;
}

/** What a deploy says is shown as it comes. */
async function fly(args, { isShown = false } = {}) {
  const child = spawn('fly', [...args, '--app', app], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (some) => {
      said[name] += some;
      if (isShown) process.stderr.write(some);
    });
  }
  const code = await new Promise((end, reject) => child.on('error', reject).on('close', end));
  if (code === 0) return said.stdout;
  if (!isShown) console.error(said.stderr);
  process.exit(passing.test(said.stderr) ? 75 : 1);
}

const programs = { deploy, current, health, restore };
process.exitCode = await programs[operation]();
