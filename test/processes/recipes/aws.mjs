/**
 * A stand-in for `aws ecs` over one service in memory, made from the command's reference
 * (https://docs.aws.amazon.com/cli/latest/reference/ecs/). What the circuit breaker undoes is under way at the first look.
 */
export function aws({ state, args, save, say, complain, end }) {
  const [, verb, ...rest] = args;
  const given = (flag) => rest[rest.indexOf(flag) + 1];
  const arn = (what) => `arn:aws:ecs:eu-west-1:123456789012:${what}`;

  if (state.refuses > 0) {
    state.refuses -= 1;
    save();
    complain('An error occurred (ThrottlingException) when calling the operation: Rate exceeded');
    return end(254);
  }

  const verbs = {
    'list-service-deployments'() {
      const serviceDeployments = structuredClone(state.deployments);
      const [newest] = state.deployments;
      if (newest.status === 'IN_PROGRESS') {
        newest.status = 'ROLLBACK_SUCCESSFUL';
        save();
      }
      return { serviceDeployments };
    },
    'describe-service-revisions'() {
      const asked = rest.slice(
        rest.indexOf('--service-revision-arns') + 1,
        rest.indexOf('--output'),
      );
      return {
        serviceRevisions: asked.map((serviceRevisionArn) => {
          const taskDefinition = state.revisions[serviceRevisionArn];
          const [{ name, image }] = definitionOf(taskDefinition).containerDefinitions;
          const imageDigest = `sha256:${image.slice(-1).repeat(64)}`;
          const containerImages = [{ containerName: name, image, imageDigest }];
          return { serviceRevisionArn, taskDefinition, containerImages };
        }),
      };
    },
    'describe-task-definition': () => ({
      taskDefinition: definitionOf(given('--task-definition')),
    }),
    'register-task-definition'() {
      const input = JSON.parse(given('--cli-input-json'));
      const known = ['family', 'containerDefinitions', 'cpu', 'memory', 'networkMode'];
      const unknown = Object.keys(input).find((name) => !known.includes(name));
      if (unknown !== undefined) throw new Error(`Unknown parameter in input: "${unknown}"`);
      return { taskDefinition: register(input) };
    },
    'update-service'() {
      const { taskDefinitionArn } = definitionOf(given('--task-definition'));
      const { length } = state.deployments;
      const targetServiceRevisionArn = arn(`service-revision/acme/web/${length + 1}`);
      state.revisions[targetServiceRevisionArn] = taskDefinitionArn;
      state.deployments.unshift({
        serviceDeploymentArn: arn(`service-deployment/acme/web/d${length + 1}`),
        createdAt: `2026-01-05T10:0${length}:00.917000+00:00`,
        targetServiceRevisionArn,
        status: state.isBroken ? 'IN_PROGRESS' : 'SUCCESSFUL',
      });
      save();
      return { service: { taskDefinition: taskDefinitionArn } };
    },
    'describe-services': () => ({ services: [{ desiredCount: 2 }] }),
    'list-tasks': () => ({ taskArns: [arn('task/acme/a'), arn('task/acme/b')] }),
    'describe-tasks'() {
      const { targetServiceRevisionArn } = state.deployments.find(
        ({ status }) => status === 'SUCCESSFUL',
      );
      const taskDefinitionArn = state.revisions[targetServiceRevisionArn];
      const [lastStatus, healthStatus] = ['RUNNING', 'UNKNOWN'];
      const startedAt = '2026-01-05T10:00:30.000000+00:00';
      const told = { taskDefinitionArn, lastStatus, healthStatus, startedAt };
      return { tasks: ['a', 'b'].map((id) => ({ taskArn: arn(`task/acme/${id}`), ...told })) };
    },
  };

  say(JSON.stringify(verbs[verb]()));

  function register(input) {
    const revision = state.definitions.length + 1;
    const taskDefinitionArn = arn(`task-definition/web:${revision}`);
    const made = { ...input, revision, taskDefinitionArn, status: 'ACTIVE', registeredAt: 'now' };
    state.definitions.push(made);
    save();
    return made;
  }

  function definitionOf(name) {
    return state.definitions.find(
      ({ taskDefinitionArn, family, revision }) =>
        name === taskDefinitionArn || name === `${family}:${revision}`,
    );
  }
}
