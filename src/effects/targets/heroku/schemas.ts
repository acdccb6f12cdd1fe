/**
 * The parts of Heroku's answers that are relied on; keys beside them are left alone.
 * Source: Heroku's published JSON schema, and recorded answers where those differ.
 */
import { z } from 'zod';

const named = z.looseObject({ id: z.string() });
const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'a time');
/** Older answers say "none" as `{"id": null}`. */
const idOrNone = z
  .union([named, z.looseObject({ id: z.null() })])
  .nullable()
  .transform((one) => one?.id ?? null);

/** What a release runs: a slug on Cedar, an OCI image on Fir. */
export interface Code {
  readonly kind: 'slug' | 'image';
  readonly id: string;
}

export const releaseSchema = z
  .looseObject({
    id: z.string(),
    app: z.looseObject({ id: z.string(), name: z.string() }),
    version: z.int().positive(),
    status: z.enum(['succeeded', 'failed', 'pending', 'expired']),
    /** Heroku's vendor hooks show it null, though the schema does not. */
    description: z
      .string()
      .nullable()
      .transform((description) => description ?? ''),
    /** Null on the first releases of an app, on Fir, and on apps of the container registry. */
    slug: idOrNone,
    /** Set on Fir. */
    oci_image: idOrNone.optional(),
    /** Only what says `true` is relied on. */
    current: z.boolean().optional(),
    created_at: time,
    updated_at: time.nullable().optional(),
    user: z.looseObject({ email: z.string() }),
    output_stream_url: z.string().nullable().optional(),
    artifacts: z
      .array(z.looseObject({ type: z.string(), id: z.string().optional() }))
      .nullish()
      .transform((artifacts) => artifacts ?? []),
  })
  .transform(({ slug, oci_image, ...release }) => ({
    ...release,
    code: codeOf(slug, oci_image ?? null),
  }));

function codeOf(slug: string | null, image: string | null): Code | null {
  if (slug !== null) return { kind: 'slug', id: slug };
  return image === null ? null : { kind: 'image', id: image };
}
export type HerokuRelease = z.infer<typeof releaseSchema>;

export const buildSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['pending', 'succeeded', 'failed']),
  source_blob: z.looseObject({
    version: z.string().nullable().optional(),
    version_description: z.string().nullable().optional(),
  }),
  /** Null on Fir: what it made, its release says. */
  slug: idOrNone.optional().transform((slug) => slug ?? null),
  release: idOrNone.optional().transform((release) => release ?? null),
  created_at: time,
  updated_at: time.optional(),
  /** `container` where it is for the container registry's stack. */
  stack: z.string().nullable().optional(),
  output_stream_url: z.string().nullable().optional(),
});
export type HerokuBuild = z.infer<typeof buildSchema>;

export const accountSchema = z.looseObject({ email: z.string().min(1) });

export const sourceSchema = z.looseObject({
  source_blob: z.looseObject({ get_url: z.url(), put_url: z.url() }),
});

/** `commit` may be null, or any text. */
export const slugSchema = z.looseObject({ id: z.string(), commit: z.string().nullable() });

/** A list, though it is asked for by one id: an image of several architectures has an entry for each. */
export const imagesSchema = z
  .array(
    z.looseObject({
      id: z.string(),
      /** `sha256:` and 64 hex digits. */
      digest: z
        .string()
        .nullish()
        .transform((digest) => digest ?? null),
      /** As a slug has it. */
      commit: z
        .string()
        .nullish()
        .transform((commit) => commit?.toLowerCase() ?? null),
    }),
  )
  .min(1);

export const couplingSchema = z.looseObject({
  app: named,
  /** Its name is in recorded answers, and not in the schema. */
  pipeline: z.looseObject({ id: z.string(), name: z.string().optional() }),
  stage: z.string().optional(),
});

export const appSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  /** Heroku's schema has a text, its Go client an object; without it, `cedar` is meant. */
  generation: z
    .union([z.string(), z.looseObject({ name: z.string() }).transform(({ name }) => name)])
    .nullish()
    .transform((generation) => generation ?? 'cedar'),
  /** `container` on an app of the container registry. */
  stack: z.looseObject({ name: z.string() }).nullish(),
  build_stack: z.looseObject({ name: z.string() }).nullish(),
  maintenance: z.boolean().optional(),
  /** Null outside of Private Spaces. */
  space: z.looseObject({}).nullish(),
  /** Where people reach it. */
  web_url: z.string().nullish(),
  /** In bytes; null on an app without code. */
  slug_size: z.number().nullish(),
});

export type HerokuApp = z.infer<typeof appSchema>;

export const promotionSchema = z.looseObject({
  id: z.string(),
  created_at: time.optional(),
  source: z
    .looseObject({ app: named.nullish(), release: named.nullish() })
    .nullish()
    .transform((source) => ({
      app: source?.app?.id ?? null,
      release: source?.release?.id ?? null,
    })),
});
export type HerokuPromotion = z.infer<typeof promotionSchema>;

export const promotionTargetSchema = z.looseObject({
  app: named,
  pipeline_promotion: named,
  status: z.enum(['pending', 'succeeded', 'failed']),
  error_message: z.string().nullable().optional(),
  release: named.nullable(),
});
export type PromotionTarget = z.infer<typeof promotionTargetSchema>;

const ofApp = z.looseObject({ name: z.string() });

export const dynoSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  app: ofApp,
  type: z.string(),
  state: z.string(),
  /** Null on a dyno that is not of a release (seen on none of ours). */
  release: z.looseObject({ version: z.int() }).nullable(),
  /** Since when it is in its state. */
  updated_at: z.string(),
});
export type Dyno = z.infer<typeof dynoSchema>;

export const formationSchema = z.looseObject({
  app: ofApp,
  type: z.string(),
  quantity: z.int().nonnegative(),
});
export type FormationType = z.infer<typeof formationSchema>;

export const featureSchema = z.looseObject({ name: z.string(), enabled: z.boolean() });
