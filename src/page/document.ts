/** What every page has around its own part. */
import { html, type Markup, raw, written } from './markup.ts';

/** Where other pages are: on a server, or as files beside each other. */
export interface Addresses {
  readonly lanes: string;
  readonly chart: string;
  /** Null: nothing answers; the page is a file. */
  readonly explain: string | null;
  lane(lane: string): string;
  deploy(deploy: string): string;
  readonly stylesheet: string;
  /** Null: a file has none. */
  readonly script: string | null;
  /** Where what comes live is told; null: the page is as it was written. */
  readonly live: string | null;
}

/** In a list a title is read at a glance; the deploy's own page has it whole. */
export const listedTitleMax = 200;

export interface PageParts {
  readonly title: string;
  readonly main: Markup;
  /** The global position up to which the page knows the log. */
  readonly position: number;
  /** What is not as it was recorded, so that the page does not show it. */
  readonly faults?: readonly string[];
}

export function document(
  { title, main, position, faults = [] }: PageParts,
  at: Addresses,
): Promise<string> {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Lockstep</title>
<link rel="stylesheet" href="${at.stylesheet}">
<link rel="icon" href="data:,">
${at.script === null ? '' : html`<script src="${at.script}" defer></script>`}
</head>
<body data-position="${position}"${at.live === null ? '' : html` data-live="${at.live}"`}>
<a class="skip" href="#main">To the content</a>
<header><strong>Lockstep</strong><nav aria-label="Pages"><a href="${at.lanes}">Lanes</a> <a href="${at.chart}">Chart</a>${at.explain === null ? '' : html` <a href="${at.explain}">Explain</a>`}</nav></header>
<main id="main" tabindex="-1">
${faultsPart(faults)}${main}
</main>
<footer>The log up to position ${position}${at.live === null ? '' : html` · <span id="live" role="status">as of when it was loaded</span>`}. This page only reads.</footer>
</body>
</html>
`;
  return written(page);
}

function faultsPart(faults: readonly string[]): Markup {
  if (faults.length === 0) return nothing;
  return html`<div class="fault" role="alert"><p><strong>Somebody changed this log.</strong> What is not as it was recorded is not shown:</p>
<ul>${faults.map((fault) => html`<li>${fault}</li>`)}</ul>
<p>Compare it with a backup. This checks all of it, and names every place:</p><pre>${command('pipeline verify')}</pre></div>
`;
}

/** In UTC where no script runs; else in the reader's zone. */
export function time(iso: string): Markup {
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** Where the day is told elsewhere. */
export function clock(iso: string): Markup {
  return html`<time datetime="${iso}" data-clock>${iso.slice(11, 19)} UTC</time>`;
}

/** Where no script runs, when; else how long ago. */
export function since(iso: string): Markup {
  return html`<time datetime="${iso}" data-ago>${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** A link where the address is one of the web. */
export function linkTo(url: string | null, text: string): Markup {
  return url === null || !/^https?:\/\//i.test(url)
    ? html`${text}`
    : html`<a href="${url}" rel="noreferrer">${text}</a>`;
}

/** A line to be typed. */
export const command = (line: string): Markup => html`<code>${withOptions(line)}</code>`;

/** Where it wraps, no option leaves its hyphens on the line before. */
export function withOptions(text: string): Markup {
  const parts = text.split(/(--[a-z-]+)/);
  return html`${parts.map((part, i) => (i % 2 === 0 ? part : html`<span class="option">${part}</span>`))}`;
}

export const nothing: Markup = raw('');
