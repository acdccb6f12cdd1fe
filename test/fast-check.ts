/** fast-check from one seed, so that `npm test` does the same each time; `LOCKSTEP_SOAK=1` draws what nobody tried. */
import fc from 'fast-check';
import { seedOfRun } from './store/attacks/seed.ts';

fc.configureGlobal({ seed: seedOfRun() });

const [firstSurrogate, surrogates] = [0xd800, 0x800];

/**
 * Any code point that is text by itself, drawn as by the unit `binary` of fast-check. That one keeps a table of all
 * 1,112,064 in each worker, to find the number of a text again; it is a sum here.
 */
export const codePoint = fc.nat({ max: 0x10ffff - surrogates }).map(
  (number) => String.fromCodePoint(number < firstSurrogate ? number : number + surrogates),
  (text) => {
    const code = typeof text === 'string' ? (text.codePointAt(0) ?? -1) : -1;
    const isAlone = code >= 0 && text === String.fromCodePoint(code);
    if (!isAlone || !`${text}`.isWellFormed()) throw new Error('it is no code point');
    return code < firstSurrogate ? code : code - surrogates;
  },
);

export { fc };
