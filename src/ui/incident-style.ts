const light = `--bg:#ffffff;--ink:#1b1f23;--muted:#555f6a;--line:#cfd5db;--grid:#e4e8ec;--card:#f5f7f9;--accent:#0a58a6;--allow:#1d6b41;--block:#b3261e;--shadow:#7d4e00;--mark:#4b3f8f`;
const dark = `--bg:#14171a;--ink:#e7eaed;--muted:#a7b0ba;--line:#3a424b;--grid:#2a3037;--card:#1c2126;--accent:#86bdff;--allow:#74d39d;--block:#ff8f85;--shadow:#eabf66;--mark:#b9abff`;

/** How a page of an incident looks: by the reader's own colour scheme, from a phone's width on, and on paper. */
export const pageStyle = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:68rem;padding:1rem;background:var(--bg);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
a{color:var(--accent)}
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 .6rem}
h2{font-size:1.25rem;margin:2rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:1.6rem 0 .6rem}
.over{margin:0;color:var(--muted)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:0;padding:0}
dl{margin:0;display:grid;gap:.35rem}
dl div{display:grid;grid-template-columns:7.5rem 1fr;gap:.75rem}
dt{color:var(--muted)}
dd{margin:0}
.local{color:var(--muted)}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--muted);padding-bottom:.4rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .5rem;border-top:1px solid var(--line)}
thead th{border-top:0;border-bottom:2px solid var(--line);color:var(--muted);font-weight:600}
.timeline .no{width:3rem}
.timeline .time{width:13rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
.timeline thead th{white-space:nowrap;overflow-wrap:normal}
.timeline abbr{text-decoration:none}
.number{display:inline-block;min-width:1.55rem;padding:0 .3rem;border-radius:.8rem;text-align:center;font-weight:700;font-size:.85rem;line-height:1.55rem;background:var(--mark);color:var(--bg)}
blockquote{margin:.25rem 0 0;padding-left:.75rem;border-left:3px solid var(--line)}
.why,.state,.what{margin:.2rem 0 0}
.state,.id{color:var(--muted)}
.diff{margin:.25rem 0 0;padding-left:1.1rem}
.missing{padding:.6rem .75rem;background:var(--card);border-left:4px solid var(--shadow)}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.25rem;list-style:none;padding:0;margin:0}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend .sample,.legend .number{flex:none}
.nowrap{white-space:nowrap}
.buckets{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:1rem}
figure{margin:0;padding:.75rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem;break-inside:avoid}
figcaption{font-weight:700}
.what{color:var(--muted);font-size:.9rem}
figure{max-width:44rem}
.plot{display:block;width:100%;height:auto}
.plot text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;fill:var(--muted)}
.plot .axis{stroke:var(--muted);fill:none}
.plot .grid{stroke:var(--grid);fill:none}
.plot .mark{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:2 3;fill:none}
.plot .mark-head{fill:var(--mark)}
.plot .mark-number{fill:var(--bg);font-weight:700}
.plot .nothing{paint-order:stroke;stroke:var(--card);stroke-width:5px}
.series .line{fill:none;stroke-width:2;stroke-linejoin:round}
.plain .line{stroke:var(--allow)}
.plain .point{fill:var(--allow)}
.square .line{stroke:var(--block)}
.square .point{fill:var(--block)}
.diamond .line{stroke:var(--shadow);stroke-dasharray:6 4}
.diamond .point{fill:var(--card);stroke:var(--shadow);stroke-width:1.75}
.means{font-size:.9rem;margin-top:.4rem;font-variant-numeric:tabular-nums}
.means th,.means td{padding:.2rem .4rem}
.means td,.means thead th+th{text-align:right}
.means caption{padding-bottom:.1rem}
footer{margin-top:2.5rem;color:var(--muted);border-top:1px solid var(--line)}
@media (max-width:40rem){
body{padding:.75rem}
h1{font-size:1.35rem}
dl div{grid-template-columns:1fr;gap:0}
dl{gap:.6rem}
.timeline .no{width:2.1rem;padding-left:0;padding-right:.25rem}
.timeline .time{width:6.4rem}
th,td{padding:.45rem .35rem}
}
@media print{
:root{color-scheme:light;${light}}
body{max-width:none;padding:0;font-size:10pt}
.buckets{grid-template-columns:1fr 1fr}
nav,.skip{display:none}
thead{display:table-header-group}
tr,figure,.around h3{break-inside:avoid}
h2,h3{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`.trim();
