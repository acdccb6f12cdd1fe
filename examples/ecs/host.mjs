#!/usr/bin/env node
/**
 * A service of Amazon ECS as a place of Lockstep, by version 2 of `aws`: `host.mjs CLUSTER SERVICE CONTAINER IMAGE`. The CI
 * has pushed IMAGE:COMMIT before. A release is a service deployment; key and commit stand in the docker labels of the
 * container in the task definition that it is of, so that they live and die with that. Switch the service's deployment
 * circuit breaker on, with rollback: what it undoes ends as ROLLBACK_SUCCESSFUL, which is a deploy that failed
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html).
 * Tried on a stand-in of aws only, not on ECS.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const [cluster, service, container, image] = process.argv.slice(2);
const { LOCKSTEP_OPERATION: operation, LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit } = process.env;
const where = ['--cluster', cluster, '--service', service];
const ours = (name) => `lockstep.${name}`;
/** How far back the list goes: each release costs a question for its task definition. */
const limit = 10;
/** What passes by itself is asked again (exit code 75). */
const passing =
  /Throttling|Rate exceeded|RequestTimeout|Could not connect|Connection was closed|timeout on endpoint|ServiceUnavailable|ServerException|InternalFailure|\(5\d\d\)/;

/** Until ECS is done with it, `current` tells it as pending: nothing is waited for here. */
async function deploy() {
  const { LOCKSTEP_ARTIFACT: verified } = process.env;
  const list = await releases();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const running = list.find(({ state }) => state === 'running');
  if (running === undefined) return failed('no deployment of the service has succeeded yet');
  return roll(running, { image: verified ?? `${image}:${commit}`, commit });
}

/** All of its task definition comes back, its environment too. */
async function restore() {
  const list = await releases();
  const known = list.find((one) => one.key === key && one.state !== 'failed');
  if (known !== undefined) return released(known);
  const to = list.find((one) => one.id === process.env.LOCKSTEP_RESTORE);
  if (to === undefined) return failed(`there is no ${process.env.LOCKSTEP_RESTORE} any more`);
  return roll(to, { image: to.artifact.id, commit: to.commit ?? '' });
}

/** A copy of that release's task definition, with this image and our labels: a new revision, which the service then gets. */
async function roll({ definition }, { image: to, commit: of }) {
  // Those are not for whoever registers one.
  const { taskDefinitionArn, revision, status, requiresAttributes, ...copied } = definition;
  const { compatibilities, registeredAt, registeredBy, containerDefinitions, ...rest } = copied;
  const labels = {
    [ours('image')]: to,
    [ours('key')]: key,
    [ours('commit')]: of,
    [ours('operation')]: operation,
  };
  const containers = containerDefinitions.map((one) =>
    one.name === container
      ? { ...one, image: to, dockerLabels: { ...one.dockerLabels, ...labels } }
      : one,
  );
  const input = JSON.stringify({ ...rest, containerDefinitions: containers });
  const { taskDefinition } = await aws('register-task-definition', '--cli-input-json', input);
  await aws('update-service', ...where, '--task-definition', taskDefinition.taskDefinitionArn);
  return 0;
}

async function current() {
  const list = await releases();
  for (const { definition, ...release } of list) say({ type: 'release', ...release });
  const running = list.find(({ state }) => state === 'running');
  // A service that was last deployed before October 2024 has none listed, and still runs something.
  const whole = list.length > 0 && list.length < limit;
  say({ type: 'end', releases: list.length, running: running?.id ?? null, whole });
  return 0;
}

async function health() {
  const [list, { services }, { taskArns }] = await Promise.all([
    releases(),
    aws('describe-services', '--cluster', cluster, '--services', service),
    aws('list-tasks', '--cluster', cluster, '--service-name', service),
  ]);
  const asked = ['describe-tasks', '--cluster', cluster, '--tasks', ...taskArns.slice(0, 100)];
  const { tasks } = taskArns.length === 0 ? { tasks: [] } : await aws(...asked);
  const told = tasks.map(({ taskArn, taskDefinitionArn, lastStatus, healthStatus, startedAt }) => ({
    type: 'instance',
    name: idIn(taskArn),
    release:
      list.find(({ definition }) => definition.taskDefinitionArn === taskDefinitionArn)?.id ??
      'unknown',
    state:
      healthStatus === 'UNHEALTHY' || /^(DEACTIVATING|STOPPING|STOPPED)$/.test(lastStatus)
        ? 'crashed'
        : lastStatus === 'RUNNING'
          ? 'up'
          : 'starting',
    life: `${idIn(taskArn)} started ${startedAt ?? 'not yet'}`,
  }));
  for (const instance of told) say(instance);
  const up = told.filter(({ state }) => state === 'up').length;
  say({ type: 'end', instances: told.length, up, wanted: services[0].desiredCount });
  return 0;
}

