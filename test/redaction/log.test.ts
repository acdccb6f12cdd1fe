/** Whatever string of whatever event holds a secret, the log has none, and can still be read. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { secretVariables } from '../../src/cli/config/environment.ts';
import { type EventType, eventSchemas } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { tell } from '../../src/machine/story.ts';
import { logVocabulary } from '../../src/machine/vocabulary.ts';
import { formsOf } from '../../src/redaction/forms.ts';
import { Gate } from '../../src/redaction/gate.ts';
import type { EventLog, JsonObject } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';

const secret = 'npm_Canary"+/8eq==';
const echo = [...formsOf(secret), 'pgcan5'].join(' ');

let log: EventLog;
beforeEach(async () => {
  const gate = new Gate();
  gate.hideSecretsOf({ NPM_TOKEN: secret, PGPASSWORD: 'pgcan5' }, secretVariables);
  gate.keepVocabulary(logVocabulary());
  log = await openLog('sqlite::memory:', { clean: gate.redactAll });
});
afterEach(() => log.close());

const types = Object.keys(eventSchemas) as EventType[];

/** The value with the text after one of its strings after the other, as far as the schema allows it. */
function* spoiled(value: unknown): Generator<unknown> {
  if (typeof value === 'string') yield `${value} ${echo}`;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, one] of Object.entries(value)) {
    for (const other of spoiled(one)) {
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[key] = other;
      yield copy;
    }
  }
}

it.each(types)('%s', async (type) => {
  let taken = 0;
  for (const data of spoiled(samples[type])) {
    if (!eventSchemas[type].safeParse(data).success) continue;
    const event = {
      id: crypto.randomUUID(),
      type,
      data: data as JsonObject,
      metadata: { actor: echo },
    };
    const { events } = await log.append([{ stream: 'deploy/x', expected: 'any', events: [event] }]);
    const text = JSON.stringify(events);
    for (const form of [...formsOf(secret), 'pgcan5']) expect(text).not.toContain(form);
    const read = eventSchemas[type].parse(events[0]?.data);
    expect(JSON.stringify(tell({ type, data: read } as never))).not.toContain('Canary');
    taken++;
  }
  const strings = [...spoiled(samples[type])].length;
  if (strings > 0 && hasFreeText(type)) expect(taken).toBeGreaterThan(0);
});

it('who holds what, and what a consumer remembers', async () => {
  const owner = { host: echo };
  await log.take('run/a', owner, 60_000);
  const grant = { resource: 'lane/a', token: 1, owner, ttlMs: 60_000 };
  await log.append([{ stream: 'deploy/x', expected: 'any', events: [] }], { grant });
  await log.saveCheckpoint('slack', { position: 0, state: { thread: echo } });
  const { state } = await log.checkpoint('slack');
  for (const kept of [...(await log.leases('')), state].map((one) => JSON.stringify(one))) {
    for (const form of [...formsOf(secret), 'pgcan5']) expect(kept).not.toContain(form);
  }
  expect(await log.leases('')).toHaveLength(2);
});

/** Some events have only numbers and words from a list. */
const hasFreeText = (type: EventType): boolean =>
  !['run.interrupted', 'lock.waitTimedOut', 'lock.acquired', 'gates.passed'].includes(type);
