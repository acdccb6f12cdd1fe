/** Where any of many texts stands in another: in one pass over it, in place of a pass for each of some hundreds. */

/** By so many characters a text is told from most others; what is looked for is no shorter. */
const startLength = 4;
const kinds = 1 << 14;

/** Of the characters from there on, a number below `kinds`. */
function startAt(text: string, at: number): number {
  let kind = 0;
  for (let i = at; i < at + startLength; i++) kind = (kind * 31 + text.charCodeAt(i)) % kinds;
  return kind;
}

/** @returns whether one of the texts may begin there: false is certain */
export function beginnings(texts: Iterable<string>): (text: string, at: number) => boolean {
  const known = new Uint8Array(kinds);
  for (const text of texts) known[startAt(text, 0)] = 1;
  return (text, at) => known[startAt(text, at)] === 1;
}

/**
 * @param forms each of at least four characters
 * @returns finds every place of every form, also those that overlap
 */
export function placesOf(forms: readonly string[]): (text: string) => [at: number, form: string][] {
  const short = forms.find(({ length }) => length < startLength);
  if (short !== undefined) throw new Error('a form is too short to be looked for');
  if (forms.length === 0) return () => [];
  const byStart = Map.groupBy(forms, (form) => startAt(form, 0));
  const mayBegin = beginnings(forms);
  return (text) => {
    const found: [at: number, form: string][] = [];
    for (let at = 0; at + startLength <= text.length; at++) {
      if (!mayBegin(text, at)) continue;
      for (const form of byStart.get(startAt(text, at)) ?? []) {
        if (text.startsWith(form, at)) found.push([at, form]);
      }
    }
    return found;
  };
}
