/** The forms that a secret takes in other people's texts: plain, escaped, encoded. */

/** A shorter secret is no secret: masking it would mask parts of everyday text. */
export const shortestSecret = 4;
/** From this length on a secret is looked for inside words too; a shorter one only as a whole word. */
const shortestInside = 8;
/** Below this, what base64 makes of a secret's middle could be a part of any word. */
const shortestInBase64 = 12;

export const isLookedForInside = (secret: string): boolean => secret.length >= shortestInside;

/** Every form, the secret itself first. */
export function formsOf(secret: string): string[] {
  const written = [
    ...[secret, ...percentForms(secret), ...jsonForms(secret), ...htmlForms(secret)],
    quotedPrintable(secret),
  ];
  return [...new Set([...written, ...encodedForms(secret)])];
}

/** Forms of which a long piece is like no other text: base64, also where a URL has it, and hex. */
export function encodedForms(secret: string): string[] {
  const base64 = base64Forms(secret);
  const hex = hexForms(secret);
  const inPairs = hex.map((digits) => digits.match(/../g)?.join(':') ?? digits);
  return [...hex, ...inPairs, ...base64, ...base64.map(encodeURIComponent)];
}

export function hexForms(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex');
  return [hex, hex.toUpperCase()];
}

/** Of a mail, its lines not broken yet: bytes outside of ASCII, and the `=` itself, as `=C3`. */
function quotedPrintable(secret: string): string {
  const quoted = (text: string): string =>
    [...Buffer.from(text)].map((byte) => `=${byte.toString(16).toUpperCase()}`).join('');
  return secret.toWellFormed().replace(/[^\t -<>-~]+/g, quoted);
}

/** For a URL: all but unreserved characters, as forms do it, with either case of hex digits. */
function percentForms(secret: string): string[] {
  const strict = encodeURIComponent(secret.toWellFormed());
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const loose = encodeURI(secret.toWellFormed());
  const all = [strict, form, loose];
  return all.flatMap((text) => [
    text,
    text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    encodeURIComponent(text),
  ]);
}

/** In JSON, with the slash escaped or not, with only ASCII or not, and in a JSON string inside JSON. */
function jsonForms(secret: string): string[] {
  const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
  const once = inJson(secret);
  const ascii = once.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const htmlSafe = once.replace(
    /[<>&]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const all = [once, ascii, htmlSafe];
  return all
    .flatMap((text) => [text, text.replaceAll('/', '\\/')])
    .flatMap((text) => [text, inJson(text), inJson(inJson(text))]);
}

/** In HTML and XML: as Slack wants it, and with quotes as the common libraries write them. */
function htmlForms(secret: string): string[] {
  const base = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    base,
    ...['&#39;', '&#x27;', '&apos;'].flatMap((apostrophe) => {
      const quoted = base.replaceAll("'", apostrophe);
      return ['&quot;', '&#34;'].map((quote) => quoted.replaceAll('"', quote));
    }),
  ];
}

/** In base64 by itself, after the colon of a user that is empty, and amid a longer text (`user:secret`). */
function base64Forms(secret: string): string[] {
  const whole = [secret, `:${secret}`].flatMap((text) =>
    (['base64', 'base64url'] as const).map((way) => Buffer.from(text).toString(way)),
  );
  return secret.length < shortestInBase64 ? whole : [...whole, ...insideBase64(secret)];
}

/** The part of the encoded secret that its neighbours do not change, at each of the three offsets. */
function insideBase64(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]);
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((text.length * 8) / 6)];
    return (['base64', 'base64url'] as const).map((way) => text.toString(way).slice(from, to));
  });
}
