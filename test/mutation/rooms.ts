/** What is mutated, by room: everything that decides, stores or acts; of the command, what decides. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  machine: ['src/machine/*.ts'],
  runtime: ['src/runtime/*.ts'],
  store: ['src/store/*.ts', 'src/store/sqlite/*.ts'],
  effects: ['src/effects/*.ts'],
  cli: [
    'ci',
    'ci-builds',
    'ci-job',
    'ci-refs',
    'commit-config',
    'commit-to-deploy',
    'config',
    'config-schema',
    'environment',
    'event-source',
    'find-deploy',
    'github-event',
    'in-ci',
    'kill-switch',
    'source-check',
    'store-place',
  ].map((name) => `src/cli/${name}.ts`),
};

/** Samples, tables and pictures. */
export const decideNothing = ['samples', 'document', 'mermaid', 'outline', 'paths'].map(
  (name) => `!src/machine/${name}.ts`,
);
