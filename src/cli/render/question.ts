/** A question to the person at the terminal, answered by yes or no. */
import { createInterface } from 'node:readline/promises';

/** False: anything but yes, and no answer at all (Ctrl-D). @throws the signal's reason */
export async function confirmed(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // While a line is typed, the terminal hands Ctrl-C on as a key.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answer = await lines.question(`${question} (y/n) [n]: `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (!signal.aborted && (error as Error).name === 'AbortError') return false;
    throw error;
  } finally {
    lines.close();
  }
}
