/** `pipeline sandbox`: the stand-ins, until a signal ends them. */
import { openRepository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { keepVocabulary } from '../../redaction/gate.ts';
import { secretsOfEnvironment } from '../../redaction/secrets.ts';
import { startSandbox } from '../../sandbox/server.ts';
import { secretVariables } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';

export interface SandboxFlags {
  readonly port?: string;
  readonly repository?: string;
  readonly generation: 'cedar' | 'fir';
  readonly json?: boolean;
}

export async function sandbox(flags: SandboxFlags, terminal: Terminal): Promise<number> {
  if (flags.repository !== undefined) await openRepository(flags.repository);
  const ended = new Promise<void>((end) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end());
  });
  const running = await start(flags);
  const { urls, environment } = running;
  // The stand-ins' tokens open nothing, and are there to be copied, also where they are set already.
  keepVocabulary(secretsOfEnvironment(environment, secretVariables).certain);
  if (flags.json === true) terminal.json({ urls, environment });
  else for (const line of introduction(urls, environment)) terminal.out(line);
  await ended;
  await running.close();
  return 0;
}

async function start({ port, repository, generation }: SandboxFlags) {
  try {
    return await startSandbox({
      generations: { staging: generation, production: generation },
      ...(port === undefined ? {} : { port: portOf(port) }),
      ...(repository === undefined ? {} : { repositoryPath: repository }),
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
    throw new UsageError(
      'E_PORT',
      `the sandbox cannot listen on nine ports from ${port}: ${code}`,
      {
        hint: 'Leave --port out for any free ones.',
        cause,
      },
    );
  }
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
    '# What comes next is said to $SANDBOX_URL: GET / lists the verbs and what they take, GET /state shows the world. So a dyno crashes:',
    `# curl -H "authorization: Bearer $SANDBOX_TOKEN" --json '{"app":"acme-staging"}' "$SANDBOX_URL/crashNextDyno"`,
  ];
}

const portMax = 65_528;

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= portMax) return port;
  throw new UsageError('E_USAGE', `--port takes a number from 1 to ${portMax}, not ${text}`);
}
