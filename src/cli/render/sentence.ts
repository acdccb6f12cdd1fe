/** Text of others as a sentence: with one full stop at its end, whether it came with one or not. */
export function sentence(text: string): string {
  const bare = text.trimEnd();
  return /[.!?…:;]$/.test(bare) ? bare : `${bare}.`;
}
