/** An event store of the registry. It has a package.json of its own (`peer/`), so that only who runs the bench installs it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'peer');

/** As far as the bench uses it: @event-driven-io/emmett-postgresql. */
interface EmmettStore {
  appendToStream(
    stream: string,
    events: readonly { type: string; data: object; metadata: object }[],
    options: { expectedStreamVersion: bigint | 'STREAM_DOES_NOT_EXIST' },
  ): Promise<unknown>;
  close(): Promise<void>;
}

/** Null, with a line that says so: it cannot be installed here. */
export function emmettStore(url: string): EmmettStore | null {
  try {
    if (!existsSync(join(folder, 'node_modules'))) {
      execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
    }
  } catch {
    process.stdout.write('  without Emmett: npm cannot install it here\n');
    return null;
  }
  const { getPostgreSQLEventStore } = createRequire(join(folder, 'package.json'))(
    '@event-driven-io/emmett-postgresql',
  ) as { getPostgreSQLEventStore: (url: string) => EmmettStore };
  return getPostgreSQLEventStore(url);
}
