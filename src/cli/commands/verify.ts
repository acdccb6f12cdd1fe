/** `pipeline verify [SOURCE]`: whether a log, or an export of it, is what was recorded; 1 where it is not. */
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import { redactAll } from '../../redaction/gate.ts';
import { parseHead, readKey } from '../../runtime/audit/head.ts';
import { type Audit, LogVerifier } from '../../runtime/audit/verify.ts';
import { verifyTables } from '../../runtime/audit/verify-table.ts';
import { keptBlocks } from '../../store/head-of-log.ts';
import type { LogHead } from '../../store/log.ts';
import { shownStore } from '../../store/open.ts';
import { toRow } from '../../store/stored-event.ts';
import { readEnvironment } from '../config/environment.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { verifyView } from '../render/verify-view.ts';
import { isStoreUrl, openFile } from '../transfer/event-source.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { anchored } from '../workspace/store-url.ts';

export interface VerifyFlags extends GlobalFlags {
  head: readonly string[];
  publicKey: readonly string[];
}

export async function verify(
  source: string | undefined,
  flags: VerifyFlags,
  terminal: Terminal,
): Promise<number> {
  const pinned = flags.head.map(pinnedHead);
  const verifier = new LogVerifier({ pinned, keys: flags.publicKey.map(publicKey) });
  const isFile = source !== undefined && !isStoreUrl(source);
  const shown = isFile
    ? await verifyFile(source, verifier, terminal)
    : await verifyStore(await storeOf(source, flags), verifier, terminal);
  const audit = verifier.finish();
  terminal.clearStatus();
  tell({ ...redactAll(audit), source: shown, isFile }, flags, terminal);
  return audit.found === 0 ? 0 : 1;
}

export interface Verified extends Audit {
  readonly source: string;
  /** An export: it has no table of deploys. */
  readonly isFile: boolean;
}

function tell(verified: Verified, flags: VerifyFlags, terminal: Terminal): void {
  const { isFile: _, ...told } = verified;
  if (flags.json === true) terminal.json({ version: 1, ...told });
  else printLines(verifyView(verified, terminal), terminal);
}

async function storeOf(source: string | undefined, flags: VerifyFlags): Promise<string> {
  if (source !== undefined) return anchored(source, process.cwd());
  return findStore(flags, readEnvironment(process.env));
}

async function verifyStore(
  url: string,
  verifier: LogVerifier,
  terminal: Terminal,
): Promise<string> {
  const log = await openDeployLog(url, { readOnly: true });
  try {
    // SQLite's check of its file goes on beside the pass. What it throws is told once the pass has ended.
    const damaged = log.damage();
    damaged.catch(() => {});
    let events = 0;
    let last = 0;
    verifier.expect(await keptBlocks(log));
    for await (const page of log.stored()) {
      for (const row of page) verifier.take(row);
      events += page.length;
      last = page.at(-1)?.position ?? last;
      terminal.status(`verified ${counted(events, 'event')}`);
    }
    for (const finding of await verifyTables(log, verifier, last)) verifier.add(finding);
    const damage = await damaged;
    if (damage !== null) verifier.add({ kind: 'files', position: 0, stream: '', reason: damage });
    return shownStore(url);
  } finally {
    await log.close();
  }
}

async function verifyFile(
  name: string,
  verifier: LogVerifier,
  terminal: Terminal,
): Promise<string> {
  const source = await openFile(name);
  try {
    let events = 0;
    for await (const batch of source.batches()) {
      for (const event of batch.events) verifier.take(toRow(event));
      events += batch.events.length;
      terminal.status(`verified ${counted(events, 'event')}`);
    }
    if (events > 0) return source.shown;
    throw new UsageError('E_IMPORT_SOURCE', `${source.shown} has no events`, {
      hint: 'See whether this is the file that pipeline export wrote.',
    });
  } finally {
    await source.close();
  }
}

function pinnedHead(text: string): LogHead {
  const head = parseHead(text);
  if (head !== null) return head;
  throw new UsageError('E_USAGE', `--head takes DIGEST@POSITION, not ${text}`, {
    hint: 'As pipeline advance prints it: 2-, 64 hex digits, @, and the position.',
  });
}

function publicKey(file: string): KeyObject {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new UsageError('E_USAGE', `--public-key ${file} cannot be read: ${code}`, {
      hint: 'Name the file with the public key (docs/audit.md).',
      cause,
    });
  }
  return readKey('public', text, file);
}