/** Newest first. */
async function releases() {
  const { serviceDeployments } = await aws(
    ...['list-service-deployments', ...where, '--max-results', String(limit)],
  );
  if (serviceDeployments.length === 0) return [];
  const made = (one) => Date.parse(one.createdAt);
  const deployments = serviceDeployments.sort((a, b) => made(b) - made(a));
  const arns = deployments.map((one) => one.targetServiceRevisionArn);
  const { serviceRevisions } = await aws(
    ...['describe-service-revisions', '--service-revision-arns', ...new Set(arns)],
  );
  const byArn = new Map(serviceRevisions.map((one) => [one.serviceRevisionArn, one]));
  const definitions = new Map(
    await Promise.all(
      [...new Set(serviceRevisions.map((one) => one.taskDefinition))].map(async (arn) => {
        const { taskDefinition } = await aws('describe-task-definition', '--task-definition', arn);
        return [arn, taskDefinition];
      }),
    ),
  );
  const runs = deployments.findIndex(({ status }) => status === 'SUCCESSFUL');
  const list = deployments.map((one, i) => {
    const { taskDefinition, containerImages = [] } = byArn.get(one.targetServiceRevisionArn);
    const definition = definitions.get(taskDefinition);
    const { imageDigest = null } =
      containerImages.find(({ containerName }) => containerName === container) ?? {};
    return { ...one, state: stateOf(one, i, runs), definition, imageDigest };
  });
  return list.map((one, i) => releaseOf(one, list.slice(i + 1)));
}

function stateOf({ status }, i, runs) {
  if (status === 'SUCCESSFUL') return i === runs ? 'running' : 'earlier';
  const isOver = /^(STOPPED|ROLLBACK_SUCCESSFUL|ROLLBACK_FAILED)$/.test(status);
  return isOver || (runs !== -1 && i > runs) ? 'failed' : 'pending';
}

function releaseOf({ serviceDeploymentArn, createdAt, state, definition, imageDigest }, before) {
  const { image: id, dockerLabels = {} } = definition.containerDefinitions.find(
    ({ name }) => name === container,
  );
  // An older task definition than one that ran before: somebody went back. Another image under our labels: somebody copied them.
  const isBack = before.some(
    (one) => one.state === 'earlier' && one.definition.revision > definition.revision,
  );
  const labels = dockerLabels[ours('image')] === id ? dockerLabels : {};
  const tag = id.slice(id.lastIndexOf(':') + 1);
  const of = labels[ours('commit')] || (/^[0-9a-f]{40}$/.test(tag) ? tag : null);
  return {
    id: idIn(serviceDeploymentArn),
    number: Date.parse(createdAt),
    version: `${definition.family}:${definition.revision}`,
    state,
    commit: of,
    artifact: { kind: 'image', id, digest: imageDigest, commit: of },
    at: new Date(createdAt).toISOString(),
    by: isBack || labels[ours('key')] === undefined ? 'aws' : 'lockstep',
    key: isBack ? null : (labels[ours('key')] ?? null),
    rollback: isBack || labels[ours('operation')] === 'restore',
    definition,
  };
}

const idIn = (arn) => arn.slice(arn.lastIndexOf('/') + 1);
const say = (line) => console.log(JSON.stringify(line));

function released({ id }) {
  say({ type: 'release', id });
  return 0;
}

function failed(why) {
  console.error(why);
  return 1;
}

async function aws(...args) {
  try {
    const all = ['ecs', ...args, '--output', 'json'];
    const { stdout } = await promisify(execFile)('aws', all, { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout);
  } catch (error) {
    console.error(error.stderr || error.message);
    process.exit(passing.test(error.stderr ?? '') ? 75 : 1);
  }
}

const programs = { deploy, current, health, restore };
process.exitCode = await programs[operation]();
