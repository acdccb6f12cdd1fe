/** `pipeline views`: SQL that makes views over the log. It runs none of it: whoever asks questions does. */
import { UsageError } from '../../errors/error.ts';
import { viewsSql } from '../../runtime/accounts/views.ts';
import { readEnvironment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore } from '../workspace/deploy-log.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

export async function views(
  flags: GlobalFlags & { schema?: string },
  terminal: Terminal,
): Promise<number> {
  const { schema } = flags;
  const store = await findStore(flags, readEnvironment(process.env));
  const engine = /^postgres(ql)?:/i.test(store) ? 'postgres' : 'sqlite';
  if (schema !== undefined) assertSchema(schema, engine);
  await terminal.write(viewsSql(engine, schema ?? null));
  return 0;
}

/** @throws UsageError E_USAGE */
function assertSchema(schema: string, engine: string): void {
  const refuse = (what: string, hint: string): never => {
    throw new UsageError('E_USAGE', what, { hint });
  };
  if (engine !== 'postgres') {
    refuse(
      '--schema is for a log on PostgreSQL',
      'In a file the views are of the session alone: leave --schema out.',
    );
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    refuse('--schema takes a plain name', 'Small letters, digits and _: reporting, for example.');
  }
  if (schema === 'lockstep') {
    refuse(
      'the schema lockstep is the log’s own',
      'Views there would be taken for a change of it: name another one.',
    );
  }
}
