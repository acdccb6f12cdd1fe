/**
 * A stand-in for `gcloud run` over one service in memory, made from the command's reference and that of the service's YAML
 * (https://cloud.google.com/run/docs/reference/yaml/v1). A revision that never becomes ready is not given the traffic.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export function gcloud({ state, args, env, save, say, complain, end }) {
  const [, ...words] = args;
  const given = (flag) => words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const { service } = state;

  if (words[0] === 'services' && words[1] === 'describe' && state.refuses > 0) {
    state.refuses -= 1;
    save();
    complain('ERROR: gcloud crashed (ConnectionError): Max retries exceeded with url');
    return end(1);
  }
  const verbs = {
    'services describe': () => say(JSON.stringify(service)),
    'revisions list': () => say(JSON.stringify(state.revisions)),
    'services replace': () => replace(JSON.parse(readFileSync(resolve(env.PWD, words[2]), 'utf8'))),
    'services update-traffic'() {
      const [revisionName] = (given('--to-revisions') ?? '').split('=');
      const latest = { latestRevision: true, percent: 100 };
      update(service.spec.template, [
        words.includes('--to-latest') ? latest : { revisionName, percent: 100 },
      ]);
    },
    /** What is not said stays as it is in the template, annotations too; its name is made up. */
    'deploy web'() {
      const { metadata, spec } = service.spec.template;
      const { name, ...rest } = metadata;
      const containers = [{ ...spec.containers[0], image: given('--image') }];
      update({ metadata: rest, spec: { ...spec, containers } }, service.spec.traffic);
    },
  };
  verbs[`${words[0]} ${words[1]}`]();

  function replace({ metadata, spec, status }) {
    if (status !== undefined || metadata.resourceVersion !== service.metadata.resourceVersion)
      throw new Error('ABORTED: Conflict for resource');
    const { name } = spec.template.metadata;
    if (!name.startsWith('web-') || state.revisions.some((one) => one.metadata.name === name))
      throw new Error(`Revision named '${name}' cannot be made`);
    update(spec.template, spec.traffic);
  }

  function update(template, traffic) {
    const { metadata, spec } = service;
    const isNew = JSON.stringify(template) !== JSON.stringify(spec.template);
    metadata.generation += 1;
    metadata.resourceVersion = `v${metadata.generation}`;
    Object.assign(spec, { template, traffic });
    if (isNew) revise(template, metadata.generation);
    const latest = state.revisions.at(-1).metadata.name;
    service.status.latestCreatedRevisionName = latest;
    const revisionName = traffic[0].revisionName ?? latest;
    const { status } = state.revisions.find((one) => one.metadata.name === revisionName);
    const isReady = status.conditions[0].status === 'True';
    if (isReady) service.status.traffic = [{ revisionName, percent: 100 }];
    save();
  }

  function revise({ metadata: { name: asked, annotations = {} }, spec }, generation) {
    const name = asked ?? `web-0000${generation}-abc`;
    const labels = { 'serving.knative.dev/configurationGeneration': String(generation) };
    const creationTimestamp = `2026-01-05T10:0${generation}:00.123456Z`;
    const creator = { 'serving.knative.dev/creator': 'ci@acme.test' };
    const metadata = {
      name,
      labels,
      creationTimestamp,
      annotations: { ...annotations, ...creator },
    };
    const conditions = [{ type: 'Ready', status: state.isBroken ? 'False' : 'True' }];
    state.revisions.push({ metadata, spec, status: { conditions } });
  }
}
