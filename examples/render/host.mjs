#!/usr/bin/env node
/**
 * A service of Render as a place of Lockstep, by its API: `host.mjs SERVICE [IMAGE]`, with RENDER_API_KEY. With IMAGE the CI
 * has pushed IMAGE:COMMIT before; without, Render builds the commit itself, so pipeline.yml has to say `submits: commit`.
 * Switch auto-deploy off: two would deploy. Tried on a stand-in of the API only, not on Render.
 *
 * A deploy has no place for a key (https://api-docs.render.com/reference/create-deploy). What is to be deployed is written
 * into a variable of the service before it is asked for: its key, and which deploy was the newest. The first deploy after
 * that one, by the API and of that commit, is the key's: also where this program was killed in between.
 */
const [service, image] = process.argv.slice(2);
const { LOCKSTEP_OPERATION: operation, LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit } = process.env;
const { RENDER_API_URL: api = 'https://api.render.com/v1', RENDER_API_KEY: token } = process.env;
/** Should writing it make a deploy, that one has another trigger (https://api-docs.render.com/reference/update-env-var). */
const variable = '/env-vars/LOCKSTEP_DEPLOYS';
const requestMs = 30_000;
/** As the API lists them at most; older ones are not told of. */
const limit = 100;
const kept = 40;

/** Until it is live, `current` tells it as pending: nothing is waited for here. */
async function deploy() {
  const { LOCKSTEP_ARTIFACT: verified } = process.env;
  const list = await releases();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const imageUrl = verified ?? `${image}:${commit}`;
  const body = image === undefined ? { commitId: commit } : { imageUrl };
  return ask(list, { commit, trigger: 'api' }, '/deploys', body);
}

async function restore() {
  const list = await releases();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const to = list.find((one) => one.id === process.env.LOCKSTEP_RESTORE);
  if (to === undefined) return failed(`there is no ${process.env.LOCKSTEP_RESTORE} any more`);
  return ask(list, { commit: to.commit, trigger: 'rollback' }, '/rollback', { deployId: to.id });
}

async function ask(list, what, path, body) {
  const after = list[0]?.id ?? null;
  // What was asked for after the same deploy has never come to one.
  const before = (await asked()).filter((one) => one.after !== after);
  const value = JSON.stringify([{ key, after, ...what }, ...before].slice(0, kept));
  await call('PUT', variable, { value });
  await call('POST', path, body);
  return 0;
}

const asked = async () => JSON.parse((await call('GET', variable))?.value ?? '[]');

async function current() {
  const list = await releases();
  for (const release of list) say({ type: 'release', ...release });
  const running = list.find(({ state }) => state === 'running');
  const whole = list.length < limit;
  say({ type: 'end', releases: list.length, running: running?.id ?? null, whole });
  return 0;
}

/** The API says of an instance when it was made, not of which deploy: those made since the deploy was are counted as its own. */
async function health() {
  const list = await releases();
  const { suspended, serviceDetails: details = {} } = await call('GET', '');
  const { numInstances = 1, autoscaling } = details;
  const wanted = autoscaling?.enabled ? autoscaling.min : numInstances;
  const instances = await call('GET', '/instances');
  for (const { id, createdAt } of instances) {
    const ran = list.filter(({ state }) => state === 'running' || state === 'earlier');
    const release = ran.find(({ at }) => at <= createdAt)?.id ?? 'unknown';
    say({ type: 'instance', name: id, release, state: 'up', life: `${id} ${createdAt}` });
  }
  const { length } = instances;
  const end = { instances: length, up: length, wanted: suspended === 'suspended' ? 0 : wanted };
  say({ type: 'end', ...end });
  return 0;
}

/** Newest first, as the API has them (https://api-docs.render.com/reference/list-deploys). */
async function releases() {
  const deploys = (await call('GET', `/deploys?limit=${limit}`)).map(({ deploy }) => deploy);
  const keys = new Map();
  for (const { key: of, after, trigger, commit: what } of (await asked()).toReversed()) {
    const at = after === null ? deploys.length : deploys.findIndex(({ id }) => id === after);
    const made = deploys
      .slice(0, Math.max(0, at))
      .findLast((one) => one.trigger === trigger && commitOf(one) === what);
    if (made !== undefined) keys.set(made.id, of);
  }
  return deploys.map((one) => {
    const { id, status, trigger, createdAt } = one;
    const [of, ours] = [commitOf(one), keys.get(id) ?? null];
    return {
      id,
      number: Date.parse(createdAt),
      state: states[status] ?? 'pending',
      commit: of,
      artifact: artifactOf(one),
      at: createdAt,
      by: ours === null ? trigger : 'lockstep',
      key: ours,
      rollback: trigger === 'rollback',
    };
  });
}

/** Those that are not named are under way. */
const states = {
  live: 'running',
  deactivated: 'earlier',
  build_failed: 'failed',
  pre_deploy_failed: 'failed',
  update_failed: 'failed',
  canceled: 'failed',
};

function commitOf({ commit: built, image: pulled }) {
  const tag = pulled?.ref?.slice(pulled.ref.lastIndexOf(':') + 1) ?? '';
  return built?.id ?? (/^[0-9a-f]{40}$/.test(tag) ? tag : null);
}

function artifactOf(one) {
  const of = commitOf(one);
  const digest = /^sha256:[0-9a-f]{64}$/.exec(one.image?.sha ?? '')?.[0] ?? null;
  if (one.image?.ref) return { kind: 'image', id: one.image.ref, digest, commit: of };
  return { kind: of === null ? 'deploy' : 'commit', id: of ?? one.id, digest: null, commit: of };
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

/** Null: there is no such thing. What passes by itself is asked again (exit code 75). */
async function call(method, path, body) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(requestMs);
  const init = { method, headers, signal, ...(body && { body: JSON.stringify(body) }) };
  try {
    const response = await fetch(`${api}/services/${service}${path}`, init);
    const text = await response.text();
    if (response.ok) return text === '' ? null : JSON.parse(text);
    if (response.status === 404 && path === variable) return null;
    console.error(`${method} ${path}: ${response.status} ${text}`);
    process.exit(response.status === 429 || response.status >= 500 ? 75 : 1);
  } catch (error) {
    console.error(`${method} ${path}: ${error.cause?.message ?? error.message}`);
    process.exit(75);
  }
}

const programs = { deploy, current, health, restore };
process.exitCode = await programs[operation]();
