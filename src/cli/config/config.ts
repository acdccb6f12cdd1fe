/** Reads `pipeline.yml`: every mistake at once, each with its place, what is wrong and what would be right. */

import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { type Document, isMap, LineCounter, parseDocument, visit, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { channelKinds } from '../../effects/channels/kinds.ts';
import { targetKinds } from '../../effects/targets/kinds.ts';
import type { TargetKind } from '../../effects/targets/target-kind.ts';
import { UsageError } from '../../errors/error.ts';
import { nearest } from '../../format/nearest.ts';
import { uncompiled } from '../../format/uncompiled.ts';
import { type Settings, settingsSchema } from '../../machine/events.ts';
import { cutOff } from '../../redaction/cut.ts';
import { redact } from '../../redaction/gate.ts';
import { mask } from '../../redaction/redactor.ts';
import { shownStore } from '../../store/open.ts';
import type { Environment } from './environment.ts';
import { type Fault, kindsIn, samePlace } from './named-kinds.ts';
import { type Config, configSchema } from './schema.ts';

export type { Config } from './schema.ts';

type Issue = z.core.$ZodIssue;

interface Mistake {
  /** Where it begins, counted in characters from the start of the file. */
  readonly offset: number;
  readonly what: string;
}

const aliasesMax = 20;
const fileBytesMax = 64 * 1024;
const mistakesMax = 20;
const lineLengthMax = 160;

/** How messages call a file; redacted whole, for a secret may go over its folders' names. */
export const fileName = (path: string): string => basename(redact(path));

/** @throws UsageError E_CONFIG_MISSING, E_CONFIG */
export async function loadConfig(path: string): Promise<Config> {
  return parseConfig(read(path), fileName(path));
}

/**
 * @param name what messages call the file
 * @param kinds that an environment's target may be of
 * @throws UsageError E_CONFIG
 */
export async function parseConfig(
  bytes: Buffer,
  name: string,
  kinds: readonly TargetKind[] = targetKinds,
): Promise<Config> {
  if (bytes.length > fileBytesMax) throw tooLarge(name);
  const text = bytes.toString('utf8');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (mistakes: readonly Mistake[]): never => {
    const shown = mistakes.slice(0, mistakesMax).map((mistake) => show(name, text, lines, mistake));
    const more = mistakes.length - shown.length;
    if (more > 0) shown.push(`and ${more} more`);
    throw new UsageError('E_CONFIG', shown.join('\n'), {
      hint: 'pipeline help configuration lists the keys; the README has an example.',
    });
  };
  if (document.errors.length > 0) {
    fail(document.errors.map((error) => ({ offset: error.pos[0], what: yamlFault(error) })));
  }
  const dangling = aliasesOfNothing(document);
  if (dangling.length > 0) fail(dangling);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: aliasesMax });
  } catch {
    fail([{ offset: 0, what: `it has more than ${aliasesMax} aliases` }]);
  }
  if (!isMap(document.contents))
    fail([{ offset: 0, what: 'it has to be a list of `key: value` lines' }]);
  const named = kindsIn(value, kinds);
  if ('faults' in named) return fail(named.faults.map((fault) => placed(document, fault)));
  const { app } = value as { app?: unknown };
  const schema = await configSchema(named, typeof app === 'string' ? app : '');
  const parsed = schema.safeParse(value, uncompiled);
  const isShare = (parsed.data?.canary?.shares ?? null) !== null;
  const same = await samePlace(value, named, isShare);
  if (parsed.success && same === null) return parsed.data;
  const issues = [...(parsed.error?.issues ?? []), ...(same === null ? [] : [same])];
  return fail(issues.flatMap((issue) => mistakesOf(schema, document, value, issue)));
}

