/**
 * What a step tells GitHub Actions: outputs, a summary, an annotation, in the forms that its runner reads (GitHub's
 * documentation, "Workflow commands"). Pure.
 */
import { cut } from '../../format/text.ts';

/** One message at the run's page. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
}

/** The runner cuts a message there. */
const messageMax = 4_096;
const titleMax = 200;

/** A command to the runner, which only it shows: `::error title=…::…`. */
export function annotationLine({ level, title, message }: Annotation): string {
  const shownTitle = property(cut(title, titleMax));
  return `::${level} title=${shownTitle}::${data(cut(message, messageMax))}`;
}

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/**
 * Lines for the file of a step's outputs. No line of a value ends it before its end.
 *
 * @param newDelimiter a text that is another one each time, so that no value can hold it
 */
export function outputLines(
  outputs: Readonly<Record<string, string>>,
  newDelimiter: () => string,
): string {
  return Object.entries(outputs)
    .map(([name, value]) => {
      let delimiter = newDelimiter();
      while (value.split('\n').includes(delimiter)) delimiter = newDelimiter();
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
    })
    .join('');
}

/** What a step's summary may have in all, in bytes: of more the runner shows nothing. */
export const summaryBytesMax = 1024 * 1024;
