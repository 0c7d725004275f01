/** The style sheet of all pages, and the few properties that an operator's color changes. */
import { legible, textOn } from './color';

/** Backgrounds that text can be on, in each color scheme. */
export const BACKGROUNDS = {
  light: { paper: '#ffffff', ground: '#f5f6f8' },
  dark: { paper: '#191e26', ground: '#10141a' },
} as const;

const DEFAULT_COLOR = '#2f56d9';

/** Contrast of text (WCAG 2.2, 1.4.3) and of the edges of controls (1.4.11). */
const TEXT_CONTRAST = 4.5;
const EDGE_CONTRAST = 3;

function schemeColors(color: string, { paper, ground }: { readonly paper: string; readonly ground: string }) {
  return `--link:${legible(color, [paper, ground], TEXT_CONTRAST)};--edge:${legible(color, [paper, ground], EDGE_CONTRAST)}`;
}

const COLOR = /^#[0-9a-f]{6}$/i;

/** Returns the properties of the operator's color. A color in another form is ignored. */
export function brandStyle(given: string | undefined): string {
  const color = given !== undefined && COLOR.test(given) ? given : DEFAULT_COLOR;
  return (
    `:root{--brand:${color};--on-brand:${textOn(color)};${schemeColors(color, BACKGROUNDS.light)}}` +
    `@media(prefers-color-scheme:dark){:root{${schemeColors(color, BACKGROUNDS.dark)}}}`
  );
}

