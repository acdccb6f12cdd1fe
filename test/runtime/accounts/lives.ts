/** What is told of a deploy's life in the words of CDEvents, held against how it went: it begins once, and it ends once or not at all. */
import { deployCdevents } from '../../../src/runtime/accounts/cdevents.ts';
import type { DeployRecord } from '../../../src/runtime/accounts/deploy-record.ts';

const outcomes: Readonly<Record<string, string>> = {
  'production.live': 'success',
  failed: 'failure',
  superseded: 'cancel',
};

/** In words; empty: nothing is wrong. By the state that it ended in alone, whatever led there. */
export function lifeFaults(record: DeployRecord): string[] {
  const told = record.steps.flatMap((step) =>
    deployCdevents(record, step).flatMap(({ type, data }) => {
      const word = /pipelinerun\.(\w+)\./.exec(type)?.[1];
      const { subject } = data as { subject: { content: { outcome?: string; errors?: string } } };
      return word === undefined ? [] : [{ word, to: step.to, ...subject.content }];
    }),
  );
  const words = told.map(({ word }) => word);
  const last = record.steps.at(-1)?.to ?? '';
  const wanted = [
    'queued',
    ...(record.steps.some(({ event }) => event.type === 'lock.acquired') ? ['started'] : []),
    ...(outcomes[last] === undefined ? [] : ['finished']),
  ];
  const end = told.find(({ word }) => word === 'finished');
  const faults = [];
  if (words.join() !== wanted.join()) faults.push(`it is ${last}, and told: ${words.join(', ')}`);
  if (end !== undefined && end.outcome !== outcomes[last]) {
    faults.push(`it is ${last}, and told as ${end.outcome}`);
  }
  if (last === 'failed' && (end?.errors ?? '') === '') faults.push('why it failed is not told');
  return faults;
}
