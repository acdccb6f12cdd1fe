/** `pipeline.yml` of a new lane, for a person to read and to go on with. */
import { stringify } from 'yaml';
import type { ChannelKind } from '../../effects/channels/channel-kind.ts';
import { channelKinds } from '../../effects/channels/kinds.ts';
import type { Answers, SetupPlace } from './answers.ts';
import type { RepositoryFacts } from './facts.ts';

export function pipelineFile(answers: Answers, facts: RepositoryFacts): string {
  const { app, branch, repository, staging, production, channel } = answers;
  const schema = './node_modules/lockstep/schema/pipeline.schema.json';
  return [
    ...(facts.installed === 'package' ? [`# yaml-language-server: $schema=${schema}`] : []),
    `app: ${scalar(app)}   # the lane’s name: its log goes by it`,
    `branch: ${scalar(branch)}`,
    ...(repository === null ? [] : [`repository: ${scalar(repository)}`]),
    '',
    '# The log is not named here: set PIPELINE_STORE to a PostgreSQL database that every job of the CI reaches.',
    '',
    ...environment('staging', staging, answers),
    '',
    ...environment('production', production, answers),
    '',
    'gates:',
    '  rollback: hold                        # after a rollback nothing ships until a person says so',
    '  killSwitch: PRODUCTION_CD_ENABLED     # in a CI production is written only while this variable is true',
    '',
    ...(channel === null
      ? channelKinds.flatMap(commented)
      : ['notify:', `  ${channel.key}: ${flow(channel.settings)}`]),
    '',
  ].join('\n');
}

/** A channel that nobody chose, for who wants it later. */
function commented({ name, setup }: ChannelKind): string[] {
  if (setup === undefined) return [];
  return [
    `# With ${setup.token} set, people are told:`,
    '# notify:',
    `#   ${name}: ${flow(setup.settings(setup.example))}`,
  ];
}

function environment(
  role: 'staging' | 'production',
  { settings, endpoint, tellsInstances }: SetupPlace,
  { kind, instances }: Answers,
): string[] {
  const waived = [
    ...(tellsInstances ? [] : [`no-${instances}`]),
    ...(tellsInstances || endpoint !== null ? [] : ['no-checks']),
  ];
  return [
    `${role}:`,
    `  ${kind}: ${flow(settings)}`,
    '  verify:',
    ...(tellsInstances ? [`    ${instances}: { timeout: 10m, settle: 10s }`] : []),
    ...(waived.length === 0 ? [] : [`    waive: [${waived.join(', ')}]`]),
    ...(endpoint === null
      ? [
          '    # Whatever answers 200 when the app is well, and fails the deploy otherwise:',
          '    # endpoints: [{ url: https://example.com/up }]',
        ]
      : [
          '    endpoints:',
          '      # Where the app tells its commit, the right one has to answer: revision: { header: x-revision }',
          `      - { url: ${scalar(endpoint)}, status: 200, timeout: 2m }`,
        ]),
  ];
}

const scalar = (text: string): string =>
  stringify(text, {
    lineWidth: 0,
    defaultStringType: /[:#{}[\],&*!|>'"%@`]/.test(text) ? 'QUOTE_DOUBLE' : 'PLAIN',
  }).trim();
const flow = (value: object): string =>
  stringify(value, { lineWidth: 0, collectionStyle: 'flow' }).trim();
