/** Which kinds of target `pipeline.yml` names: an environment has exactly one, under its kind's key. */
import type { z } from 'zod';
import type { Role, TargetKind } from '../../effects/targets/target-kind.ts';

export interface Fault {
  readonly path: readonly string[];
  readonly what: string;
}

/**
 * Of each environment: its target's kind. Where there is one kind only, it is that one, also where it is missing: the
 * schema says so.
 *
 * @param value what the file says, unchecked
 */
export function kindsIn(
  value: unknown,
  kinds: readonly TargetKind[],
): Readonly<Record<Role, TargetKind>> | { readonly faults: readonly Fault[] } {
  const staging = kindOf(value, 'staging', kinds);
  const production = kindOf(value, 'production', kinds);
  const faults = [staging, production].filter((one): one is Fault => 'what' in one);
  if ('what' in staging || 'what' in production) return { faults };
  return { staging, production };
}

function kindOf(value: unknown, role: Role, kinds: readonly TargetKind[]): TargetKind | Fault {
  const [first] = kinds;
  if (first === undefined) throw new Error('there is no kind of target');
  const environment = field(value, role);
  // What is no map at all is the schema's to refuse, by any kind.
  if (kinds.length === 1 || typeof environment !== 'object' || environment === null) return first;
  const named = kinds.filter(({ kind }) => Object.hasOwn(environment, kind));
  const [only, another] = named;
  if (only !== undefined && another === undefined) return only;
  const known = kinds.map(({ kind }) => kind).join(' or ');
  const has = only === undefined ? 'no target' : named.map(({ kind }) => kind).join(' and ');
  return { path: [role], what: `has to have one target: ${known}; it has ${has}` };
}

/** What is verified on staging must not be what already serves people: then nothing would be verified before. */
export async function samePlace(
  value: unknown,
  { staging, production }: Readonly<Record<Role, TargetKind>>,
): Promise<z.core.$ZodIssueCustom | null> {
  if (staging.kind !== production.kind) return null;
  const { kind } = production;
  const { nameField } = await production.config();
  const nameOf = (role: Role) => field(field(field(value, role), kind), nameField);
  const name = nameOf('production');
  if (typeof name !== 'string' || name !== nameOf('staging')) return null;
  return {
    code: 'custom',
    path: ['production', kind, nameField],
    message: `has to be another ${nameField} than staging’s`,
    input: name,
  };
}

const field = (value: unknown, name: string): unknown =>
  (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
