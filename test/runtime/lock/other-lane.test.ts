/** Whether another lane of the log deploys to the target: found wherever in the log it stands. */
import Database from 'better-sqlite3';
import { beforeEach, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { otherLaneOf } from '../../../src/runtime/gates/trust.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';
import { sqliteStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';

const request = samples['deploy.requested'];
const { target } = request.settings.production;
const run = newRun({ actor: anActor, ci: null, program: 'test' });
const { open, store } = storeFixture(sqliteStore);
let log: EventLog;
beforeEach(async () => {
  log = await open({ projections });
});

const requested = (deploy: string, lane: string) => ({
  stream: deployStream(deploy),
  expected: 'none' as const,
  events: [newEvent({ type: 'deploy.requested', data: { ...request, deploy, lane } }, run)],
});
const many = (count: number, lane: string) =>
  Array.from({ length: count }, (_, i) => requested(`${lane}-${i}`, lane));

it.each([0, 999, 1_000, 1_001])('after %d deploys of this lane', async (count) => {
  if (count > 0) await log.append(many(count, 'acme-web'));
  expect(await otherLaneOf(log, 'acme-web', target)).toBeNull();
  await log.append([requested('last', 'acme-old')]);
  expect(await otherLaneOf(log, 'acme-web', target)).toBe('acme-old');
  expect(await otherLaneOf(log, 'acme-web', { ...target, name: 'another' })).toBeNull();
});

it('of a deploy of this lane that a newer version asked for nothing is concluded', async () => {
  const { events, ...to } = requested('newer', 'acme-web');
  await log.append([{ ...to, events: events.map((one) => ({ ...one, schema: 99 })) }]);
  await expect(otherLaneOf(log, 'acme-web', target)).rejects.toMatchObject({
    code: 'E_EVENT_NEWER',
  });
});

it.each([
  [
    'whose tables were changed is found all the same',
    "update deploys set lane = 'acme-web'",
    'acme-old',
  ],
  ['whose tables were emptied is found all the same', 'delete from deploys', 'acme-old'],
  [
    'that was changed is no answer',
    `update events set data = replace(data, '"acme-old"', '"acme-web"') where stream = 'deploy/last'`,
    'E_LOG_FAULT',
  ],
  [
    'that was changed is no answer: its first event',
    "delete from events where stream = 'deploy/last'",
    'E_LOG_FAULT',
  ],
])('a log %s', async (_, sql, found) => {
  await log.append(many(20, 'acme-web'));
  await log.append([requested('last', 'acme-old')]);
  await log.append([{ ...requested('last', 'acme-old'), expected: 1 }]);
  const handle = new Database(store().file);
  handle.exec('drop trigger events_no_update; drop trigger events_no_delete');
  handle.exec(sql.startsWith('delete from events') ? `${sql} and version = 1` : sql);
  handle.close();
  const answer = otherLaneOf(log, 'acme-web', target).catch(
    (error: { code: string }) => error.code,
  );
  expect(await answer).toBe(found);
});
