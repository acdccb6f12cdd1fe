/** Whether a database has room for all that connects while a release replaces another: a calculation that can be checked. */
import { z } from 'zod';
import { type Diagnosis, type Finding, fault, ok, unknown, warning } from '../../diagnosis.ts';
import {
  type Examination,
  type Examined,
  type FormationLine,
  ofEach,
  unlessForbidden,
} from './examination.ts';
import { featureSchema } from './schemas.ts';

export const connections = (examination: Examination): Diagnosis => ({
  id: 'heroku.connections',
  subject: 'database connections during a release',
  why: 'While a release replaces another, dynos of both connect. What comes after the last connection fails to boot.',
  look: () =>
    ofEach(examination, ({ app, role }) =>
      role === 'staging'
        ? Promise.resolve(null)
        : unlessForbidden(app.name, 'config vars', () => look(examination, app)),
    ),
});

const addOnSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  addon_service: z.looseObject({ name: z.string() }),
  plan: z.looseObject({ name: z.string() }),
});
const attachmentSchema = z.looseObject({
  id: z.string(),
  namespace: z.string().nullish(),
  addon: z.looseObject({ id: z.string() }),
});
const databaseSchema = z.looseObject({
  info: z.array(z.looseObject({ name: z.string(), values: z.array(z.unknown()) })),
});
const varsSchema = z.record(z.string(), z.string());

async function look(
  { services: { platform, databases }, ports }: Examination,
  app: Examined['app'],
): Promise<Finding | null> {
  const of = (part: string) => `/apps/${encodeURIComponent(app.name)}/${part}`;
  const addOns = await platform.list(of('addons'), addOnSchema, ports);
  const database = addOns.find(({ addon_service }) => addon_service.name === 'heroku-postgresql');
  if (database === undefined) return ok(`${app.name} has no Heroku Postgres of its own`);
  const [attachments, told, vars, formation, feature] = await Promise.all([
    platform.list(of('addon-attachments'), attachmentSchema, ports),
    databases.find(`/client/v11/databases/${database.id}`, databaseSchema, ports),
    platform.get(of('config-vars'), varsSchema, ports),
    app.formation(),
    app.find(['features', 'preboot'], featureSchema),
  ]);
  const isPooled = attachments.some(
    ({ addon, namespace }) =>
      addon.id === database.id && (namespace ?? '').startsWith('connection-pooling'),
  );
  const most = limitOf(database.plan.name, told?.info ?? []);
  return judge(app.name, {
    formation,
    vars,
    isPooled,
    preboot: feature?.enabled === true,
    plan: database.plan.name.replace('heroku-postgresql:', ''),
    most,
  });
}

/** What the plans allow (Heroku's article “Choosing the Right Heroku Postgres Plan”), where the database does not say. */
const limits: readonly (readonly [RegExp, number])[] = [
  [/:essential-[01]$/, 20],
  [/:essential-2$/, 40],
  [/:(standard|premium|private|shield)-0$/, 120],
  [/:(standard|premium|private|shield)-2$/, 400],
  [/:(standard|premium|private|shield)-\d/, 500],
];

function limitOf(
  plan: string,
  info: z.infer<typeof databaseSchema>['info'],
): { readonly count: number; readonly by: string } | null {
  const value = info.find(({ name }) => name === 'Connections')?.values[0];
  const told = /^\d+\/(\d+)$/.exec(String(value))?.[1];
  if (told !== undefined) return { count: Number(told), by: 'the database says so' };
  const known = limits.find(([pattern]) => pattern.test(plan));
  return known === undefined ? null : { count: known[1], by: 'as its plan’s page says' };
}

export interface Connecting {
  readonly formation: readonly Pick<FormationLine, 'type' | 'quantity' | 'command'>[];
  readonly vars: Readonly<Record<string, string>>;
  /** The database is attached a second time, through Heroku's own pool. */
  readonly isPooled: boolean;
  readonly preboot: boolean;
  readonly plan: string;
  readonly most: { readonly count: number; readonly by: string } | null;
}

interface Part {
  readonly line: string;
  readonly count: number;
  /** A figure in it is not configured, and taken for granted. */
  readonly isAssumed: boolean;
}

