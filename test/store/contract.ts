/** The suite that every engine of the log passes: what `src/store/log.ts` promises, rule by rule. */
import { describe } from 'vitest';
import { appendContract } from './contract-append.ts';
import { importContract } from './contract-import.ts';
import { leaseContract } from './contract-leases.ts';
import { modelContract } from './contract-model.ts';
import { processContract } from './contract-processes.ts';
import { readContract } from './contract-read.ts';
import type { TestStore } from './events.ts';

/** @param create makes an empty store of the engine that `url` opens any number of times */
export function storeContract(name: string, create: () => Promise<TestStore>): void {
  describe(`the log's contract on ${name}`, () => {
    appendContract(create);
    readContract(create);
    importContract(create);
    leaseContract(create);
    modelContract(create);
    processContract(create);
  });
}
