/** A stand-in for kubectl over a cluster in a file: revisions as Deployments have them, by the documentation of Kubernetes. */
export function kubectl({ state: cluster, args, save, say, complain, end }) {
  const [verb, what, ...rest] = args;
  const revision = 'deployment.kubernetes.io/revision';

  if (cluster.refuses > 0) {
    cluster.refuses -= 1;
    save();
    complain('The connection to the server was refused: connection refused');
    return end(1);
  }
  if (verb === 'get') get();
  else if (verb === 'patch') patch(JSON.parse(rest[rest.indexOf('-p') + 1]).spec.template);
  else if (verb === 'set' && what === 'image') setImage();
  else if (verb === 'rollout' && what === 'status') status();
  else if (verb === 'rollout' && what === 'undo') undo();
  else throw new Error(`unknown: ${verb} ${what}`);

  function get() {
    const { deployment, sets } = cluster;
    if (what === 'deployment') say(JSON.stringify(deployment));
    else if (what === 'replicasets') say(JSON.stringify({ items: sets }));
    else say(JSON.stringify({ items: pods() }));
  }

  /** `kubectl set image deployment/web web=IMAGE`: the annotations of the template stay as they are. */
  function setImage() {
    const [name, image] = rest[1].split('=');
    patch({ metadata: {}, spec: { containers: [{ name, image }] } });
  }

  /** A change of the pod template alone makes a revision. */
  function patch(template) {
    const before = cluster.deployment.spec.template;
    const [container] = before.spec.containers;
    const containers = [{ ...container, ...template.spec.containers[0] }];
    const annotations = { ...before.metadata.annotations, ...template.metadata.annotations };
    const next = { metadata: { ...before.metadata, annotations }, spec: { containers } };
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    cluster.deployment.spec.template = next;
    cluster.deployment.metadata.generation += 1;
    const number = Number(cluster.deployment.metadata.annotations[revision]) + 1;
    cluster.sets.push(setOf(number, next));
    rollOut(number);
  }

  /** Only the pod template goes back: its replica set gets a new number, and the old one vanishes. */
  function undo() {
    const set = cluster.sets.at(-2);
    const number = Number(cluster.deployment.metadata.annotations[revision]) + 1;
    set.metadata.annotations['deployment.kubernetes.io/revision-history'] =
      set.metadata.annotations[revision];
    set.metadata.annotations[revision] = String(number);
    cluster.deployment.spec.template = set.spec.template;
    cluster.sets.push(...cluster.sets.splice(-2, 1));
    rollOut(number);
  }

  function rollOut(number) {
    const { deployment } = cluster;
    deployment.metadata.annotations[revision] = String(number);
    const { replicas } = deployment.spec;
    const isDone = cluster.rollout === 'done';
    const reason =
      cluster.rollout === 'stuck' ? 'ProgressDeadlineExceeded' : 'NewReplicaSetAvailable';
    deployment.status = {
      observedGeneration: deployment.metadata.generation,
      replicas: isDone ? replicas : replicas + 1,
      updatedReplicas: isDone ? replicas : 1,
      availableReplicas: replicas,
      conditions: [{ type: 'Progressing', status: String(cluster.rollout !== 'stuck'), reason }],
    };
    save();
  }

  function status() {
    if (cluster.rollout === 'done') return say('deployment successfully rolled out');
    complain('error: deployment exceeded its progress deadline');
    end(1);
  }

  function pods() {
    const set = cluster.rollout === 'done' ? cluster.sets.at(-1) : cluster.sets.at(-2);
    return Array.from({ length: cluster.deployment.spec.replicas }, (_, i) => ({
      metadata: {
        name: `${set.metadata.name}-${i}`,
        uid: `uid-${set.metadata.name}-${i}`,
        ownerReferences: [{ kind: 'ReplicaSet', name: set.metadata.name }],
      },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ restartCount: 0, state: { running: {} } }],
      },
    }));
  }

  function setOf(number, template) {
    return {
      metadata: {
        name: `web-${number}`,
        creationTimestamp: '2026-01-05T10:00:00Z',
        annotations: { [revision]: String(number) },
        ownerReferences: [{ kind: 'Deployment', name: 'web' }],
      },
      spec: { template: structuredClone(template) },
    };
  }
}
