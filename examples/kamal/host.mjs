#!/usr/bin/env node
/**
 * An app of Kamal as a place of Lockstep: `host.mjs SERVICE ROLE [-d DESTINATION]`. The CI has pushed the image before, by
 * `kamal build push --version COMMIT`. Each boot, `kamal rollback` too, makes a container; its docker labels carry the key,
 * by two lines in config/deploy.yml, which Kamal reads as ERB (https://kamal-deploy.org/docs/configuration/overview):
 *
 *     labels:
 *       lockstep.key: "<%= ENV["LOCKSTEP_KEY"] %>"
 *       lockstep.operation: "<%= ENV["LOCKSTEP_OPERATION"] %>"
 *
 * Tried on a stand-in of kamal only, not on servers.
 */
import { spawn } from 'node:child_process';

const [service, role, ...destination] = process.argv.slice(2);
const { LOCKSTEP_OPERATION: operation, LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit } = process.env;
/** `kamal prune` keeps so many containers that are stopped: `retain_containers`, where config/deploy.yml has another number. */
const retained = 5;
/** So long a container may be up that gets no requests yet; one that is older was left by a Kamal that was killed. */
const bootMs = 10 * 60_000;
/** What passes by itself is asked again (exit code 75): the network, and another deploy that holds Kamal's lock. */
const passing =
  /ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ConnectionTimeout|Net::SSH::Disconnect|getaddrinfo|too many requests|Deploy lock found/i;

async function deploy() {
  const { LOCKSTEP_ARTIFACT: verified } = process.env;
  const known = (await releases()).find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const version = verified === undefined ? commit : tagOf(verified);
  await kamal(['deploy', '--skip-push', `--version=${version}`]);
  return made();
}

async function restore() {
  const list = await releases();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const to = list.find((one) => one.id === process.env.LOCKSTEP_RESTORE);
  if (to === undefined) return failed(`there is no ${process.env.LOCKSTEP_RESTORE} any more`);
  await kamal(['rollback', tagOf(to.artifact.id)]);
  return made();
}

/** `kamal rollback` ends with exit code 0 also where no server has such a container any more: what runs is looked at. */
async function made() {
  const release = (await releases()).find((one) => one.key === key && one.state === 'running');
  if (release !== undefined) return released(release);
  return failed(
    `kamal has ended, but no container of ${key} runs: see above, and the labels in config/deploy.yml`,
  );
}

async function current() {
  const list = await releases();
  for (const release of list) say({ type: 'release', ...release });
  const running = list.find(({ state }) => state === 'running');
  const whole = list.length < retained;
  say({ type: 'end', releases: list.length, running: running?.id ?? null, whole });
  return 0;
}

/** Every server of the role; that one cannot be reached is an error, and not an instance less. */
async function health() {
  const list = await releases();
  const servers = await look('--roles', role);
  const told = servers.flatMap(({ host, containers }) =>
    containers.filter(isUp).map(({ name, id, image, labels, state }) => {
      // Each server has containers of its own; a release is called after that of the primary server.
      const isOf = (one) => one.artifact.id === image && one.key === (labels[ourKey] || null);
      const isCrashed = state.Restarting || state.Health?.Status === 'unhealthy';
      const isStarting = state.Health?.Status === 'starting';
      return {
        type: 'instance',
        name: `${host}${name}`,
        release: list.find(isOf)?.id ?? 'unknown',
        state: isCrashed ? 'crashed' : isStarting ? 'starting' : 'up',
        life: `${id.slice(0, 12)} started ${state.StartedAt}`,
      };
    }),
  );
  for (const instance of told) say(instance);
  const up = told.filter(({ state }) => state === 'up').length;
  say({ type: 'end', instances: told.length, up, wanted: servers.length });
  return 0;
}

/** The containers of the primary server, newest first: what gets the requests is what kamal-proxy names as its target. */
async function releases() {
  const [{ containers, proxied }] = await look('--primary');
  const runs = containers.find(proxied) ?? containers.find(isUp);
  const isNewer = (one) => runs === undefined || one.created > runs.created;
  // Whatever took over was there when the one before it was stopped. What an older one outlived never took over.
  const isOutlived = (one, older) => older.some((other) => endOf(other) > endOf(one));
  const states = containers.map((one, i) => {
    if (one === runs) return 'running';
    if (isNewer(one) && isUp(one))
      return Date.now() - Date.parse(one.created) < bootMs ? 'pending' : 'failed';
    return isOutlived(one, containers.slice(i + 1)) ? 'failed' : 'earlier';
  });
  const ran = containers.filter((_, i) => states[i] !== 'failed');
  return containers.map((one, i) => {
    const { id, created, image, labels } = one;
    const of = /^[0-9a-f]{40}$/.test(tagOf(image)) ? tagOf(image) : null;
    const before = ran.slice(ran.indexOf(one) + 1).map((other) => other.image);
    const isBack = before.includes(image) && before[0] !== image;
    const ours = labels[ourKey] || null;
    return {
      id: id.slice(0, 12),
      number: Date.parse(created),
      state: states[i],
      commit: of,
      artifact: { kind: 'image', id: image, digest: null, commit: of },
      at: created,
      by: ours === null ? 'kamal' : 'lockstep',
      key: ours,
      rollback: ours === null ? isBack : labels['lockstep.operation'] === 'restore',
    };
  });
}

/** Nothing of their environment: it has secrets. */
const format = `{"id":{{json .Id}},"name":{{json .Name}},"created":{{json .Created}},"image":{{json .Config.Image}},"labels":{{json .Config.Labels}},"state":{{json .State}}}`;

/** What kamal-proxy sends requests to, and the containers, of each server. Kamal writes a line into its audit log for it. */
async function look(...servers) {
  const filters = `--filter label=service=${service} --filter label=role=${role} --filter label=destination=${destination[1] ?? ''}`;
  const command = [
    'echo server: $(hostname)',
    'docker exec kamal-proxy kamal-proxy list',
    `docker ps -aq ${filters} | xargs -r docker inspect --format '${format}'`,
  ].join('; ');
  const text = await kamal(['server', 'exec', ...servers, command], { isShown: false });
  const [, ...parts] = text.split(/^server: /m);
  return parts.map((part) => {
    const [host, ...lines] = part.split('\n');
    const containers = lines
      .filter((line) => line.startsWith('{"id":'))
      .map((line) => JSON.parse(line))
      .sort((a, b) => Date.parse(b.created) - Date.parse(a.created));
    return { host, containers, proxied: ({ id }) => part.includes(`${id.slice(0, 12)}:`) };
  });
}

const ourKey = 'lockstep.key';
const isUp = ({ state }) => state.Running || state.Restarting;
const endOf = (one) => (isUp(one) ? Infinity : Date.parse(one.state.FinishedAt));
const tagOf = (image) => image.slice(image.lastIndexOf(':') + 1);
const say = (line) => console.log(JSON.stringify(line));

function released({ id }) {
  say({ type: 'release', id });
  return 0;
}

function failed(why) {
  console.error(why);
  return 1;
}

/** Kamal says everything on its standard output, what is wrong too; as it comes, it is shown to whoever watches. */
async function kamal(args, { isShown = true } = {}) {
  const child = spawn('kamal', [...args, ...destination], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (some) => {
      text += some;
      if (isShown) process.stderr.write(some);
    });
  }
  const code = await new Promise((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  if (code === 0) return text;
  if (!isShown) console.error(text);
  process.exit(passing.test(text) ? 75 : 1);
}

const programs = { deploy, current, health, restore };
process.exitCode = await programs[operation]();
