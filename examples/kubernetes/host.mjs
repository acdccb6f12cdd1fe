#!/usr/bin/env node
/**
 * A Deployment of Kubernetes as a place of Lockstep, by `kubectl`: `host.mjs DEPLOYMENT CONTAINER IMAGE`. The CI has pushed
 * IMAGE:COMMIT before. Each change of the pod template makes a revision; key and commit stand in its annotations, so that
 * they live and die with the revision. Tried on a stand-in of kubectl only, not on a cluster.
 */
import { spawnSync } from 'node:child_process';

const [deployment, container, image] = process.argv.slice(2);
const { LOCKSTEP_OPERATION: operation, LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit } = process.env;
const revisionOf = 'deployment.kubernetes.io/revision';
const ours = (name) => `lockstep/${name}`;
/** A cluster that cannot be reached, or refuses for a while, is asked again (exit code 75). */
const passing =
  /connection refused|i\/o timeout|TLS handshake timeout|too many requests|etcdserver/i;

function deploy() {
  const { LOCKSTEP_ARTIFACT: verified } = process.env;
  const known = releases().find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  return roll({ image: verified ?? `${image}:${commit}`, commit, rollback: 'false' });
}

function restore() {
  const known = releases().find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const to = releases().find((one) => one.id === process.env.LOCKSTEP_RESTORE);
  if (to === undefined) return refused(`there is no ${process.env.LOCKSTEP_RESTORE} any more`);
  return roll({ image: to.artifact.id, commit: to.commit ?? '', rollback: 'true' });
}

/** Image and annotations in one patch: one revision, which carries its key from its first moment. */
function roll({ image: to, commit: of, rollback }) {
  const annotations = {
    [ours('image')]: to,
    [ours('key')]: key,
    [ours('commit')]: of,
    [ours('rollback')]: rollback,
    [ours('by')]: process.env.USER ?? 'ci',
    // One that failed is tried again under its key: without a change of the template there would be no revision.
    [ours('at')]: new Date().toISOString(),
  };
  const spec = { containers: [{ name: container, image: to }] };
  const patch = { spec: { template: { metadata: { annotations }, spec } } };
  kubectl('patch', 'deployment', deployment, '--type=strategic', '-p', JSON.stringify(patch));
  // It says how it goes, and fails where the cluster gives up; by itself nothing is rolled back.
  kubectl('rollout', 'status', `deployment/${deployment}`, '--timeout=15m');
  const made = releases().find((one) => one.key === key);
  return made === undefined ? refused('the revision is not listed') : released(made);
}

function current() {
  const list = releases();
  for (const release of list) say({ type: 'release', ...release });
  const running = list.find(({ state }) => state === 'running');
  const whole = list.length === 0 || list.some(({ number }) => number === 1);
  say({ type: 'end', releases: list.length, running: running?.id ?? null, whole });
  return 0;
}

function health() {
  const whole = get('deployment', deployment);
  const { spec } = whole;
  const sets = new Map(replicaSets(whole).map((set) => [set.metadata.name, idOf(set)]));
  const pods = get('pods', '-l', selectorOf(spec)).items.filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
  const told = pods.map(({ metadata: { name, uid, ownerReferences = [] }, status }) => {
    const [{ restartCount = 0, state = {} } = {}] = status.containerStatuses ?? [];
    const isReady = status.conditions?.some(
      ({ type, status: is }) => type === 'Ready' && is === 'True',
    );
    const isCrashed =
      state.terminated !== undefined || state.waiting?.reason === 'CrashLoopBackOff';
    return {
      type: 'instance',
      name,
      release: sets.get(ownerReferences[0]?.name) ?? 'unknown',
      state: isReady ? 'up' : isCrashed ? 'crashed' : 'starting',
      life: `${uid} restarted ${restartCount}`,
    };
  });
  for (const instance of told) say(instance);
  const up = told.filter(({ state }) => state === 'up').length;
  say({ type: 'end', instances: told.length, up, wanted: spec.replicas });
  return 0;
}

/** Newest first. A revision that never came to be available, and was rolled over, cannot be told from one that ran. */
function releases() {
  const whole = get('deployment', deployment);
  const newest = Number(whole.metadata.annotations?.[revisionOf] ?? 0);
  const sets = replicaSets(whole).sort((a, b) => numberOf(b) - numberOf(a));
  const isDone = isRolledOut(whole);
  const isGivenUp = whole.status.conditions?.some(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  );
  const runs = sets.find((set) => isDone || numberOf(set) < newest);
  return sets.map((set) => {
    const { metadata, spec } = set.spec.template;
    const [{ image: id }] = spec.containers.filter(({ name }) => name === container);
    // Somebody who sets another image leaves our annotations as they were: they are of the image that they name.
    const isOurs = metadata.annotations?.[ours('image')] === id;
    const annotations = isOurs ? metadata.annotations : {};
    const tag = id.slice(id.lastIndexOf(':') + 1);
    const of = annotations[ours('commit')] || (/^[0-9a-f]{40}$/.test(tag) ? tag : null);
    // `kubectl rollout undo` takes an old replica set again, under a new number.
    const isUndone =
      set.metadata.annotations['deployment.kubernetes.io/revision-history'] !== undefined;
    const isNewest = numberOf(set) === newest && !isDone;
    return {
      id: idOf(set),
      number: numberOf(set),
      state: set === runs ? 'running' : isNewest ? (isGivenUp ? 'failed' : 'pending') : 'earlier',
      commit: of,
      artifact: { kind: 'image', id, digest: digestIn(id), commit: of },
      at: set.metadata.creationTimestamp,
      by: isUndone ? 'kubectl' : (annotations[ours('by')] ?? 'kubectl'),
      key: isUndone ? null : (annotations[ours('key')] ?? null),
      rollback: isUndone || annotations[ours('rollback')] === 'true',
    };
  });
}

function isRolledOut({ metadata, spec, status }) {
  const { observedGeneration, updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const isSeen = observedGeneration >= metadata.generation;
  const isNew = updatedReplicas >= spec.replicas && replicas <= updatedReplicas;
  return isSeen && isNew && availableReplicas >= updatedReplicas;
}

function replicaSets({ spec }) {
  const { items } = get('replicasets', '-l', selectorOf(spec));
  return items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(
      ({ kind, name }) => kind === 'Deployment' && name === deployment,
    ),
  );
}

const numberOf = (set) => Number(set.metadata.annotations[revisionOf]);
const idOf = (set) => `${set.metadata.name}@${numberOf(set)}`;
const digestIn = (name) => /@(sha256:[0-9a-f]{64})$/.exec(name)?.[1] ?? null;
const selectorOf = ({ selector: { matchLabels } }) =>
  Object.entries(matchLabels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
const say = (line) => console.log(JSON.stringify(line));
const get = (...args) => JSON.parse(kubectl('get', ...args, '-o', 'json'));

function released({ id }) {
  say({ type: 'release', id });
  return 0;
}

function refused(why) {
  console.error(why);
  return 10;
}

function kubectl(...args) {
  const { status, stdout, stderr, error } = spawnSync('kubectl', args, { encoding: 'utf8' });
  if (status === 0) return stdout;
  console.error(error?.message ?? stderr);
  process.exit(passing.test(stderr ?? '') ? 75 : 1);
}

const programs = { deploy, current, health, restore };
process.exitCode = programs[operation]();
