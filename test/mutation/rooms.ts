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

/** Samples, tables and pictures; and the read model, whose tests need a PostgreSQL server. */
export const leftOut = [
  ...['samples', 'document', 'mermaid', 'outline', 'paths'].map((name) => `machine/${name}`),
  ...['deploys', 'read-models', 'projection', 'checkpoint-table'].map((name) => `store/${name}`),
].map((file) => `!src/${file}.ts`);
