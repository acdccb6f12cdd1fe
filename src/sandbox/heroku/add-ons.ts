/**
 * Heroku's routes for an app's database: the add-on, its attachments (Heroku Platform API reference, Add-on, Add-on
 * Attachment), and what the service of Heroku Postgres tells of it, as Heroku's own command asks it.
 */
import type { Hono } from 'hono';
import { answer, answerBodies, appOf, type HerokuService, missing } from './answers.ts';
import { offset, seconds } from './artifact-bodies.ts';
import type { App, Database } from './state.ts';

export function addAddOnRoutes(hono: Hono, { world }: HerokuService): void {
  hono.get('/apps/:app/addons', (c) => answerBodies(c, addOnBodies(appOf(c, world()))));
  hono.get('/apps/:app/addon-attachments', (c) =>
    answerBodies(c, attachmentBodies(appOf(c, world()))),
  );
  hono.get('/client/v11/databases/:database', (c) => {
    const asked = c.req.param('database');
    const app = world().apps.find(({ database }) => [database?.id, database?.name].includes(asked));
    if (app?.database == null) throw missing('database');
    return answer(databaseBody(app.database, app.createdAt));
  });
}

function addOnBodies(app: App) {
  const { database } = app;
  if (database === null) return [];
  const at = seconds(app.createdAt);
  return [
    {
      actions: [],
      addon_service: { id: '000000a1-89ab-4def-8123-456789abcdef', name: 'heroku-postgresql' },
      app: { id: app.id, name: app.name },
      billed_price: { cents: 5_000, contract: false, unit: 'month' },
      billing_entity: { id: app.id, name: app.name, type: 'app' },
      config_vars: ['DATABASE_URL'],
      created_at: at,
      id: database.id,
      name: database.name,
      plan: {
        id: '000000a3-89ab-4def-8123-456789abcdef',
        name: `heroku-postgresql:${database.plan}`,
      },
      provider_id: 'abcd1234',
      state: 'provisioned',
      updated_at: at,
      web_url: `https://addons-sso.heroku.com/apps/${app.id}/addons/${database.id}`,
    },
  ];
}

function attachmentBodies(app: App) {
  const { database } = app;
  if (database === null) return [];
  const at = seconds(app.createdAt);
  const of = { id: app.id, name: app.name };
  const attachment = (n: number, name: string, namespace: string | null) => ({
    addon: { id: database.id, name: database.name, app: of },
    app: of,
    created_at: at,
    id: `0000${n.toString(16).padStart(4, '0')}${database.id.slice(8)}`,
    log_input_url: null,
    name,
    namespace,
    updated_at: at,
    web_url: `https://addons-sso.heroku.com/apps/${app.id}/addons/${database.id}`,
  });
  const pool = attachment(0xd1, 'DATABASE_CONNECTION_POOL', 'connection-pooling:default');
  return [attachment(0xd0, 'DATABASE', null), ...(database.isPooled ? [pool] : [])];
}

function databaseBody({ id, name, plan, connections, connectionsMax }: Database, at: number) {
  const info = (key: string, value: string) => ({ name: key, values: [value] });
  return {
    addon_id: id,
    name,
    plan,
    created_at: offset(at),
    info: [
      info('Plan', plan),
      info('Status', 'Available'),
      info('Connections', `${connections}/${connectionsMax}`),
      info('Connection Pooling', 'Available'),
    ],
    'waiting?': false,
  };
}
