/** Why a commit shipped, or did not: a box to ask in, and the answer. */
import { shortSha } from '../machine/story-words.ts';
import type { Explanation } from '../runtime/audit/explanation.ts';
import { seenWords } from '../runtime/audit/last-seen.ts';
import { paragraphs } from './advice.ts';
import { type Addresses, nothing, type PageParts, time } from './document.ts';
import { html, type Markup } from './markup.ts';

/** What came of asking. */
export type Answer =
  | {
      readonly kind: 'told';
      readonly commit: { readonly sha: string; readonly title: string | null };
      readonly lanes: readonly Explanation[];
    }
  /** Nothing of that name is known, or it may be several: why, and what to do. */
  | { readonly kind: 'untold'; readonly message: string; readonly hint: string | null };

/** @param asked empty: nothing was asked yet */
export function explainPage(
  asked: string,
  answer: Answer | null,
  position: number,
  at: Addresses,
): PageParts {
  return {
    title: asked === '' ? 'Explain' : `Explain ${asked}`,
    position,
    main: html`<h1>Why did it ship, or not?</h1>
<form method="get" role="search"><label for="commit">A commit, a deploy, a branch or #PR<input id="commit" name="commit" type="search" value="${asked}" required></label><button>Explain</button></form>
${answer === null ? nothing : answerPart(answer, at)}`,
  };
}

function answerPart(answer: Answer, at: Addresses): Markup {
  if (answer.kind === 'untold') {
    const { message, hint } = answer;
    return html`<p class="hold" role="alert">${message}${hint === null ? nothing : html`<br>${hint}`}</p>`;
  }
  const { commit, lanes } = answer;
  return html`<h2><code>${shortSha(commit.sha)}</code> ${commit.title ?? ''}</h2>
${lanes.length === 0 ? html`<p>The log has no deploy yet.</p>` : lanes.map((one) => lanePart(one, at))}`;
}

function lanePart(one: Explanation, at: Addresses): Markup {
  const { lane, headline, chain, production, echo, next, lacks } = one;
  return html`<section aria-label="${lane}"><h3>${lane}</h3><p><strong>${headline}</strong></p>
<ol>${chain.map(
    ({
      deploy,
      time: when,
      words,
      isRollback,
    }) => html`<li>${time(when)} ${isRollback === true ? deploy : html`<a href="${at.deploy(deploy)}">${deploy}</a>`} ${words}</li>
`,
  )}</ol>
${echo === null ? nothing : html`<p>${echo.kind === 'revert' ? 'Undone by' : 'The same change:'} <code>${shortSha(echo.sha)}</code> ${echo.title}${echo.deploy === null ? nothing : html`, shipped with <a href="${at.deploy(echo.deploy)}">${echo.deploy}</a>`}</p>`}
${production === null ? nothing : html`<p>Now: ${seenWords(production)}</p>`}
${lacks === null ? nothing : html`<p class="soft">Not certain, for ${lacks}</p>`}
${next === null ? nothing : html`<div class="hold">${paragraphs(next)}</div>`}
</section>
`;
}
