/**
 * What any kind of target has to keep. A new kind passes it with a harness of its own world:
 * `targetContract(harness)` in a test file beside this one.
 */
import { describe } from 'vitest';
import { instancesContract } from './contract-instances.ts';
import { observeContract } from './contract-observe.ts';
import { releaseContract } from './contract-release.ts';
import { restoreContract } from './contract-restore.ts';
import { rollbackContract } from './contract-rollback.ts';
import { submitContract } from './contract-submit.ts';
import type { TargetHarness } from './world.ts';

export function targetContract(harness: TargetHarness): void {
  describe(`a target of kind ${harness.kind}`, () => {
    observeContract(harness);
    submitContract(harness);
    releaseContract(harness);
    restoreContract(harness);
    rollbackContract(harness);
    instancesContract(harness);
  });
}
