/** The CI's part of a set-up. */
export type CiPart =
  /** `new`: there is no such file. `added`: the file as it is, and the job. */
  | { readonly kind: 'new' | 'added'; readonly path: string; readonly text: string }
  /** The CI runs Lockstep already. */
  | { readonly kind: 'there'; readonly path: string }
  /** What is to be added by hand, and why it is not added. */
  | { readonly kind: 'shown'; readonly path: string; readonly why: string; readonly text: string };
