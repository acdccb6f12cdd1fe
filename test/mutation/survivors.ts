/** Mutants that no test notices, and why: found by their file and code, never by a line. */
export interface Survivor {
  readonly file: string;
  /** The code as it is, and what the mutant puts there; white space counts as one blank. */
  readonly code: string;
  readonly by: string;
  /** Nothing that anybody could see differs: not counted in the score. */
  readonly isEquivalent: boolean;
  readonly why: string;
}

export const survivors: readonly Survivor[] = [
  {
    file: 'src/runtime/notify/notifier.ts',
    code: 'lease?.expiresInMs',
    by: 'lease.expiresInMs',
    isEquivalent: true,
    why: 'a lease that could not be taken is there: the question mark is there for the types',
  },
  {
    file: 'src/runtime/lock/liveness.ts',
    code: '() => null',
    by: '() => undefined',
    isEquivalent: true,
    why: 'no ending and none that is known are read alike',
  },
  {
    file: 'src/runtime/lock/lanes.ts',
    code: 'lane.version > this.#knownOf(name).version',
    by: 'true',
    isEquivalent: false,
    why: 'of two reads at one time the older one is kept: the next reads a few events again',
  },
  {
    file: 'src/runtime/lock/ci-lock.ts',
    code: "turn.kind === 'wait'",
    by: 'true',
    isEquivalent: true,
    why: 'where every build has its turn none is superseded: the comparison is there for the types',
  },
  {
    file: 'src/machine/chart.ts',
    code: "{ throw new Error('services are carried out by the runtime, not by the chart'); }",
    by: '{}',
    isEquivalent: true,
    why: 'nobody runs the chart by XState’s own interpreter: the body is there for the types',
  },
  {
    file: 'src/machine/interpret.ts',
    code: `\`the chart has an action that nothing carries out: \${type}\``,
    by: '``',
    isEquivalent: false,
    why: 'no chart here has such an action; the sentence is for whoever writes one',
  },
  {
    file: 'src/runtime/loop/run.ts',
    code: `\`another run of \${deploy} is alive; waiting for it to end\``,
    by: '``',
    isEquivalent: false,
    why: 'a line of progress; the processes’ tests read it, which carry no mutant',
  },
  {
    file: 'src/runtime/loop/run.ts',
    code: 'interrupt.aborted',
    by: 'false',
    isEquivalent: false,
    why: 'a signal between the deploy’s lease and the next turn: the processes’ tests send it, at random',
  },
  {
    file: 'src/machine/context.ts',
    code: `\`the chart has no \${what} here\``,
    by: '``',
    isEquivalent: false,
    why: 'the order of the chart’s states rules it out; the sentence is for whoever changes that order',
  },
  {
    file: 'src/machine/lane.ts',
    code: 'a > b',
    by: 'a <= b',
    isEquivalent: true,
    why: 'two of one length: a sort asks whether one comes before the other, which `a < b` has said by then',
  },
  {
    file: 'src/store/event-import.ts',
    code: 'rows.filter(({ position }) => position <= end)',
    by: 'rows',
    isEquivalent: false,
    why: 'the log is asked for positions that it cannot have yet, and answers with none: only slower',
  },
  {
    file: 'src/store/log-heads.ts',
    code: 'at % piece < piece - 1',
    by: 'true',
    isEquivalent: false,
    why: 'the same digest of all of it at once: only more memory',
  },
  {
    file: 'src/store/seen-ids.ts',
    code: 'isNew',
    by: 'true',
    isEquivalent: false,
    why: 'the set grows before it has to: only more memory',
  },
  {
    file: 'src/store/database-log.ts',
    code: 'after < head',
    by: 'after <= head',
    isEquivalent: false,
    why: 'one look more behind the log’s end, which finds nothing',
  },
  {
    file: 'src/runtime/accounts/otel.ts',
    code: 'steps.slice(1)',
    by: 'steps',
    isEquivalent: true,
    why: 'the first step leads to where it leads itself, and such a step is passed over',
  },
  {
    file: 'src/runtime/accounts/changes.ts',
    code: "event.type === 'trust.given'",
    by: 'true',
    isEquivalent: true,
    why: 'what was said of a deploy is looked for among them by its type once more: only more is looked at',
  },
  {
    file: 'src/runtime/audit/search-deploys.ts',
    code: "like === ''",
    by: 'false',
    isEquivalent: true,
    why: 'a text of no characters is in every title: the same rows are found, after more work',
  },
  {
    file: 'src/effects/http/etags.ts',
    code: 'oldest !== undefined',
    by: 'true',
    isEquivalent: true,
    why: 'of more answers than are kept one is always the oldest: the comparison is there for the types',
  },
  {
    file: 'src/effects/http/shown.ts',
    code: 'redactors.size >= redactorsMax',
    by: 'redactors.size < redactorsMax',
    isEquivalent: true,
    why: 'which redactors are kept changes how long one takes, and nothing that it says',
  },
  {
    file: 'src/effects/git/repository.ts',
    code: 'shas.filter((sha) => !commits.has(sha))',
    by: 'shas',
    isEquivalent: true,
    why: 'a commit that is read again is the same commit',
  },
  {
    file: 'src/cli/config/store-place.ts',
    code: "one !== '.'",
    by: 'true',
    isEquivalent: true,
    why: 'a folder joined with a dot is that folder, of which it is known whether it is a link',
  },
  {
    file: 'src/machine/interpret.ts',
    code: "typeof value === 'string'",
    by: 'true',
    isEquivalent: true,
    why: 'a state’s value is a name, or an object around one: the comparison is there for the types',
  },
  {
    file: 'src/cli/config/config.ts',
    code: 'here?.shape',
    by: 'here.shape',
    isEquivalent: true,
    why: 'the schema’s own mistakes are asked about, and their path is one of the schema: the question mark is there for the types',
  },
  {
    file: 'src/effects/channels/hooks/open.ts',
    code: 'urlFrom !== undefined',
    by: 'true',
    isEquivalent: true,
    why: 'a hook that runs nothing and has no URL has a variable with one, as its schema says: the comparison is there for the types',
  },
  {
    file: 'src/effects/git/repository.ts',
    code: 'remote === null',
    by: 'false',
    isEquivalent: true,
    why: 'git knows no remote where there is none, and says so in its exit code',
  },
  {
    file: 'src/effects/targets/heroku/diagnose-apps.ts',
    code: 'source?.app',
    by: 'source.app',
    isEquivalent: true,
    why: 'an app that gives to another is one of the places that are looked at: the question mark is there for the types',
  },
  {
    file: 'src/effects/targets/heroku/builds.ts',
    code: 'app === source',
    by: 'true',
    isEquivalent: false,
    why: 'a release of another app has to have the same content before its code is taken: only a request more',
  },
  {
    file: 'src/store/database-log.ts',
    code: 'options.fromVersion === undefined',
    by: 'false',
    isEquivalent: true,
    why: 'the stream’s version is asked for first, and then all of it is read: the same events, after one statement more',
  },
];
