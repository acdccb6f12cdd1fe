/** Where Lockstep runs, for a kind that has something run here. */
export interface Surroundings {
  /** The repository's working tree. */
  readonly root: string;
  /** The environment of the job, without the secrets that only Lockstep needs. */
  readonly env: Readonly<Record<string, string | undefined>>;
}
