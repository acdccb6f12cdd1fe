/** The apps of a lane, and what befalls what is sent to them. */

export const staging = 'acme-staging';
export const canary = 'acme-canary';
export const production = 'acme-production';
/** In the order in which a commit comes to them. */
export const apps = [staging, canary, production] as const;
export type AppName = (typeof apps)[number];

/** What a request meets on its way, besides the vendor's answer. */
export type WireFault = 'none' | 'reset' | 'lost-reply' | 'status-503' | 'rate-limit';

/** What asks for code to be put on an app: a request as it arrived at Heroku, a program as it was started. */
export interface Write {
  readonly at: number;
  readonly deploy: string;
  readonly app: AppName;
  /** It puts back what ran there before, in this release; null: it gives it something. */
  readonly restores: string | null;
  /** Though something of its very key is under way or runs. */
  readonly isAgain: boolean;
}
