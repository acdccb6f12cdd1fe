/** `pipeline sandbox`: the stand-ins, until a signal ends them. */
import { UsageError } from '../../errors.ts';
import { startSandbox } from '../../sandbox/server.ts';
import type { Terminal } from '../terminal.ts';

export async function sandbox(
  flags: { port?: string; repository?: string; json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const running = await startSandbox({
    ...(flags.port === undefined ? {} : { port: portOf(flags.port) }),
    ...(flags.repository === undefined ? {} : { repositoryPath: flags.repository }),
  });
  const { urls, environment } = running;
  if (flags.json === true) terminal.out(JSON.stringify({ urls, environment }, null, 2));
  else for (const line of introduction(urls, environment)) terminal.out(line);
  await new Promise<void>((ended) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended());
  });
  await running.close();
  return 0;
}

function introduction(
  urls: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): string[] {
  return [
    '# Stand-ins for Heroku, CircleCI, GitHub, Slack and two apps; until Ctrl-C.',
    ...Object.entries(urls).map(([service, url]) => `#   ${service.padEnd(10)} ${url}`),
    '# In the shell that runs pipeline:',
    ...Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`),
    '# A pipeline.yml for it:',
    '#   app: acme-web',
    '#   staging:',
    '#     heroku: { app: acme-staging }',
    `#     verify: { endpoints: [{ url: "${urls.staging}/", revision: { header: x-revision } }] }`,
    '#   production:',
    '#     heroku: { app: acme-production }',
    `#     verify: { endpoints: [{ url: "${urls.production}/", revision: { header: x-revision } }] }`,
    "#   notify: { slack: { channel: '#alerts-deploy' } }",
    `# What comes next is said to ${urls.control}: GET / lists the verbs, GET /state shows the world.`,
  ];
}

const portMax = 65_528;

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= portMax) return port;
  throw new UsageError('E_USAGE', `--port takes a number from 1 to ${portMax}, not ${text}`);
}
