/** The one stylesheet of all pages: light or dark as the reader's screen is, from a phone to a wall. */
import { chartStyle } from './chart-drawing.ts';

export const stylesheet = `
:root{color-scheme:light;--ink:#1f2933;--soft:#52606d;--line:#cbd2d9;--page:#fff;--box:#f5f7fa;--good:#0b6e4f;--bad:#a61b1b;--waiting:#8d5100;--moving:#0b5c86;--link:#0b4f9e;
font:clamp(15px,max(.2vw + 13.5px,1vw - 8px),32px)/1.45 system-ui,sans-serif}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#f0f4f8;--soft:#bcccdc;--line:#3e4c59;--page:#102030;--box:#1b2733;--good:#57d9a3;--bad:#ff9b9b;--waiting:#ffc078;--moving:#7fd0f5;--link:#8cc4ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink)}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible,summary:focus-visible,input:focus-visible,select:focus-visible,button:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99em}.skip:focus{left:1em;top:.5em;background:var(--page);padding:.3em}
header,main,footer{padding:.6rem clamp(.7rem,2vw,2.5rem)}
header{border-bottom:1px solid var(--line);display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;align-items:baseline}
header strong{font-size:1.1rem}nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}
footer{overflow-wrap:anywhere;color:var(--soft);border-top:1px solid var(--line);font-size:.85rem}
h1{font-size:1.5rem;margin:.6rem 0;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:1.2rem 0 .4rem}h3{font-size:1rem;margin:.8rem 0 .2rem}
.lanes{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,38rem),1fr))}
.lane{border:1px solid var(--line);border-radius:.5rem;background:var(--box);padding:.4rem 1rem 1rem;min-width:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.3rem 0}dt{color:var(--soft)}dd{margin:0;min-width:0;overflow-wrap:anywhere}dd p{margin:0 0 .3rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--soft)}
th,td{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500}
td.number,th.number{white-space:nowrap;font-variant-numeric:tabular-nums}
td.text{min-width:14rem;overflow-wrap:anywhere}
code,pre{font-family:ui-monospace,monospace;font-size:.92em}
main p code{overflow-wrap:anywhere}
td a,td time{white-space:nowrap}
pre{background:var(--box);border:1px solid var(--line);border-radius:.3rem;padding:.5rem .7rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0}
.option{white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.waiting{color:var(--waiting)}.moving{color:var(--moving)}.soft{color:var(--soft)}
.state strong{font-weight:600}.step{display:inline-block;min-width:1.5em;padding:0 .35em;border-radius:1em;background:var(--soft);color:var(--page);font-size:.85em;font-weight:700;text-align:center}
.hold{overflow-wrap:anywhere;border-left:4px solid var(--waiting);padding-left:.7rem;margin:.5rem 0}
.hold.of-good{border-color:var(--good)}.hold.of-bad{border-color:var(--bad)}.hold.of-moving{border-color:var(--moving)}.hold.of-soft{border-color:var(--line)}
.fault{border-left:4px solid var(--bad);padding-left:.7rem;margin:.5rem 0}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:.5rem 0}label{display:grid;color:var(--soft);font-size:.85rem}
input,select,button{font:inherit;height:2.2rem;color:inherit;background:var(--page);border:1px solid var(--soft);border-radius:.3rem;padding:.25rem .5rem}
.chart{width:100%;min-width:68rem;height:auto;max-height:90vh}
ul.notes{padding-left:1.2rem}ul.plain{list-style:none;margin:0;padding:0}
.figures{grid-template-columns:repeat(auto-fill,minmax(min(100%,9rem),max-content) minmax(6rem,max-content))}
.waiting-bar{width:100%;height:1.4rem;display:block;border:1px solid var(--line)}.swatch{width:.8em;height:.8em}
ul.parts{list-style:none;padding:0;margin:.3rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}
.part-queued{fill:#7a8794}.part-locked{fill:#3d6fb4}.part-deploying{fill:#0b8a62}.part-verifying{fill:#8a5bb0}.part-held{fill:#c05a1a}
/* On a phone a row is a few lines, the longest text whole; its cells keep their order. */
@media(max-width:40rem){dl:not(.figures){grid-template-columns:1fr}dl:not(.figures) dt{margin-top:.3rem}
.stack caption{display:block}.stack thead{position:absolute;left:-99em}.stack,.stack tbody{display:block}.stack tr{display:flex;flex-wrap:wrap;gap:.1rem .9rem;border-bottom:1px solid var(--line);padding:.35rem 0}.stack td{border:0;padding:0;min-width:0;overflow-wrap:anywhere}.stack td.text{flex-basis:100%}.stack td:empty{display:none}}
@media print{@page{size:A4;margin:14mm}header nav,.skip,form{display:none}a{color:inherit}.chart{max-height:none}}
${chartStyle}`.replace(/\n+/g, '\n');
