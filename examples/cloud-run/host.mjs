#!/usr/bin/env node
/**
 * A service of Cloud Run as a place of Lockstep, by `gcloud`: `host.mjs SERVICE REGION IMAGE`. The CI has pushed IMAGE:COMMIT
 * before. A release is a revision; key and commit stand in its annotations. The service is replaced as a whole
 * (https://cloud.google.com/run/docs/reference/yaml/v1): revision, annotations and traffic in one write. So a revision gets
 * all of the traffic also where somebody has pinned it by `--to-revisions`, and gets it only once it is ready.
 * Tried on a stand-in of gcloud only, not on Cloud Run.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const [service, region, image] = process.argv.slice(2);
const { LOCKSTEP_OPERATION: operation, LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit } = process.env;
const ours = (name) => `lockstep/${name}`;
/** How many revisions are told. */
const limit = 50;
/** What passes by itself is asked again (exit code 75); a conflict is with somebody who changed the service at that moment. */
const passing =
  /RESOURCE_EXHAUSTED|UNAVAILABLE|ABORTED|Conflict|Connection|timed out|Max retries|\b(409|429|50[0234])\b/i;

/** Until Cloud Run is done with it, `current` tells it as pending: nothing is waited for here. */
async function deploy() {
  const { LOCKSTEP_ARTIFACT: verified } = process.env;
  const { list, whole } = await look();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const { spec } = whole.spec.template;
  return roll(whole, spec, { image: verified ?? `${image}:${commit}`, commit });
}

/** A new revision of what the old one was, its environment too; scaling stays as it is today. */
async function restore() {
  const { list, whole } = await look();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const to = list.find((one) => one.id === process.env.LOCKSTEP_RESTORE);
  if (to === undefined) return failed(`there is no ${process.env.LOCKSTEP_RESTORE} any more`);
  return roll(whole, to.spec, { image: to.artifact.id, commit: to.commit ?? '' });
}

async function roll({ status, ...whole }, { containers: [first, ...others], ...spec }, to) {
  const name = `${service}-${to.commit.slice(0, 7) || 'back'}-g${whole.metadata.generation + 1}`;
  const { metadata = {} } = whole.spec.template;
  const annotations = {
    ...metadata.annotations,
    // Whatever is made of this template by hand keeps our annotations, but has another name.
    [ours('revision')]: name,
    [ours('key')]: key,
    [ours('commit')]: to.commit,
    [ours('operation')]: operation,
  };
  const template = {
    metadata: { ...metadata, name, annotations },
    spec: { ...spec, containers: [{ ...first, image: to.image }, ...others] },
  };
  // Tags stay; its version in `metadata` makes sure that nobody has changed it since it was read.
  const tagged = (whole.spec.traffic ?? []).filter(({ tag }) => tag !== undefined);
  const previews = tagged.map(({ percent, ...one }) => one);
  const traffic = [{ revisionName: name, percent: 100 }, ...previews];
  const folder = await mkdtemp(join(tmpdir(), 'service-'));
  const file = join(folder, 'service.yaml');
  // JSON is YAML, too.
  await writeFile(file, JSON.stringify({ ...whole, spec: { ...whole.spec, template, traffic } }));
  await gcloud('services', 'replace', file, '--async');
  await rm(folder, { recursive: true });
  return 0;
}

async function current() {
  const { list } = await look();
  for (const { spec, ...release } of list) say({ type: 'release', ...release });
  const running = list.find(({ state }) => state === 'running');
  const whole = list.length < limit;
  say({ type: 'end', releases: list.length, running: running?.id ?? null, whole });
  return 0;
}

/** Cloud Run starts instances as requests come, and lists none: the revision as a whole counts as one. */
async function health() {
  const { list, whole } = await look();
  const { id } = list.find(({ state }) => state === 'running') ?? { id: 'unknown' };
  const isUp = conditionOf(whole, 'RoutesReady') === 'True';
  const state = isUp ? 'up' : 'starting';
  say({ type: 'instance', name: service, release: id, state, life: `revision ${id}` });
  say({ type: 'end', instances: 1, up: isUp ? 1 : 0, wanted: 1 });
  return 0;
}

