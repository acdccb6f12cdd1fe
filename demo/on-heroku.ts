/** Four stories on the sandbox that stands in for Heroku, GitHub and Slack. */
import { join } from 'node:path';
import { type RunningSandbox, startSandbox } from '../src/sandbox/server.ts';
import { expectExit, person, say, Team } from './team.ts';

const configOf = ({ staging, production }: RunningSandbox['urls']): string => `app: acme-web
branch: master
repository: https://github.com/acme/web
staging:
  heroku: { app: acme-staging }
  verify:
    dynos: { settle: 500ms }
    endpoints:
      - { url: "${staging}/", revision: { header: x-revision } }
production:
  heroku: { app: acme-production }
  verify:
    dynos: { settle: 500ms }
    endpoints:
      - { url: "${production}/", revision: { header: x-revision } }
notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`;

/** The newest message of these words, as Slack was sent it. */
function showSlackMessage(sandbox: RunningSandbox, words: string): void {
  const messages = sandbox.slackMessages() as { text: string; blocks: unknown }[];
  const message = messages.findLast(({ text }) => text.includes(words));
  if (message === undefined) throw new Error(`Slack was sent no message with “${words}”`);
  const { text, blocks } = message;
  say('\n   What Slack was sent of that, as it was sent:');
  for (const line of JSON.stringify({ text, blocks }, null, 2).split('\n')) say(`   ${line}`);
}

async function tell(team: Team, sandbox: RunningSandbox): Promise<void> {
  const commit = (title: string): string => {
    team.write('app.txt', `${title}\n`);
    return team.commit(title);
  };

  say('1. A commit goes live');
  await expectExit(team.advance(501, commit('Greet people by name')), '0');

  say('\n2. Of three stacked builds the middle one is superseded');
  const [a, b, c] = [commit('Sort the list'), commit('Fix a typo'), commit('Show the total')];
  const running = team.advance(502, a, '502 | ');
  await running.saw('took lane');
  const middle = team.advance(503, b, '503 | ');
  await middle.saw('waiting');
  const newest = team.advance(504, c, '504 | ');
  for (const run of [running, middle, newest]) await expectExit(run, '0');

  say('\n3. Production was rolled back: the next deploy is held until a person lifts it');
  sandbox.control.rollback({ app: 'acme-production', byUser: 'ana@acme.test' });
  const held = commit('Try again');
  await expectExit(team.advance(505, held), '0');
  const id = `505-${held.slice(0, 8)}`;
  say(`   (${person.name} lifts it, in a shell)`);
  const resume = ['resume', id, '--reason', 'the cause is fixed'];
  await expectExit(team.job(resume, { ci: false }), '0');
  showSlackMessage(sandbox, `resumed by ${person.name}`);

  say('\n4. A run is killed in the middle; the same command finishes it');
  const killed = commit('Speed up search');
  const doomed = team.advance(506, killed);
  await doomed.saw('staging build');
  doomed.process.kill('SIGKILL');
  await doomed.ended;
  say('   (killed)');
  await expectExit(team.advance(506, killed), '0');
}

/** @returns the team, whose repository stays for the reader to explore */
export async function tellOnHeroku(root: string, store: string): Promise<Team> {
  const folder = join(root, 'web');
  const sandbox = await startSandbox({
    repositoryPath: folder,
    timing: { buildMs: 1_200, promotionMs: 300, dynoBootMs: 300 },
  });
  try {
    const team = new Team(folder, { ...sandbox.environment, PIPELINE_STORE: store });
    team.write('pipeline.yml', configOf(sandbox.urls));
    await tell(team, sandbox);
    return team;
  } finally {
    await sandbox.close();
  }
}
