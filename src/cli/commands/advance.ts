/** `pipeline advance`: this build's commit, from the queue to production. */
import { UsageError } from '../../errors/error.ts';
import { detectCi } from '../ci/ci.ts';
import type { Terminal } from '../render/terminal.ts';
import { askedCommit } from '../workspace/asked-commit.ts';
import type { AdvanceFlags } from './advance-commit.ts';

export async function advance(
  flags: AdvanceFlags,
  version: string,
  terminal: Terminal,
): Promise<number> {
  const said = reasonOf(flags);
  const found = await askedCommit(flags);
  const { advanceCommit } = await import('./advance-commit.ts');
  return advanceCommit(found, said, flags, version, terminal);
}

/**
 * Why a person ships out of order, or by hand: the article's manual deploy, which a rollback does not hold. Null: no person does.
 *
 * @throws UsageError E_REASON
 */
export function reasonOf(flags: AdvanceFlags): string | null {
  const { override, reason } = flags;
  const isEmpty = (reason ?? '').trim() === '';
  if (override === true && isEmpty) {
    throw new UsageError('E_REASON', '--override needs --reason: the log keeps why', {
      hint: 'pipeline advance --override --reason "hotfix from the release branch"',
    });
  }
  if (reason === undefined) return null;
  if (isEmpty) {
    throw new UsageError('E_REASON', '--reason is empty; the log keeps why', {
      hint: 'pipeline advance --build 505 --reason "the cause is mended by #812"',
    });
  }
  if (override === true || !detectCi(process.env, flags).isCi) return reason;
  throw new UsageError('E_REASON', '--reason is for a person: in a CI it needs --override', {
    hint: 'Leave it out, or add --override. From a person’s shell it ships by hand what a rollback holds.',
  });
}
