// The style sheet, as a module: so that no runtime needs to be told how to serve a file.

export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1b1b1f; --page: #fff; --soft: #f2f3f7; --line: #74777f; --accent: #0b57d0; --on-accent: #fff;
}
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6ea; --page: #1b1b1f; --soft: #2a2b31; --line: #9a9ca5; --accent: #a8c7fa; --on-accent: #062e6f; }
}
* { box-sizing: border-box; }
body {
  font: 1.0625rem/1.55 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 42rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere;
}
header {
  display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between;
  border-bottom: 1px solid var(--line); padding-bottom: .75rem;
}
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0; }
nav a { display: inline-block; padding: .4rem 0; }
[aria-current=page] { font-weight: 600; color: var(--text); text-decoration-thickness: 3px; text-underline-offset: .4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.75rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
a { color: var(--accent); }
button, .button {
  display: inline-block; font: inherit; text-decoration: none; cursor: pointer; padding: .55rem 1.1rem;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .4rem;
}
.plain { color: var(--accent); background: var(--page); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
label { display: block; margin: 1.5rem 0 .35rem; font-weight: 600; }
input {
  font: inherit; color: inherit; background: var(--page); width: 100%; padding: .55rem; margin-bottom: .75rem;
  border: 1px solid var(--line); border-radius: .4rem;
}
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; padding-bottom: .5rem; }
th, td { text-align: start; vertical-align: top; padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line); }
tbody th { font-weight: 600; min-width: 6rem; }
.notes { padding-left: 1.25rem; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); padding: .75rem; border-radius: .4rem; white-space: pre-wrap; margin: .25rem 0 0; }
`;