/** The service, and its releases, newest first. */
async function look() {
  const [whole, revisions] = await Promise.all([
    gcloud('services', 'describe', service, '--format=json').then(JSON.parse),
    gcloud('revisions', 'list', '--service', service, '--format=json').then(JSON.parse),
  ]);
  const traffic = whole.status.traffic ?? [];
  const served = traffic.filter(({ percent }) => percent > 0);
  if (served.length > 1) {
    console.error('the traffic is split between revisions: what runs cannot be told');
    process.exit(1);
  }
  const tagged = traffic.filter(({ tag }) => tag !== undefined).map((one) => one.revisionName);
  const asked = (whole.spec.traffic ?? []).find(({ percent }) => percent === 100);
  const next = asked?.revisionName ?? whole.status.latestCreatedRevisionName;
  const sorted = revisions.sort((a, b) => numberOf(b) - numberOf(a)).slice(0, limit);
  const runs = sorted.findIndex(({ metadata }) => metadata.name === served[0]?.revisionName);
  const stateOf = (one, i) => {
    const { name } = one.metadata;
    const ready = conditionOf(one, 'Ready');
    if (i === runs) return 'running';
    if (ready === 'False') return 'failed';
    if (runs !== -1 && i > runs) return 'earlier';
    if (ready !== 'True' || name === next) return 'pending';
    // Of the newer ones that are ready, a preview under a tag has not run; another one had the traffic before.
    return tagged.includes(name) ? 'preview' : 'earlier';
  };
  const list = sorted.map((one, i) => releaseOf(one, stateOf(one, i)));
  return { whole, list: withBack(list).filter(({ state }) => state !== 'preview') };
}

/** Where an older revision has the traffic again, somebody went back: that is a release, too, without a revision of its own. */
function withBack(list) {
  const runs = list.findIndex(({ state }) => state === 'running');
  const last = list.slice(0, Math.max(0, runs)).find(({ state }) => state === 'earlier');
  if (last === undefined) return list;
  const number = last.number + 1;
  const by = { id: `${list[runs].id}@${number}`, number, by: 'gcloud', key: null, rollback: true };
  const rest = list.with(runs, { ...list[runs], state: 'earlier' });
  return rest.toSpliced(rest.indexOf(last), 0, { ...list[runs], ...by });
}

function releaseOf(revision, state) {
  const { metadata, spec, status } = revision;
  const { name, annotations = {}, creationTimestamp } = metadata;
  const { image: id } = spec.containers[0];
  const isOurs = annotations[ours('revision')] === name;
  const tag = id.slice(id.lastIndexOf(':') + 1);
  const of = (isOurs && annotations[ours('commit')]) || (/^[0-9a-f]{40}$/.test(tag) ? tag : null);
  const digest = /sha256:[0-9a-f]{64}$/.exec(status.imageDigest ?? '')?.[0] ?? null;
  return {
    id: name,
    // Between two there is room for a going-back.
    number: 2 * numberOf(revision),
    state,
    commit: of,
    artifact: { kind: 'image', id, digest, commit: of },
    at: creationTimestamp,
    by: annotations['serving.knative.dev/creator'] ?? 'gcloud',
    key: isOurs ? annotations[ours('key')] : null,
    rollback: isOurs && annotations[ours('operation')] === 'restore',
    spec,
  };
}

const numberOf = ({ metadata }) =>
  Number(metadata.labels['serving.knative.dev/configurationGeneration']);
const conditionOf = ({ status }, type) =>
  status.conditions?.find((one) => one.type === type)?.status;
const say = (line) => console.log(JSON.stringify(line));

function released({ id }) {
  say({ type: 'release', id });
  return 0;
}

function failed(why) {
  console.error(why);
  return 1;
}

async function gcloud(...args) {
  try {
    const all = ['run', ...args, '--region', region, '--quiet'];
    return (await promisify(execFile)('gcloud', all, { maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    console.error(error.stderr || error.message);
    process.exit(passing.test(error.stderr ?? '') ? 75 : 1);
  }
}

const programs = { deploy, current, health, restore };
process.exitCode = await programs[operation]();