export const STYLE = `
:root{color-scheme:light dark;--ink:#18202b;--soft:#566171;--line:#dfe3e9;--field:#8a94a3;--paper:${BACKGROUNDS.light.paper};--ground:${BACKGROUNDS.light.ground};--good:#176a3a;--warn:#8a4b00;--bad:#b3261e;--good-tint:#e6f4eb;--warn-tint:#fdf1e0;--bad-tint:#fdecea;--calm-tint:#eef1f5;--shadow:0 1px 2px #18202b14,0 6px 20px #18202b0d}
@media(prefers-color-scheme:dark){:root{--ink:#e9edf2;--soft:#a5b0be;--line:#2d3541;--field:#758294;--paper:${BACKGROUNDS.dark.paper};--ground:${BACKGROUNDS.dark.ground};--good:#7bd69d;--warn:#f2b36b;--bad:#ff9d94;--good-tint:#17301f;--warn-tint:#36280f;--bad-tint:#3b1d1b;--calm-tint:#242b35;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:break-word}
a{color:var(--link)}
p{margin:.5rem 0}
h1{margin:0 0 .5rem;font-size:1.65rem;line-height:1.25;letter-spacing:-.012em;text-wrap:balance}
h2{margin:0;font-size:1.15rem;line-height:1.35}
h3{margin:0;font-size:1rem;line-height:1.4}
ul{margin:0;padding:0;list-style:none}
code{font:.875em/1.4 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
.skip{position:absolute;left:1rem;top:-4rem;z-index:1;padding:.5rem 1rem;border-radius:.5rem;background:var(--paper)}
.skip:focus{top:1rem}
:focus-visible{outline:3px solid var(--edge);outline-offset:3px;border-radius:.35rem}
.bar{border-bottom:1px solid var(--line);border-top:4px solid var(--brand);background:var(--paper)}
.bar>div,main,footer>div{width:100%;max-width:46rem;margin:0 auto;padding-left:1.25rem;padding-right:1.25rem}
.bar>div{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;min-height:3.75rem;padding-top:.5rem;padding-bottom:.5rem}
.operator{display:flex;align-items:center;gap:.7rem;margin-right:auto;font-weight:650;min-height:1.75rem;color:inherit;text-decoration:none}
a.operator:hover{text-decoration:underline}
.operator img{display:block;height:2rem;max-width:9rem;object-fit:contain}
.person{display:flex;align-items:center;gap:.85rem;color:var(--soft);font-size:.925rem}
main{flex:1;padding-top:2.25rem;padding-bottom:3rem}
.single main{display:grid;align-content:center;padding-top:1.5rem}
.single main,.single .bar>div,.single footer>div{max-width:36rem}
.card{margin-top:1.25rem;background:var(--paper);border:1px solid var(--line);border-radius:.9rem;box-shadow:var(--shadow)}
.single .card{margin-top:0;padding:2.25rem}
.lead{color:var(--soft);max-width:38rem}
.soft{color:var(--soft)}
.small{font-size:.9rem}
.icon{width:1.2em;height:1.2em;flex:none;fill:none;stroke:currentColor;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}
.mark{display:inline-grid;place-items:center;width:2.9rem;height:2.9rem;margin-bottom:1.1rem;border-radius:50%;font-size:1.3rem}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.calm{color:var(--soft)}
.mark.good,.status.good{background:var(--good-tint)}.mark.warn,.status.warn{background:var(--warn-tint)}.mark.bad,.status.bad{background:var(--bad-tint)}.mark.calm,.status.calm{background:var(--calm-tint)}
.mark.calm{color:var(--link)}
.status{display:inline-flex;align-items:center;gap:.35rem;padding:.1rem .65rem .1rem .45rem;border-radius:99px;font-size:.875rem;font-weight:600;line-height:1.5}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin-top:1.5rem}
.button{display:inline-flex;align-items:center;justify-content:center;gap:.5rem;min-height:2.75rem;padding:.5rem 1.2rem;border:1px solid var(--edge);border-radius:.6rem;background:var(--brand);color:var(--on-brand);font:inherit;font-weight:600;line-height:1.3;text-decoration:none;text-align:center;cursor:pointer}
.button:hover{text-decoration:underline;text-underline-offset:.2em}
.button.plain{border-color:var(--field);background:transparent;color:var(--ink)}
.button.danger{border-color:var(--bad);background:transparent;color:var(--bad)}
.button.compact{min-height:2.35rem;padding:.3rem .95rem;font-size:.925rem}
.note{display:flex;gap:.7rem;margin:1.25rem 0 0;padding:.85rem 1rem;border-radius:.6rem;background:var(--calm-tint)}
.note>.icon{margin-top:.2em}
.note p{margin:0}
.note p+p{margin-top:.35rem}
.note.warn,.note.bad,.note.good{color:var(--ink)}
.note.warn{background:var(--warn-tint)}.note.warn>.icon{color:var(--warn)}
.note.bad{background:var(--bad-tint)}.note.bad>.icon{color:var(--bad)}
.note.good{background:var(--good-tint)}.note.good>.icon{color:var(--good)}
.agent>header{display:flex;flex-wrap:wrap;align-items:center;gap:.15rem .75rem;padding:1.15rem 1.4rem .95rem}
.agent>header code{color:var(--soft)}
.agent>header .status{margin-left:auto}
.agent>p,.agent>details,.agent>.note{margin:0 1.4rem 1.15rem}
.connection{display:grid;grid-template-columns:2.6rem minmax(0,1fr) auto;gap:.2rem 1rem;align-items:start;padding:1.1rem 1.4rem;border-top:1px solid var(--line)}
.tile{display:grid;place-items:center;width:2.6rem;height:2.6rem;border:1px solid var(--line);border-radius:.65rem;background:var(--ground);font-weight:700;color:var(--soft)}
.connection .name{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .65rem}
.connection p{margin:.2rem 0}
.connection .do{display:flex;flex-direction:column;gap:.5rem;align-items:stretch;padding-top:.1rem}
form{margin:0}
.do .button{width:100%}
time{white-space:nowrap}
details{margin-top:.35rem;font-size:.925rem}
summary{width:fit-content;padding:.1rem 0;cursor:pointer;color:var(--link);text-decoration:underline;text-underline-offset:.15em}
.scopes{display:grid;gap:.5rem;margin:.75rem 0 0}
.scopes li{display:flex;gap:.65rem}
.scopes .icon{margin-top:.2em;color:var(--good)}
.connection .scopes{margin:.5rem 0 .25rem;gap:.35rem}
.list{display:grid;gap:.35rem;margin:.6rem 0;padding-left:1.25rem;list-style:disc}
.facts{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.5rem 1.25rem;margin:1.25rem 0 0;padding-top:1.15rem;border-top:1px solid var(--line);font-size:.95rem}
.facts dt{color:var(--soft)}
.facts dd{margin:0}
.section{margin-top:1.5rem}
.empty{padding:2.5rem 1.75rem;text-align:center}
footer{border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
footer>div{padding-top:1.1rem;padding-bottom:1.4rem}
@media(max-width:34rem){h1{font-size:1.45rem}main{padding-top:1.5rem}.single .card{padding:1.5rem}.single main{align-content:start}.connection{grid-template-columns:2.6rem minmax(0,1fr);padding:1.1rem 1.1rem}.connection .do{grid-column:1/-1;padding-top:.6rem;flex-direction:row;flex-wrap:wrap}.connection .do>*{flex:1 1 8rem}.agent>header{padding:1.1rem 1.1rem .9rem}.agent>header .status{margin-left:0}.agent>p,.agent>details,.agent>.note{margin:0 1.1rem 1.1rem}.single .actions>*{flex:1 1 100%}.single .actions .button{width:100%}.facts{grid-template-columns:1fr;gap:0}.facts dd+dt{margin-top:.6rem}}
@media(forced-colors:active){.status,.note,.tile{border:1px solid}}
@media(prefers-reduced-motion:no-preference){.skip{transition:top .15s}}
`;