/** Pure: formation by pool, web doubled with preboot, and the release phase, against what the plan allows. */
export function judge(app: string, database: Connecting): Finding {
  const { isPooled, vars, most, plan, preboot } = database;
  if (isPooled && vars.DATABASE_CONNECTION_POOL_URL !== undefined) {
    return ok(`${app}: Heroku’s own connection pool is attached (DATABASE_CONNECTION_POOL_URL)`);
  }
  const parts = [...database.formation.flatMap((one) => partOf(one, database)), release(vars)];
  const sum = parts.reduce((all, { count }) => all + count, 0);
  const sums = [...parts.map(({ line }) => line), `together: ${sum}`];
  if (most === null)
    return unknown(
      `${app}: how many connections ${plan} allows is not known; a release takes ${sum}`,
    );
  const whole = [...sums, `${plan} allows ${most.count} (${most.by})`];
  if (sum <= most.count) return ok(`${app}: ${sum} of ${most.count}`, whole);
  const what = `${app}: ${sum} connections during a release, and ${plan} allows ${most.count}`;
  const remedy = `${preboot ? 'With preboot old and new web dynos connect at once. ' : ''}Lower RAILS_MAX_THREADS, WEB_CONCURRENCY or the formation; pool them (heroku pg:connection-pooling:attach, or PgBouncer); or take a larger plan.`;
  return parts.some(({ isAssumed }) => isAssumed)
    ? warning(what, remedy, whole)
    : fault(what, remedy, whole);
}

/** What Heroku's Ruby buildpack and Rails start with where nothing is said. */
const usual = { processes: 2, threads: 5 };

function partOf(
  { type, quantity, command }: Connecting['formation'][number],
  { vars, preboot }: Connecting,
): Part[] {
  if (quantity === 0) return [];
  const sides = type === 'web' && preboot ? 2 : 1;
  const dynos = `${quantity} ${type} dyno${quantity === 1 ? '' : 's'}`;
  const both = sides === 2 ? ' × 2 (preboot: old and new)' : '';
  if (isBounced(command ?? '', vars)) {
    const size = numberIn(vars, 'PGBOUNCER_DEFAULT_POOL_SIZE') ?? 1;
    const reserve = numberIn(vars, 'PGBOUNCER_RESERVE_POOL_SIZE') ?? 1;
    const count = quantity * (size + reserve) * sides;
    const line = `${dynos} × (${size} + ${reserve} in reserve, by PgBouncer)${both} = ${count}`;
    return [{ line, count, isAssumed: false }];
  }
  const processes = type === 'web' ? figure(vars, ['WEB_CONCURRENCY'], usual.processes) : one;
  const names =
    type === 'web'
      ? ['DB_POOL', 'RAILS_MAX_THREADS']
      : ['DB_POOL', 'SIDEKIQ_CONCURRENCY', 'RAILS_MAX_THREADS'];
  const pool = figure(vars, names, usual.threads);
  const count = quantity * processes.count * pool.count * sides;
  const each = type === 'web' ? ` × ${processes.count} processes (${processes.by})` : '';
  return [
    {
      line: `${dynos}${each} × ${pool.count} connections (${pool.by})${both} = ${count}`,
      count,
      isAssumed: processes.isAssumed || pool.isAssumed,
    },
  ];
}

/** Whether there is a release phase is not told: one more process connects where there is. */
function release(vars: Connecting['vars']): Part {
  const { count, by } = figure(vars, ['DB_POOL', 'RAILS_MAX_THREADS'], usual.threads);
  return {
    line: `release phase × ${count} connections (${by}) = ${count}`,
    count,
    isAssumed: false,
  };
}

const one = { count: 1, by: 'one each', isAssumed: false };

function figure(vars: Connecting['vars'], names: readonly string[], standard: number) {
  for (const name of names) {
    const count = numberIn(vars, name);
    if (count !== null) return { count, by: name, isAssumed: false };
  }
  return { count: standard, by: `${names.at(-1)} is not set: assumed`, isAssumed: true };
}

/** Its buildpack starts it before the command, and pools each dyno's connections (its README). */
const isBounced = (command: string, vars: Connecting['vars']): boolean =>
  /\bstart-pgbouncer\b/.test(command) || vars.PGBOUNCER_DEFAULT_POOL_SIZE !== undefined;

function numberIn(vars: Connecting['vars'], name: string): number | null {
  const value = vars[name];
  return value !== undefined && /^\d{1,4}$/.test(value.trim()) ? Number(value) : null;
}
