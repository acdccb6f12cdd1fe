/** A Deployment of two replicas. */
// @ts-expect-error the stand-in is plain JavaScript
import { kubectl } from './kubectl.mjs';
import { image, one, type Recipe, standIn, tagOf } from './stand-in.ts';

export const kubernetes: Recipe = {
  name: 'a Deployment of Kubernetes',
  words: ['examples/kubernetes/host.mjs', 'web', 'web', image],
  failsWith: 'E_PROGRAM_FAILED',
  async open(folder) {
    const containers = [{ name: 'web', image: `${image}:${one}` }];
    const template = {
      metadata: { labels: { app: 'web' }, annotations: {} },
      spec: { containers },
    };
    const annotations = { 'deployment.kubernetes.io/revision': '1' };
    const creationTimestamp = '2026-01-05T09:00:00Z';
    const ownerReferences = [{ kind: 'Deployment', name: 'web' }];
    const cluster = await standIn(folder, 'kubectl', kubectl, {
      refuses: 0,
      rollout: 'done',
      deployment: {
        metadata: { name: 'web', generation: 1, annotations: { ...annotations } },
        spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
        status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
      },
      sets: [
        {
          metadata: { name: 'web-1', creationTimestamp, annotations, ownerReferences },
          spec: { template },
        },
      ],
    });
    return {
      env: cluster.env,
      close: cluster.close,
      serves: () => {
        const { rollout, sets, deployment } = cluster.read();
        const { spec } = rollout === 'done' ? deployment : (sets.at(-2) ?? deployment);
        return tagOf(spec.template.spec.containers[0]?.image);
      },
      byHand: (what) =>
        what === 'back'
          ? cluster.run('rollout', 'undo', 'deployment/web')
          : cluster.run('set', 'image', 'deployment/web', `web=${image}:${what.deploy}`),
      heal: () => cluster.save({ rollout: 'done' }),
      giveUp: () => cluster.save({ refuses: 1, rollout: 'stuck' }),
    };
  },
};