/** What a deploy is pinned to when it is asked for. */
export function toSettings(
  config: Config,
  environment: Pick<Environment, 'leaseMs'> & Partial<Pick<Environment, 'store'>>,
): Settings {
  return settingsSchema.parse({
    stacking: config.stacking,
    lock: {
      provider: config.lock.provider,
      timeoutMs: config.lock.timeout,
      leaseMs: environment.leaseMs ?? config.lock.lease,
    },
    store: (environment.store ?? null) === null ? withoutPassword(config.store) : null,
    repository: config.repository ?? null,
    staging: config.staging,
    canary: config.canary,
    production: config.production,
    gates: config.gates,
  });
}

/** A file's name as it is written: every checkout has another folder. */
const withoutPassword = (store: string): string =>
  store.startsWith('sqlite:') ? store : shownStore(store);

const unread: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
};

function read(path: string): Buffer {
  const name = fileName(path);
  // One byte more than it may have, of whatever it is: a pipe has no size, a device no end.
  const bytes = Buffer.alloc(fileBytesMax + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let got = -1; got !== 0 && length < bytes.length; length += got) {
        got = readSync(file, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT';
    throw new UsageError(
      'E_CONFIG_MISSING',
      isMissing ? `there is no ${name} here` : `${name} cannot be read: ${unread[code] ?? code}`,
      {
        hint: isMissing
          ? 'Write one at the repository’s root (pipeline init does), or name it with --config or PIPELINE_CONFIG.'
          : 'Name a file that can be read with --config or PIPELINE_CONFIG.',
        cause,
      },
    );
  }
  return bytes.subarray(0, length);
}

function tooLarge(name: string): UsageError {
  return new UsageError('E_CONFIG', `${name} is larger than ${fileBytesMax / 1024} KiB`, {
    hint: 'Name the pipeline.yml itself with --config or PIPELINE_CONFIG.',
  });
}

/** The parser's word for it, where that is for people and not for who calls it. */
function yamlFault({ code, message }: YAMLParseError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; the file has to be one';
  return code === 'DUPLICATE_KEY' ? 'this key is there already' : message;
}

/** Aliases whose anchor does not stand before them. */
function aliasesOfNothing(document: Document): Mistake[] {
  const mistakes: Mistake[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      const what = `*${alias.source} has no anchor &${alias.source} before it`;
      mistakes.push({ offset: rangeStart(alias) ?? 0, what });
    },
  });
  return mistakes;
}

function placed(document: Document, { path, what }: Fault): Mistake {
  return { offset: valueOffset(document, path), what: `${named(path)}: ${what}` };
}

function mistakesOf(
  schema: z.ZodType,
  document: Document,
  value: unknown,
  issue: Issue,
): Mistake[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const right = meant === null ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
      return {
        offset: keyOffset(document, [...path, key]),
        what: `unknown key ${named([...path, key])}; ${right}`,
      };
    });
  }
  if (issue.code === 'invalid_type' && document.getIn(path) === undefined) {
    return [{ offset: keyOffset(document, path.slice(0, -1)), what: `${named(path)} is missing` }];
  }
  const found = valueAt(value, path);
  // What is wrong within a map or a list is not shown by all of it.
  const isWithin = typeof found === 'object' && found !== null && issue.code !== 'invalid_type';
  const isShown = issue.code === 'custom' ? typeof found === 'string' : !isWithin;
  const not = isShown ? `, not ${shownValue(found)}` : '';
  return [
    { offset: valueOffset(document, path), what: `${named(path)}: ${expected(issue)}${not}` },
  ];
}

function expected(issue: Issue): string {
  if (issue.code === 'invalid_value') return `has to be ${issue.values.join(' or ')}`;
  if (issue.code === 'invalid_type' && !issue.message.startsWith('Invalid')) {
    return `has to be ${issue.message}`;
  }
  if (issue.code === 'invalid_type') return `has to be ${article(issue.expected)}`;
  if (issue.code === 'invalid_format' && issue.message !== '') return `has to be ${issue.message}`;
  if (!/^(Too|Invalid) /.test(issue.message)) return issue.message;
  return bound(issue) ?? 'cannot be that';
}

