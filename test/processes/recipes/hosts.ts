/** The hosts that have a recipe, each as its stand-in has it at first. */
import { image, one, type Recipe, standIn } from './stand-in.ts';

const kubernetes: Recipe = {
  name: 'a Deployment of Kubernetes',
  words: ['examples/kubernetes/host.mjs', 'web', 'web', image],
  failsWith: 'E_PROGRAM_FAILED',
  open(folder) {
    const containers = [{ name: 'web', image: `${image}:${one}` }];
    const template = {
      metadata: { labels: { app: 'web' }, annotations: {} },
      spec: { containers },
    };
    const annotations = { 'deployment.kubernetes.io/revision': '1' };
    const creationTimestamp = '2026-01-05T09:00:00Z';
    const ownerReferences = [{ kind: 'Deployment', name: 'web' }];
    const cluster = standIn(folder, 'kubectl', {
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
      serves: () => {
        const { rollout, sets, deployment } = cluster.read();
        const { spec } = rollout === 'done' ? deployment : (sets.at(-2) ?? deployment);
        return tagOf(spec.template.spec.containers[0]?.image);
      },
      byHand: (what) =>
        what === 'back'
          ? cluster.run('rollout', 'undo', 'deployment/web')
          : cluster.run('set', 'image', 'deployment/web', `web=${image}:${what.deploy}`),
      giveUp: () => cluster.save({ refuses: 1, rollout: 'stuck' }),
    };
  },
};

const kamal: Recipe = {
  name: 'an app of Kamal',
  words: ['examples/kamal/host.mjs', 'web', 'web', '-d', 'production'],
  failsWith: 'E_PROGRAM_FAILED',
  isSilent: true,
  open(folder) {
    const at = '2026-01-05T09:00:00Z';
    const servers = ['10.0.0.1', '10.0.0.2'].map((host) => {
      const id = host.slice(-1).padEnd(64, 'a');
      const first = {
        ...{ id, name: `/web-web-${one}`, created: at, image: `${image}:${one}` },
        labels: { service: 'web', 'lockstep.key': '', 'lockstep.operation': '' },
        state: { Running: true, Restarting: false, StartedAt: at, FinishedAt: at },
      };
      return { host, target: id, containers: [first] };
    });
    const app = standIn(folder, 'kamal', { refuses: 0, isUnhealthy: false, image, servers });
    const served = () => {
      const [{ containers, target } = { containers: [], target: '' }] = app.read().servers;
      return { containers, serving: containers.find(({ id }) => id === target) };
    };
    return {
      env: app.env,
      serves: () => tagOf(served().serving?.image),
      byHand: (what) => {
        const { containers, serving } = served();
        const before = containers.findLast((other) => other.image !== serving?.image)?.image;
        if (what === 'back') app.run('rollback', tagOf(before), '-d', 'production');
        else app.run('deploy', `--version=${what.deploy}`, '-d', 'production');
      },
      giveUp: () => app.save({ refuses: 1, isUnhealthy: true }),
      lose: () => {
        const [first, second] = app.read().servers;
        if (first === undefined || second === undefined) throw new Error('there are two');
        const containers = second.containers.filter(({ id }) => id === second.target);
        app.save({ servers: [first, { ...second, containers }] });
      },
    };
  },
};

const tagOf = (reference = ''): string => reference.slice(reference.lastIndexOf(':') + 1);

export const recipes: readonly Recipe[] = [kubernetes, kamal];
