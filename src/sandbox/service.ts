/** The services of the sandbox, in the order of their ports. */

export const services = [
  'heroku',
  'sources',
  'circleci',
  'github',
  'slack',
  'staging',
  'production',
  'control',
  'canary',
] as const;

export type Service = (typeof services)[number];
