/** Types for the package `env-ci`, which has none of its own: the part that is used here. */
declare module 'env-ci' {
  export interface EnvCiFacts {
    readonly isCi: boolean;
    readonly service?: string;
    readonly build?: string;
    readonly buildUrl?: string;
    readonly commit?: string;
    readonly branch?: string;
    readonly tag?: string;
    readonly job?: string;
    readonly isPr?: boolean;
    readonly pr?: string;
  }
  // biome-ignore lint/style/noDefaultExport: it is the package’s
  export default function envCi(options: {
    env: Readonly<Record<string, string | undefined>>;
    cwd: string;
  }): EnvCiFacts;
}
