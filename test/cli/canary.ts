/** Secrets of every kind that a job may hold, the forms in which others repeat them, and a search for what is left of one. */
import { fc } from '../fast-check.ts';

const characters = (set: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...set), minLength, maxLength });

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const token = characters(letters, 12, 60);
/** With what has a meaning in URLs, JSON, HTML and shells. */
const password = characters(`${letters}+/=&"'<>%$!?#@:,;~^*()é`, 16, 40);
const short = characters(letters, 4, 7).filter((text) => /\d/.test(text) && /[a-z]/i.test(text));
const key = characters(`${letters}+/`, 200, 400).map(
  (body) =>
    `-----BEGIN PRIVATE KEY-----\n${body.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----`,
);
const uuid = fc.uuid();

export interface Canaries {
  /** Variables of a job. */
  readonly environment: Readonly<Record<string, string>>;
  /** What nothing may be left of. */
  readonly secrets: readonly string[];
  /** Only in `pipeline.yml`. */
  readonly configured: string;
}

/** The values open nothing. */
export const canaries: fc.Arbitrary<Canaries> = fc
  .record({
    heroku: uuid,
    circle: token,
    github: token.map((text) => `ghp_${text}`),
    slack: token.map((text) => `xoxb-${text}`),
    hook: token,
    signing: fc
      .uint8Array({ minLength: 24, maxLength: 40 })
      .map((key) => Buffer.from(key).toString('base64')),
    room: token,
    npm: password,
    aws: password,
    key,
    short,
    database: password,
    proxy: token,
    configured: password,
  })
  .map(({ configured, ...all }) => ({
    configured,
    secrets: [...Object.values(all), configured],
    environment: {
      HEROKU_API_KEY: all.heroku,
      CIRCLE_TOKEN: all.circle,
      GITHUB_TOKEN: all.github,
      SLACK_BOT_TOKEN: all.slack,
      SLACK_WEBHOOK_URL: `https://hooks.slack.test/services/T0TEAM/B0BOT/${all.hook}`,
      // What only the configuration says to be secrets.
      SIGNS: `whsec_${all.signing}`,
      ROOM: `https://chat.test/rooms/${all.room}`,
      NPM_TOKEN: all.npm,
      AWS_SECRET_ACCESS_KEY: all.aws,
      DEPLOY_KEY: all.key,
      PGPASSWORD: all.short,
      DATABASE_URL: `postgres://ana:${encodeURIComponent(all.database)}@db.test/acme`,
      HTTPS_PROXY: `http://ana:${all.proxy}@proxy.test:3128`,
      NO_PROXY: '127.0.0.1',
    },
  }));

/** How a secret is written by whoever repeats it. */
const writings: Readonly<Record<string, (secret: string) => string>> = {
  plain: (one) => one,
  'in a URL': encodeURIComponent,
  'as a form sends it': (one) => new URLSearchParams([['', one]]).toString().slice(1),
  'in JSON': (one) => JSON.stringify({ token: one }),
  'in JSON in JSON': (one) => JSON.stringify({ body: JSON.stringify({ token: one }) }),
  'in HTML': (one) =>
    one
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  'in base64': (one) => Buffer.from(one).toString('base64'),
  'in base64url': (one) => Buffer.from(one).toString('base64url'),
  'as Basic credentials': (one) => Buffer.from(`:${one}`).toString('base64'),
  'in hex': (one) => Buffer.from(one).toString('hex'),
  'in hex with colons': (one) => Buffer.from(one).toString('hex').match(/../g)?.join(':') ?? '',
};

/** How long texts are wrapped; a short one stays in one line. */
const wrappings: Readonly<Record<string, (text: string) => string>> = {
  'in one line': (text) => text,
  'in lines of 76': (text) => wrap(text, 76, '\n'),
  'in lines of 64, indented': (text) => wrap(text, 64, '\r\n    '),
  'in JSON, in lines of 20': (text) => wrap(text, 20, '\\n'),
  'as strings that are joined': (text) => wrap(text, 20, '" +\n  "'),
};

const wrap = (text: string, columns: number, by: string): string =>
  text.match(new RegExp(`.{1,${columns}}`, 'gs'))?.join(by) ?? '';

export interface Repetition {
  readonly name: string;
  of(secret: string): string;
  inOneLine(secret: string): string;
}

/** One way to repeat secrets: written and wrapped so. */
export const repetition: fc.Arbitrary<Repetition> = fc
  .record({
    writing: fc.constantFrom(...Object.keys(writings)),
    wrapping: fc.constantFrom(...Object.keys(wrappings)),
  })
  .map(({ writing, wrapping }) => ({
    name: `${writing}, ${wrapping}`,
    of(secret: string): string {
      const text = writings[writing]?.(secret) ?? secret;
      const isLong = secret.length >= 12 && !secret.includes('\n');
      return isLong ? (wrappings[wrapping]?.(text) ?? text) : text;
    },
    inOneLine: (secret: string): string =>
      (writings[writing]?.(secret) ?? secret).replaceAll('\n', ' '),
  }));

const pieceLength = 10;
/** What a wrapping puts between two lines; left out of a text, so that its lines are one. */
const between = /[\s"'+,\\>|:]|\\+[rn]/g;

/** Finds pieces of ten characters of secrets, plain or encoded, wrapped or not; short ones as words. */
export function searchFor(secrets: readonly string[]): (text: string) => string[] {
  const pieces = new Set<string>();
  const words: RegExp[] = [];
  for (const secret of secrets) {
    if (secret.length < pieceLength) {
      words.push(new RegExp(`(?<![\\w/-])${secret}(?![\\w/-])`));
      continue;
    }
    const lines = secret.split('\n').filter((line) => !line.startsWith('-----'));
    for (const form of [...lines, ...ownForms(lines.join(''))]) addPieces(form, pieces);
  }
  return (text) => {
    const shown = text.replaceAll('[secret]', '§');
    const found = new Set<string>();
    for (const one of [shown, shown.replace(between, '')]) {
      for (let at = 0; at + pieceLength <= one.length; at++) {
        const piece = one.slice(at, at + pieceLength);
        if (pieces.has(piece)) found.add(piece);
      }
    }
    return [...found, ...words.filter((word) => word.test(shown)).map(String)];
  };
}

/** What of each writing is the secret's own. */
function ownForms(secret: string): string[] {
  return Object.entries(writings).map(([name, write]) => {
    if (name === 'in JSON') return JSON.stringify(secret).slice(1, -1);
    if (name === 'in JSON in JSON') return JSON.stringify(JSON.stringify(secret)).slice(3, -3);
    if (name === 'as Basic credentials') return write(secret).slice(2);
    return write(secret);
  });
}

function addPieces(form: string, pieces: Set<string>): void {
  for (const one of [form, form.replace(between, '')]) {
    for (let at = 0; at + pieceLength <= one.length; at++)
      pieces.add(one.slice(at, at + pieceLength));
  }
}