/** A limit in words, where the schema has none of its own for it. */
function bound(issue: Issue): string | null {
  if (issue.code === 'too_small') {
    if (typeof issue.minimum !== 'number' || issue.origin === 'array')
      return 'has to have an entry';
    return issue.origin === 'string'
      ? 'has to be a text that is not empty'
      : `has to be ${issue.minimum} or more`;
  }
  if (issue.code !== 'too_big') return null;
  return issue.origin === 'string'
    ? `has to have ${issue.maximum} characters at most`
    : `has to be ${issue.maximum} or less`;
}

/** The value at a path, through aliases as well. */
function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce(
    (at, key) => (at as Record<string | number, unknown> | undefined)?.[key],
    value,
  );
}

const article = (type: string): string =>
  ({ object: 'a map of keys', array: 'a list', string: 'a text', int: 'a whole number' })[type] ??
  `a ${type}`;

function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map of keys';
  return cutOff(withoutSecrets(JSON.stringify(value) ?? 'nothing'), 60);
}

const named = (path: readonly (string | number)[]): string =>
  path
    .map((part, i) =>
      typeof part === 'number' ? `[${part}]` : i === 0 ? word(part) : `.${word(part)}`,
    )
    .join('');

const word = (key: string): string => (key === '' ? '""' : key);

/** The keys that the schema knows at a path. */
function knownKeys(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  type Node = { shape?: Record<string, Node>; unwrap?: () => Node; in?: Node; element?: Node };
  let node = schema as unknown as Node | undefined;
  const bare = (one: Node | undefined): Node | undefined => {
    if (one === undefined || one.shape !== undefined || one.element !== undefined) return one;
    const inner = one.in ?? one.unwrap?.();
    return inner === undefined ? one : bare(inner);
  };
  for (const part of path) {
    const here = bare(node);
    node = typeof part === 'number' ? here?.element : here?.shape?.[part];
  }
  return Object.keys(bare(node)?.shape ?? {});
}

/** Where a key stands; where its parent begins when it is not there. */
function keyOffset(document: Document, path: readonly (string | number)[]): number {
  const last = path.at(-1);
  const parent = document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === String(last));
    const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
    if (range !== undefined) return range[0];
  }
  return rangeStart(parent) ?? 0;
}

function valueOffset(document: Document, path: readonly (string | number)[]): number {
  return rangeStart(document.getIn(path, true)) ?? keyOffset(document, path);
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] } | null | undefined)?.range?.[0];
}

/** `pipeline.yml:7:3 what`, the line, and a caret under the place. */
function show(name: string, text: string, lines: LineCounter, { offset, what }: Mistake): string {
  const { line, col } = lines.linePos(offset);
  const clean = redact(withoutSecrets(text.split(/\r?\n/)[line - 1] ?? ''));
  // A secret may go over several lines, of which each by itself is none.
  const whole = redact(withoutSecrets(text)).includes(clean) ? clean : mask;
  // Of a very long line only the part around the place.
  const from = Math.max(0, col - 1 - lineLengthMax / 2);
  const source = whole.slice(from, from + lineLengthMax);
  const before = source.slice(0, Math.max(0, col - 1 - from)).replace(/[^\t]/g, ' ');
  return `${name}:${line}:${col} ${withoutSecrets(what)}\n    ${source}\n    ${before}^`;
}

const hidden: readonly RegExp[] = [
  /(?<=:\/\/)[^/\s"']+(?=@)/g,
  ...channelKinds.flatMap(({ secretIn }) => secretIn ?? []),
];

/** What must not reach a CI's output where somebody wrote it into the file: a URL's name and password, and what a channel's kind says. As long as before: the caret stays right. */
function withoutSecrets(text: string): string {
  return hidden.reduce(
    (shown, secret) => shown.replace(secret, (found) => '*'.repeat(found.length)),
    text,
  );
}
