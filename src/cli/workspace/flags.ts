/** The flags that every command has. */
import { UsageError } from '../../errors/error.ts';

export interface GlobalFlags {
  config?: string;
  store?: string;
  json?: boolean;
  color?: boolean;
  debug?: boolean;
}

/** @throws UsageError E_USAGE a flag of nothing: a script's variable that was not set */
export function given(flag: string, value: string | undefined): string | undefined {
  if (value?.trim() !== '') return value;
  throw new UsageError('E_USAGE', `${flag} is given, but with nothing`, {
    hint: `Give it a value, or leave ${flag} out for its default.`,
  });
}
