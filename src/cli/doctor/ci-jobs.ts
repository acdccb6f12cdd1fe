/** The job of a CI that runs `advance`, whichever CI it is: what both are looked at for. */
import { type Finding, fault, ok, warning } from '../../effects/diagnosis.ts';
import { runsLockstep } from '../setup/jobs.ts';

/** What a deploy needs of the job, in no CI's words. */
export interface WantedJob {
  readonly branch: string;
  /** Variables without which a run ends at once. */
  readonly variables: readonly string[];
  readonly killSwitch: string;
  readonly lock: 'store' | 'circleci' | 'github';
  /** Deployments are shown on GitHub. */
  readonly showsDeployments: boolean;
  readonly hasGitHubToken: boolean;
}

export interface ReadJob {
  readonly name: string;
  readonly command: string;
}

export const runsAdvance = runsLockstep;

/** A shell stands between the CI and what it started: without `exec` the shell gets the signal, and Lockstep does not. */
export const signals = ({ name, command }: ReadJob): Finding | null =>
  /(^|\n|;|&&)\s*exec\s[^\n]*\badvance\b/.test(command)
    ? null
    : warning(
        `the signal of a cancelled job does not reach Lockstep in ${name}`,
        'Put exec before the command: exec npx --no lockstep advance',
      );

/** The findings that there are; where none is, that all of it is right. */
export const orRight = (where: string, findings: readonly (Finding | null)[]): Finding[] => {
  const found = findings.filter((one) => one !== null);
  return found.length > 0 ? found : [ok(`${where} runs advance as it should`)];
};

export const untested = (where: string): Finding =>
  fault(
    `${where} waits for no job that tests`,
    'Have it require the jobs that test: what fails must not be deployed.',
  );
