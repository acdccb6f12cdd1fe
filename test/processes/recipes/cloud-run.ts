/** A service whose traffic somebody has pinned to the revision that it has. */
// @ts-expect-error the stand-in is plain JavaScript
import { gcloud } from './gcloud.mjs';
import { image, one, type Recipe, standIn, tagOf } from './stand-in.ts';

export const cloudRun: Recipe = {
  name: 'a service of Cloud Run',
  words: ['examples/cloud-run/host.mjs', 'web', 'europe-west4', image],
  failsWith: 'E_RELEASE_FAILED',
  instances: 1,
  async open(folder) {
    const name = 'web-00001-abc';
    const spec = { containers: [{ image: `${image}:${one}` }] };
    const labels = { 'serving.knative.dev/configurationGeneration': '1' };
    const creationTimestamp = '2026-01-05T10:01:00.123456Z';
    const conditions = [{ type: 'Ready', status: 'True' }];
    const traffic = [{ revisionName: name, percent: 100 }];
    const run = await standIn(folder, 'gcloud', gcloud, {
      ...{ refuses: 0, isBroken: false },
      revisions: [{ metadata: { name, labels, creationTimestamp }, spec, status: { conditions } }],
      service: {
        metadata: { name: 'web', generation: 2, resourceVersion: 'v2', annotations: {} },
        spec: { template: { metadata: {}, spec }, traffic },
        status: {
          traffic,
          latestCreatedRevisionName: name,
          conditions: [{ type: 'RoutesReady', status: 'True' }],
        },
      },
    });
    const serving = () => run.read().service.status.traffic[0]?.revisionName;
    return {
      env: run.env,
      close: run.close,
      serves: () => {
        const found = run.read().revisions.find(({ metadata }) => metadata.name === serving());
        return tagOf(found?.spec.containers[0]?.image);
      },
      byHand: (what) => {
        if (what === 'back') {
          const before = run.read().revisions.at(-2)?.metadata.name;
          return run.run('run', 'services', 'update-traffic', `--to-revisions=${before}=100`);
        }
        run.run('run', 'deploy', 'web', `--image=${image}:${what.deploy}`);
        return run.run('run', 'services', 'update-traffic', '--to-latest');
      },
      heal: () => run.save({ isBroken: false }),
      giveUp: () => run.save({ refuses: 1, isBroken: true }),
    };
  },
};
