/** What is told of the log: that it is what was recorded, and why a commit shipped or did not. */
import type { Mutant } from '../mutant.ts';

const found = 'A log that somebody changed is found to be so';
const told = 'Why a commit shipped or did not';

const verify = 'test/runtime/audit/verify.test.ts';
const explain = 'test/runtime/audit/explain.test.ts';

export const auditMutants: readonly Mutant[] = [
  {
    id: 'a-pinned-head-of-a-longer-log-is-passed-over',
    promise: found,
    file: 'src/runtime/audit/verify.ts',
    symbol: 'finish',
    code: 'for (const { position, digest } of this.#pinned.splice(0)) {',
    by: 'for (const { position, digest } of this.#pinned.splice(0).slice(1)) {',
    noticedBy: `${verify} › whose end was cut off`,
  },
  {
    id: 'a-signed-head-of-another-log-is-right',
    promise: found,
    file: 'src/runtime/audit/verify.ts',
    symbol: '#compareSigned',
    code: 'if (digest === head.digest) {',
    by: 'if (digest !== null) {',
    noticedBy: `${verify} › by signed heads`,
  },
  {
    id: 'whoever-signed-a-head',
    promise: found,
    file: 'src/runtime/audit/head.ts',
    symbol: 'isSignedBy',
    code: "return verify(null, signed(head), publicKey, Buffer.from(head.signature, 'base64url'));",
    by: 'return publicKey !== null;',
    noticedBy: 'test/runtime/audit/head.test.ts › of one head and by one key',
  },
  {
    id: 'a-deploy-goes-on-behind-its-end',
    promise: found,
    file: 'src/runtime/audit/verify.ts',
    symbol: '#derive',
    code: "if (after === 'faulty' && before === 'over') {",
    by: "if (after === 'faulty' && before === notBegun) {",
    noticedBy: `${verify} › behind the end of a deploy`,
  },
  {
    id: 'a-row-of-no-deploy-is-none-of-ours',
    promise: found,
    file: 'src/runtime/audit/verify-table.ts',
    symbol: 'verifyTable',
    code: "if (told === undefined) find(stream, 0, 'has a row of no deploy');",
    by: 'if (told === undefined) continue;',
    noticedBy: `${verify} › a table of deploys`,
  },
  {
    id: 'the-last-deploy-that-has-it-shipped-it',
    promise: told,
    file: 'src/runtime/audit/explain.ts',
    symbol: 'explain',
    code: 'live.find((entry) => has(entry.commit))',
    by: 'live.findLast((entry) => has(entry.commit))',
    noticedBy: `${explain} › the first of several that have it carried it`,
  },
  {
    id: 'a-lift-of-any-rollback-is-this-one’s',
    promise: told,
    file: 'src/runtime/audit/explain-links.ts',
    symbol: 'liftedFrom',
    code: "of.type === 'rollback.lifted' && of.data.release === release",
    by: "of.type === 'rollback.lifted'",
    noticedBy: `${explain} › it is held by a rollback, and another one was lifted`,
  },
  {
    id: 'what-a-shallow-clone-does-not-have-production-has-not',
    promise: told,
    file: 'src/runtime/audit/explain.ts',
    symbol: 'hasIt',
    code: 'return isCut ? null : false;',
    by: 'return false;',
    noticedBy: `${explain} › the clone is cut short`,
  },
  {
    id: 'the-newest-build-of-a-commit-decides-though-another-may-go-on',
    promise: told,
    file: 'src/runtime/audit/explain.ts',
    symbol: 'notShipped',
    code: 'own.find(isOpen) ?? own[0];',
    by: 'own[0];',
    noticedBy: `${explain} › an older build of it is held, and a newer one came to nothing`,
  },
  {
    id: 'what-a-person-took-production-back-to-was-not-seen',
    promise: told,
    file: 'src/runtime/audit/last-seen.ts',
    symbol: 'lastSeen',
    code: 'if (back !== undefined && back.position > (newest?.position ?? 0)) {',
    by: 'if (back !== undefined && newest === null) {',
    noticedBy: `${explain} › it shipped, and a person took production back since`,
  },
  {
    id: 'a-rollback-that-was-lifted-holds',
    promise: told,
    file: 'src/runtime/audit/explain-rollbacks.ts',
    symbol: 'rollbacksSince',
    code: 'last !== undefined && lift?.by === null',
    by: 'last !== undefined',
    noticedBy: `${explain} › it shipped, a person took production back, and lifted that`,
  },
  {
    id: 'nobody-took-production-back',
    promise: told,
    file: 'src/runtime/audit/explain-rollbacks.ts',
    symbol: 'rollbacksBehind',
    code: 'releases.has(event.data.release.id)',
    by: 'releases.has(event.data.rollback)',
    noticedBy: `${explain} › it is held by what a person took production back by`,
  },
];
