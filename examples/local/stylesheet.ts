/** The stylesheet of the example pages: system fonts, light and dark, no scripts, no external requests. */
import { createHash } from 'node:crypto';

export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f4; --surface: #ffffff; --line: #dfe3de; --line-strong: #8a948c;
  --ink: #17201b; --ink-soft: #536059; --tint: #eef3ef;
  --accent: #17694c; --accent-strong: #0f5039; --on-accent: #ffffff; --accent-tint: #e4f1ea;
  --alert: #9c2f1f; --alert-tint: #fbece8;
  --shadow: 0 1px 2px rgb(18 30 24 / .06), 0 12px 32px -12px rgb(18 30 24 / .16);
}
body[data-brand="almanac"] {
  --ground: #f6f5fa; --line: #e1dfec; --line-strong: #8d89a5; --ink: #1c1a29; --ink-soft: #5b5770; --tint: #f1f0f8;
  --accent: #4b3fb8; --accent-strong: #392f95; --accent-tint: #eae8fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101512; --surface: #181f1b; --line: #2b352f; --line-strong: #6d7a72;
    --ink: #eaf0ec; --ink-soft: #a3b0a8; --tint: #1f2823;
    --accent: #74d0a7; --accent-strong: #93dfbd; --on-accent: #06251a; --accent-tint: #1b3329;
    --alert: #ff9c8a; --alert-tint: #3a201b;
    --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 16px 40px -16px rgb(0 0 0 / .6);
  }
  body[data-brand="almanac"] {
    --ground: #111019; --surface: #191824; --line: #2d2b3d; --line-strong: #75718f; --ink: #edebf7; --ink-soft: #aaa6c0;
    --tint: #211f2f; --accent: #b0a8ff; --accent-strong: #c7c1ff; --on-accent: #17133d; --accent-tint: #262243;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--ground); color: var(--ink);
  font: 400 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  -webkit-text-size-adjust: 100%;
}
h1, h2, p, ul, ol, dl, dd { margin: 0; }
h1 { font-size: clamp(1.6rem, 1.2rem + 1.6vw, 2.1rem); line-height: 1.2; letter-spacing: -.02em; font-weight: 680; text-wrap: balance; }
h2 { font-size: 1.05rem; line-height: 1.35; font-weight: 650; }
ul, ol { padding: 0; list-style: none; }
code { font: .9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--tint); padding: .12em .4em; border-radius: .35em; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }

.top { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: 1.1rem clamp(1rem, 4vw, 2.5rem); }
.brand { display: inline-flex; align-items: center; gap: .65rem; color: inherit; text-decoration: none; font-weight: 680; letter-spacing: -.01em; }
.brand svg { width: 1.9rem; height: 1.9rem; color: var(--accent); flex: none; }
.who { display: flex; align-items: center; gap: .9rem; font-size: .92rem; color: var(--ink-soft); }
main { flex: 1; width: min(100%, 42rem); margin: 0 auto; padding: clamp(1rem, 5vh, 3.5rem) clamp(1rem, 4vw, 1.5rem) 3rem; display: grid; gap: 1.5rem; align-content: start; }
main.narrow { width: min(100%, 29rem); }
.narrow h1 { font-size: clamp(1.4rem, 1.2rem + .8vw, 1.65rem); }
.foot { padding: 1.25rem clamp(1rem, 4vw, 2.5rem) 1.75rem; color: var(--ink-soft); font-size: .85rem; text-align: center; text-wrap: balance; }

.card { background: var(--surface); border: 1px solid var(--line); border-radius: 1.1rem; padding: clamp(1.35rem, 4vw, 2.1rem); box-shadow: var(--shadow); display: grid; gap: 1.35rem; }
.stack { display: grid; gap: .55rem; }
.lead { color: var(--ink-soft); font-size: 1.05rem; text-wrap: balance; }
.soft { color: var(--ink-soft); font-size: .92rem; }
.eyebrow { font-size: .8rem; font-weight: 650; letter-spacing: .06em; text-transform: uppercase; color: var(--accent); }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
.rule { border: 0; border-top: 1px solid var(--line); margin: 0; }

