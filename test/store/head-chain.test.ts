/** The log's head: the same from whichever full block it is computed on, and as an auditor computes it who has only a shell. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HeadChain } from '../../src/store/head-chain.ts';
import { fc } from '../fast-check.ts';

const hashes = Array.from({ length: 3_000 }, (_, n) =>
  createHash('sha256').update(`${n}`).digest('hex'),
);

/** By the words of docs/audit.md. */
function headOf(all: readonly string[]): string {
  let digest = '0'.repeat(64);
  for (let at = 0; at < all.length; at += 256) {
    const lines = [digest, ...all.slice(at, at + 256)];
    digest = createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex');
  }
  return `2-${digest}`;
}

function chainOf(all: readonly string[], from?: HeadChain['full']): HeadChain {
  const chain = new HeadChain(from);
  for (const one of all.slice(from?.position ?? 0)) chain.add(one);
  return chain;
}

const lengths = fc.oneof(
  fc.nat(hashes.length),
  fc.constantFrom(0, 1, 255, 256, 257, 511, 512, 513, 2_560),
);

describe('the head of a log', () => {
  it('is the digest over the hashes of its events, 256 at a time', () => {
    fc.assert(
      fc.property(lengths, (length) => {
        const chain = chainOf(hashes.slice(0, length));
        expect([chain.position, chain.digest()]).toEqual([length, headOf(hashes.slice(0, length))]);
      }),
    );
  });

  it('is the same when it is computed on from full blocks, and tells heads of a little before', () => {
    fc.assert(
      fc.property(lengths, lengths, lengths, (a, b, c) => {
        const [from = 0, at = 0, to = 0] = [a, b, c].toSorted((x, y) => x - y);
        const { full } = chainOf(hashes.slice(0, from));
        expect(full.position % 256).toBe(0);
        expect(full.last).toBe(hashes[full.position - 1] ?? '0'.repeat(64));
        const chain = chainOf(hashes.slice(0, to), full);
        expect(chain.digest()).toBe(headOf(hashes.slice(0, to)));
        expect(chain.digestAt(at)).toBe(headOf(hashes.slice(0, at)));
        expect(chain.digestAt(to + 1)).toBeNull();
        if (full.position > 0) expect(chain.digestAt(full.position - 1)).toBeNull();
      }),
    );
  });

  it('is forgotten far back, and never told wrongly', () => {
    const chain = new HeadChain();
    for (let n = 0; n < 40_000; n++) chain.add(hashes[n % hashes.length] as string);
    expect(chain.digestAt(10)).toBeNull();
    const known = Array.from({ length: 40_000 }, (_, n) => hashes[n % hashes.length] as string);
    for (const at of [40_000 - 16_384, 39_937, 40_000]) {
      expect(chain.digestAt(at)).toBe(headOf(known.slice(0, at)));
    }
  });

  it('is what the line of shell in docs/audit.md gives', () => {
    const audit = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8');
    const [, shell = ''] = /```bash\n(head=[\s\S]*?)\n```/.exec(audit) ?? [];
    const script = shell.replace('jq -r .hash log.jsonl', 'cat');
    expect(script).not.toBe(shell);
    const told = execFileSync('bash', ['-c', script], {
      input: hashes
        .slice(0, 700)
        .map((one) => `${one}\n`)
        .join(''),
      encoding: 'utf8',
    });
    expect(told.trim()).toBe(headOf(hashes.slice(0, 700)));
  });
});
