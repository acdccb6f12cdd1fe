/** The flags that every command has. */
export interface GlobalFlags {
  config?: string;
  store?: string;
  json?: boolean;
  color?: boolean;
  debug?: boolean;
}
