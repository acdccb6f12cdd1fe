/** The whole catalogue of errors: what is the same everywhere, and the parts that vendors' folders hand in. */
import { channelKinds } from '../src/effects/channels/kinds.ts';
import { targetKinds } from '../src/effects/targets/kinds.ts';
import { coreParts } from '../src/errors/catalogue.ts';
import type { ErrorPart } from '../src/errors/entry.ts';

export const errorParts: readonly ErrorPart[] = [
  ...coreParts,
  ...targetKinds.map(({ name, errors }) => ({ title: name, errors })),
  ...channelKinds
    .filter(({ errors }) => Object.keys(errors).length > 0)
    .map(({ title, errors }) => ({ title, errors })),
];
