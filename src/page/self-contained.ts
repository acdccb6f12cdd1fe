/** A page that is one file: with its style in it, and without anything to load or to run. */
import { html, type Markup, raw, written } from './markup.ts';
import { stylesheet } from './stylesheet.ts';

/** What is on paper only: tables wrap, since nothing can be scrolled there. */
const paper = `
@media print{body{font-size:9pt}.scroll{overflow:visible}.chart{min-width:0}td,th{overflow-wrap:break-word}td.text,td.hash{overflow-wrap:anywhere}td code{font-size:.9em}td.text{min-width:0}td a,td time{white-space:normal}tr,li,svg{break-inside:avoid}h2{break-after:avoid}details::details-content{content-visibility:visible;block-size:auto}summary{display:none}}
.hash{font-size:.8em;overflow-wrap:anywhere}`;

export function selfContained({
  title,
  main,
  foot,
}: {
  readonly title: string;
  readonly main: Markup;
  readonly foot: string;
}): Promise<string> {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Lockstep</title>
<link rel="icon" href="data:,">
<style>${raw(stylesheet + paper)}</style>
</head>
<body>
<header><strong>Lockstep</strong></header>
<main id="main">
${main}
</main>
<footer>${foot}</footer>
</body>
</html>
`;
  return written(page);
}
