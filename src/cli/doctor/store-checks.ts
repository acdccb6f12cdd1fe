/** The log: whether every run reaches the same one and may write to it, and what it says of the lane. */
import { type Diagnosis, type Finding, fault, ok, warning } from '../../effects/diagnosis.ts';
import { LockstepError, UsageError } from '../../errors/error.ts';
import type { Lane } from '../../machine/lane.ts';
import { type ProtectedSettings, protectedOf, weakened } from '../../machine/protected-settings.ts';
import { readLane } from '../../runtime/lock/lanes.ts';
import type { EventLog } from '../../store/log.ts';
import { shownStore } from '../../store/open.ts';
import type { Config } from '../config/config.ts';
import { toSettings } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { checkStorePlace, isThrownAway } from '../config/store-place.ts';

export interface StoreInput {
  readonly storeUrl: string;
  readonly config: Config;
  readonly environment: Environment;
  readonly isCi: boolean;
  readonly folder: string;
  /** To be written, and made nowhere. */
  readonly openLog: () => Promise<EventLog>;
}

/** No log yet is no fault: the first `advance` makes it. */
class Store {
  readonly #input: StoreInput;
  #opened: Promise<EventLog | null> | null = null;
  #lane: Promise<Lane> | null = null;

  constructor(input: StoreInput) {
    this.#input = input;
  }

  /** Null: there is none yet. */
  open(): Promise<EventLog | null> {
    this.#opened ??= this.#input.openLog().catch((error) => {
      if (error instanceof LockstepError && error.code === 'E_STORE_MISSING') return null;
      throw error;
    });
    return this.#opened;
  }

  /** As the log has it; null: there is none yet; undefined: it cannot be opened, which one check says. */
  async lane(): Promise<Lane | null | undefined> {
    const log = await this.open().catch(() => undefined);
    if (log === undefined || log === null) return log;
    this.#lane ??= readLane(log, this.#input.config.app);
    return this.#lane;
  }

  async close(): Promise<void> {
    await (await this.#opened?.catch(() => null))?.close();
  }
}

export function storeChecks(input: StoreInput): {
  readonly checks: readonly Diagnosis[];
  close(): Promise<void>;
} {
  const store = new Store(input);
  return {
    checks: [place(input), reachable(store, input), lane(store, input), settings(store, input)],
    close: () => store.close(),
  };
}

const place = ({ storeUrl, config, isCi, folder }: StoreInput): Diagnosis => ({
  id: 'store.shared',
  subject: 'where the log is',
  why: 'The log is the lane’s lock and its memory: every run has to use the same one.',
  async look() {
    const { provider } = config.lock;
    const isFile = storeUrl.startsWith('sqlite:');
    const shown = isFile ? shownStore(storeUrl) : 'a PostgreSQL server';
    if (isFile && isThrownAway({ storeUrl, isCi: true, folder })) {
      return isCi ? thrownAway({ storeUrl, provider, isCi, folder }) : [onlyHere(shown)];
    }
    return [
      ok(isFile ? `${shown}, outside of the checkout: right where all runs have that disk` : shown),
    ];
  },
});

const onlyHere = (shown: string): Finding =>
  warning(
    `PIPELINE_STORE is not set here, so the log is ${shown}; a CI throws such a file away`,
    'Set PIPELINE_STORE=postgres://USER:PASSWORD@HOST/DATABASE in the CI, and here, to see what it deploys.',
  );

function thrownAway(at: Parameters<typeof checkStorePlace>[0]): Finding[] {
  try {
    return checkStorePlace(at).map((line) => warning(line, 'docs/stores.md says what to use.'));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [fault(error.message, error.hint ?? '')];
  }
}

const probeMs = 1_000;

const reachable = (store: Store, { storeUrl }: StoreInput): Diagnosis => ({
  id: 'store.writable',
  subject: 'whether the log can be written',
  why: 'Nothing is done before it is in the log.',
  async look() {
    try {
      const log = await store.open();
      if (log !== null) return [await written(log)];
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      return [fault(error.message, error.hint ?? 'docs/stores.md')];
    }
    const what = storeUrl.startsWith('sqlite:') ? 'file' : 'table';
    return [ok(`there is no log yet; the first advance makes its ${what}`)];
  },
});

async function written(log: EventLog): Promise<Finding> {
  // A lease of its own is written and given back: no event, and nothing that anybody reads.
  const taken = await log.take('doctor', {}, probeMs);
  if (taken !== null) await log.release(taken);
  return ok(`it can be written, and has ${await log.head()} events`);
}

const lane = (store: Store, { config }: StoreInput): Diagnosis => ({
  id: 'lane.enabled',
  subject: `the lane ${config.app}`,
  why: 'While somebody has it disabled, nothing of it goes to production.',
  async look() {
    const found = await store.lane();
    if (found === undefined || found === null) return [];
    const { disabled } = found;
    if (disabled === null) return [ok('it is enabled')];
    return [
      warning(
        `${disabled.actor} disabled it: ${disabled.reason}`,
        `pipeline enable --reason "…", once that is over`,
      ),
    ];
  },
});

const settings = (store: Store, { config, environment }: StoreInput): Diagnosis => ({
  id: 'settings.protected',
  subject: 'settings that a commit does not weaken alone',
  why: 'A deploy by weaker rules than the last one is held until a person, or PIPELINE_TRUST, accepts them.',
  async look() {
    const found = await store.lane();
    if (found === undefined) return [];
    const before = found?.settings ?? null;
    if (before === null)
      return [ok('nothing of the lane was live yet: there is nothing to compare with')];
    return [compared(before, config, environment)];
  },
});

function compared(before: ProtectedSettings, config: Config, environment: Environment): Finding {
  const { app: lane, branch } = config;
  const after = protectedOf({ lane, branch, settings: toSettings(config, environment) });
  const changes = weakened(before, after);
  if (changes.length === 0) return ok('they are as strong as those of the last live deploy');
  return warning(
    `weaker than those of the last live deploy: ${changes.join('; ')}`,
    'If that is meant: the next deploy is held, and pipeline resume DEPLOY --reason "…" lets it go on.',
  );
}
