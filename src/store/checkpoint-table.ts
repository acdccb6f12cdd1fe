/** The table of checkpoints: how far each consumer of the log has got. */
import type { Checkpoint } from './log.ts';
import { type Procedure, Statement } from './procedure.ts';
import { storedObject } from './stored-event.ts';
import type { LogTables } from './tables.ts';

const one = new Statement((db, { consumer }: { consumer: string }) =>
  db
    .selectFrom('checkpoints')
    .select(['consumer', 'position', 'state'])
    .where('consumer', '=', consumer),
);
const put = new Statement((db, { consumer, position, state }: LogTables['checkpoints']) =>
  db
    .insertInto('checkpoints')
    .values({ consumer, position, state })
    .onConflict((conflict) =>
      conflict.column('consumer').doUpdateSet((eb) => ({
        position: eb.ref('excluded.position'),
        state: eb.ref('excluded.state'),
      })),
    ),
);
const passOver = new Statement((db, { position }: { position: number }) =>
  db.updateTable('checkpoints').set({ position }).where('position', '<', position),
);

export function* readCheckpoint(consumer: string): Procedure<Checkpoint> {
  const row = yield* one.first({ consumer });
  if (row === undefined) return { position: 0, state: {} };
  return {
    position: row.position,
    state: storedObject(row.state, `the checkpoint of ${consumer}`),
  };
}

export function* putCheckpoint(consumer: string, { position, state }: Checkpoint): Procedure<void> {
  yield* put.run({ consumer, position, state: JSON.stringify(state) });
}

/** Moves every consumer that is behind up to a position: nobody is told of what is before it. */
export function* moveCheckpoints(position: number): Procedure<void> {
  yield* passOver.run({ position });
}
