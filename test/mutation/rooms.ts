/** What is mutated, by room: everything that decides, stores or acts; of the command, what decides. No comma in one: Stryker parts them there. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  machine: ['src/machine/*.ts'],
  runtime: ['src/runtime/**/*.ts'],
  store: ['src/store/*.ts', 'src/store/sqlite/*.ts'],
  effects: ['src/effects/**/*.ts'],
  cli: [
    ...['ci/*', 'config/*'],
    ...['actor', 'asked-deploy', 'find-commit', 'find-deploy', 'history'].map(
      (name) => `workspace/${name}`,
    ),
  ].map((name) => `src/cli/${name}.ts`),
};

/** Samples, tables and pictures. */
export const leftOut = ['samples', 'document', 'mermaid', 'outline', 'paths'].map(
  (name) => `!src/machine/${name}.ts`,
);
