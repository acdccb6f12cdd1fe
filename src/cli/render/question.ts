/** A question to the person at the terminal, answered by yes or no. */
import { createInterface } from 'node:readline/promises';

/** False: anything but yes. @throws the signal's reason */
export async function confirmed(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} (y/n) [n]: `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