label { font-weight: 600; font-size: .92rem; }
input { width: 100%; font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line-strong); border-radius: .65rem; padding: .7rem .9rem; min-height: 2.9rem; }
input[aria-invalid="true"] { border-color: var(--alert); }
.field { display: grid; gap: .35rem; }
.form { display: grid; gap: 1.1rem; }
.form button { margin-top: .2rem; }
button, .button {
  display: inline-flex; justify-content: center; align-items: center; min-height: 2.9rem; padding: .65rem 1.3rem; cursor: pointer;
  font: inherit; font-weight: 620; text-decoration: none; border-radius: .65rem; border: 1px solid transparent;
  background: var(--accent); color: var(--on-accent);
}
button:hover, .button:hover { background: var(--accent-strong); }
.quiet { background: transparent; color: var(--ink); border-color: var(--line-strong); }
.quiet:hover { background: var(--tint); }
.link { background: none; border: 0; padding: .3rem 0; min-height: 0; color: var(--accent); font-weight: 550; font-size: inherit; text-decoration: underline; text-underline-offset: .2em; }
.link:hover { background: none; color: var(--accent-strong); }
.wide { width: 100%; }
.ask { display: grid; grid-template-columns: 1fr auto; gap: .6rem; }
.choices { border: 0; margin: 0; padding: 0; min-width: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr)); gap: .6rem; }
.choices legend { padding: 0 0 .5rem; font-weight: 600; font-size: .92rem; }
.choice { display: grid; grid-template-columns: auto 1fr; gap: .75rem; align-items: start; padding: .75rem .9rem; border: 1px solid var(--line); border-radius: .65rem; cursor: pointer; font-weight: 400; }
.choice:hover { border-color: var(--line-strong); }
.choice:has(:checked) { border-color: var(--accent); background: var(--accent-tint); }
.choice input { width: 1.1rem; height: 1.1rem; min-height: 0; margin: .2rem 0 0; accent-color: var(--accent); }
.choice strong { display: block; font-weight: 620; line-height: 1.4; }
.choice strong::first-letter { text-transform: uppercase; }
.choice .soft { font-size: .85rem; line-height: 1.4; }
.progress { display: grid; grid-template-columns: 1.35rem 1fr; gap: .75rem; align-items: center; padding-inline: clamp(.35rem, 2vw, .6rem); color: var(--ink-soft); }
.progress + .progress { margin-top: -.95rem; }
.progress::before { content: ""; display: grid; place-items: center; width: 1.35rem; height: 1.35rem; border-radius: 50%; border: 2px solid var(--line); border-top-color: var(--accent); animation: turn .8s linear infinite; }
.progress:has(+ *)::before { content: "\\2713"; border: 0; animation: none; background: var(--accent-tint); color: var(--accent); font-size: .8rem; font-weight: 700; line-height: 1; }
.progress:has(+ [role="status"].card)::before { content: "\\2715"; background: var(--alert-tint); color: var(--alert); }
@keyframes turn { to { rotate: 1turn; } }
@media (prefers-reduced-motion: reduce) { .progress::before { animation: none; } }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.pair button { padding-inline: .5rem; }

.note { border-radius: .75rem; padding: .85rem 1rem; background: var(--accent-tint); font-size: .94rem; }
.note.alert { background: var(--alert-tint); color: var(--alert); font-weight: 550; }
.people { display: grid; gap: .6rem; }
.person { width: 100%; justify-content: flex-start; gap: .85rem; text-align: left; background: transparent; color: var(--ink); border-color: var(--line); padding: .7rem .9rem; font-weight: 500; }
.person:hover { background: var(--tint); border-color: var(--line-strong); }
.person strong { display: block; font-weight: 620; line-height: 1.35; }
.person .soft { display: flex; flex-wrap: wrap; column-gap: .9em; font-size: .85rem; }
.initial { flex: none; display: grid; place-items: center; width: 2.4rem; height: 2.4rem; border-radius: 50%; background: var(--accent-tint); color: var(--accent); font-weight: 680; }
.scopes li { display: grid; grid-template-columns: 1.5rem 1fr; gap: .75rem; padding: .8rem 0; border-top: 1px solid var(--line); }
.scopes li:first-child { border-top: 0; padding-top: 0; }
.scopes li:last-child { padding-bottom: 0; }
.scopes svg { width: 1.5rem; height: 1.5rem; color: var(--accent); }
.steps { counter-reset: step; display: grid; gap: 1rem; }
.steps li { counter-increment: step; display: grid; grid-template-columns: 2rem 1fr; gap: .9rem; align-items: baseline; }
.steps li::before { content: counter(step); display: grid; place-items: center; width: 2rem; height: 2rem; border-radius: 50%; background: var(--accent-tint); color: var(--accent); font-weight: 680; font-size: .92rem; }
.day { display: grid; gap: .5rem; }
.day + .day { border-top: 1px solid var(--line); padding-top: 1.1rem; }
.day h2 { color: var(--ink-soft); font-size: .9rem; font-weight: 620; }
.event { display: grid; grid-template-columns: 8.2rem 1fr; gap: 1rem; padding: .4rem 0; }
.event time { color: var(--accent); font-weight: 620; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: .95rem; line-height: 1.5; }
.event strong { font-weight: 600; display: block; line-height: 1.4; }
@media (max-width: 30rem) {
  .who span { display: none; }
  .ask { grid-template-columns: 1fr; }
  .event { grid-template-columns: 1fr; gap: 0; }
  .stretch > .button, .stretch > button { width: 100%; }
}
`;

/** The CSP source that allows this stylesheet and no other inline style. */
export const STYLESHEET_SOURCE = `'sha256-${createHash('sha256').update(STYLESHEET).digest('base64')}'`;
