/** What the catalogue says of an error's code. */
export interface ErrorEntry {
  /** What happened, in a sentence. */
  readonly meaning: string;
  /** What a person does about it. */
  readonly remedy: string;
  /** With what a command ends by it; 1 where it is left out, several where it depends on when it happens. */
  readonly exit?: readonly (1 | 2 | 3 | 4)[];
}

export type ErrorEntries = Readonly<Record<`E_${string}`, ErrorEntry>>;

/** A part of the catalogue, as docs/errors.md has it. */
export interface ErrorPart {
  readonly title: string;
  readonly errors: ErrorEntries;
}
