/** What a set-up leaves as it is, what a check-up calls right, and what a dry run writes. */
import type { Mutant } from '../mutant.ts';

const kept = 'A set-up replaces nothing that is there';
const asked = 'A check-up calls nothing right that it could not ask';
const dry = 'A dry run writes nothing';

const added = 'test/cli/setup/added.test.ts';
const faults = 'test/cli/doctor/faults.test.ts';

export const setupMutants: readonly Mutant[] = [
  {
    id: 'yes-replaces-a-file',
    promise: kept,
    file: 'src/cli/commands/init.ts',
    symbol: 'confirmed',
    code: "const standard = file.action === 'differs' ? 'n' : 'y';",
    by: "const standard = 'y';",
    noticedBy: 'test/cli/init.test.ts › does not replace a pipeline.yml',
  },
  {
    id: 'a-second-deployer-is-added',
    promise: kept,
    file: 'src/cli/setup/jobs.ts',
    symbol: 'looksLikeDeploy',
    code: "['deploy', 'release', ...words].some((word) => lower.includes(word))",
    by: 'false',
    noticedBy: `${added} › is not touched: what to add is shown`,
  },
  {
    id: 'a-job-that-skips-the-branch-counts-as-its-test',
    promise: kept,
    file: 'src/cli/setup/circleci-file.ts',
    symbol: 'lastOf',
    code: 'isOfBranch(filters, branch)',
    by: 'true',
    noticedBy: `${added} › gets the job behind what tests the branch`,
  },
  {
    id: 'what-fails-is-right',
    promise: asked,
    file: 'src/cli/doctor/examine.ts',
    symbol: 'within',
    code: 'return [unknown(messageOf(error), hintOf(error))];',
    by: "return [{ verdict: 'ok', found: messageOf(error), remedy: hintOf(error) }];",
    noticedBy: `${faults} › is no “ok”`,
  },
  {
    id: 'what-does-not-answer-is-right',
    promise: asked,
    file: 'src/cli/doctor/examine.ts',
    symbol: 'within',
    code: 'end([unknown(`no answer within ${formatDuration(ms)}`, again)])',
    by: "end([{ verdict: 'ok', found: 'no answer', remedy: again }])",
    noticedBy: `${faults} › is no “ok”`,
  },
  {
    id: 'automatic-deploys-that-nobody-tells-of-are-off',
    promise: asked,
    file: 'src/effects/targets/heroku/diagnose-running.ts',
    symbol: 'readConnection',
    code: 'return unknown( `${name}: Heroku did not say (${error.status})`,',
    by: 'return warning( `${name}: Heroku did not say (${error.status})`,',
    noticedBy: `${faults} › is no “ok”`,
  },
  {
    id: 'preboot-doubles-no-connection',
    promise: asked,
    file: 'src/effects/targets/heroku/connections.ts',
    symbol: 'partOf',
    code: "type === 'web' && preboot ? 2 : 1",
    by: '1',
    noticedBy:
      'test/effects/targets/heroku/connections.test.ts › is shown so that it can be checked',
  },
  {
    id: 'a-dry-run-makes-a-log',
    promise: dry,
    file: 'src/cli/commands/rehearse.ts',
    symbol: 'openIfThere',
    code: 'readOnly: true',
    by: 'readOnly: false',
    noticedBy: 'test/cli/dry-run.test.ts › makes no log where there is none',
  },
];
