/** UUIDs in the same order every time, so that what happened in a sandbox can be told again. */
export function createIds(): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `${last.toString(16).padStart(8, '0')}-89ab-4def-8123-${(last * 7919).toString(16).padStart(12, '0')}`;
  };
}
