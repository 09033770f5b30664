/**
 * Builds the documentation: `node build.mjs TARGET`. The pages beside this file, the API's reference out of `index.d.ts`,
 * and the search. Fails on a link that leads nowhere.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const target = process.argv[2];
const npm = createRequire(join(root, "tests/package.json"));
const { Marked } = await import(pathToFileURL(npm.resolve("marked")));
const highlighter = npm("highlight.js/lib/common");
const { buildSync } = npm("esbuild");

/** The pages in their order, as the navigation groups them. */
const GROUPS = {
  Start: ["index", "quick-start", "migrating", "frameworks"],
  Guide: ["binding", "errors", "loading", "ssr", "testing", "self-hosting"],
  Reference: ["api", "api-testing"],
};
const REFERENCE = { api: ["API reference", "index.d.ts"], "api-testing": ["Testing reference", "testing/testing.d.ts"] };
/** By rustdoc, which `cargo xtask docs` runs. */
const RUST = ["rust/authsignal_wasm/index.html", "Rust API"];

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
const slug = (text) => text.toLowerCase().replace(/<[^>]+>|&\w+;|[^\w\s-]/g, "").trim().replace(/\s+/g, "-");
const declarations = (file) => readFileSync(join(root, "pkg-template", file), "utf8");
const sentence = (comment) => comment.replace(/^\s*\* ?/gm, "").replace(/\{@link ([^}]+)\}/g, "`$1`").replace(/\s+/g, " ").trim();

/**
 * A file of declarations as Markdown: in the groups that its comments make, each under its own name, its comment first.
 * What people look for first, the class, comes first.
 */
const reference = (title, file) => {
  const groups = declarations(file).split(/^\/\* ---- (.+?) ---- \*\/$/m);
  const parts = [];
  for (let at = 1; at < groups.length; at += 2) parts.push([groups[at], groups[at + 1]]);
  parts.sort(([one], [other]) => (other === "The client") - (one === "The client"));
  const names = new Set();
  const body = parts.map(([group, source]) => {
    const blocks = source.matchAll(/(?:^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^export (?:declare )?(?:class|const|enum|function|interface|type|namespace) (\w+)[\s\S]*?(?=^(?:\/\*|export |type )|(?![\s\S]))/gm);
    const sections = new Map();
    for (const [block, comment = "", name] of blocks) {
      names.add(name);
      const code = block.slice(block.search(/^export /m)).trim();
      const text = comment.replace(/^\s*\* ?/gm, "").trim();
      sections.set(name, [...(sections.get(name) ?? []), text, `\`\`\`ts\n${code}\n\`\`\``]);
    }
    return [`## ${group}`, ...[...sections].flatMap(([name, texts]) => [`### ${name}`, ...texts.filter(Boolean)])].join("\n\n");
  });
  if (names.size < 5) throw new Error(`${file} has only ${names.size} declarations: has its form changed?`);
  const intro = /^\/\*\*([\s\S]*?)\*\//.exec(declarations(file))[1].replace(/^\s*\* ?/gm, "").trim();
  const linked = (text) =>
    text.replace(/\{@link ([\w.]+)(\(\))?\}/g, (_, link, call = "") => {
      const [owner] = link.split(".");
      return names.has(owner) ? `[\`${link}${call}\`](#${slug(owner)})` : `\`${link}${call}\``;
    });
  // In code there are no links.
  const whole = `# ${title}\n\n${intro}\n\n${body.join("\n\n")}\n`;
  return whole.split(/(^```[\s\S]*?^```)/m).map((part, at) => (at % 2 ? part.replace(/\{@link ([^}]+)\}/g, "`$1`") : linked(part))).join("");
};

/** The codes that a type of `index.d.ts` lists, with what is said about each there: a table. */
const codes = (name) => {
  const [, source] = new RegExp(`^export (?:declare const ${name}: \\{|type ${name} =)([\\s\\S]*?);\\n(?:\\};?\\n|\\n)`, "m").exec(declarations("index.d.ts")) ?? [];
  const rows = [...(source ?? "").matchAll(/\/\*\*([\s\S]*?)\*\/\s*(?:readonly (\w+)|\| "(\w+)")/g)];
  if (rows.length < 5) throw new Error(`index.d.ts has only ${rows.length} codes in ${name}: has its form changed?`);
  const row = ([, comment, constant, member]) => `| \`${constant ?? member}\` | ${sentence(comment).replace(/ Ours\.$/, "")} |`;
  return ["| code | when, and what to do |", "| --- | --- |", ...rows.map(row)].join("\n");
};

const text = (name) => readFileSync(join(here, `${name}.md`), "utf8").replace(/^<!-- codes: (\w+) -->$/gm, (_, type) => codes(type));
const pages = Object.fromEntries(
  Object.values(GROUPS)
    .flat()
    .map((name) => [name, REFERENCE[name] ? reference(...REFERENCE[name]) : text(name)]),
);
const titles = Object.fromEntries(Object.entries(pages).map(([name, text]) => [name, /^# (.+)$/m.exec(text)[1]]));
// What its heading says is too long for a menu.
titles.index = "Overview";

const sections = [];
const anchors = {};
const links = [];

/** A page's body, and its headings. */
const render = (name) => {
  anchors[name] = new Set([""]);
  const headings = [];
  let section = { id: name, page: titles[name], title: titles[name], href: `${name}.html`, text: "" };
  sections.push(section);
  const renderer = {
    heading({ tokens, depth }) {
      const inner = this.parser.parseInline(tokens);
      // A group of declarations may be called like one of them.
      const id = slug(inner) + (REFERENCE[name] && depth === 2 ? "-group" : "");
      if (anchors[name].has(id)) throw new Error(`${name} has two headings of the id ${id}`);
      anchors[name].add(id);
      if (depth > 1) {
        const title = inner.replace(/<[^>]+>/g, "");
        section = { id: `${name}#${id}`, page: titles[name], title, href: `${name}.html#${id}`, text: "" };
        sections.push(section);
        headings.push({ depth, id, inner });
      }
      return depth > 1 ? `<h${depth} id="${id}"><a class="anchor" href="#${id}">${inner}</a></h${depth}>\n` : `<h1 id="${id}">${inner}</h1>\n`;
    },
    link({ href, tokens }) {
      const [, page, anchor = ""] = /^(?:([\w-]+)\.md)?(?:#(.*))?$/.exec(href) ?? [];
      const isInside = page !== undefined || anchor !== "";
      if (isInside) links.push({ from: name, page: page ?? name, anchor });
      else if (!/^https:/.test(href) && href !== RUST[0]) throw new Error(`${name}.md links to ${href}: neither a page nor https:`);
      const to = isInside ? `${page ? `${page}.html` : ""}${anchor && `#${anchor}`}` : escape(href);
      return `<a href="${to}">${this.parser.parseInline(tokens)}</a>`;
    },
    code({ text, lang }) {
      const language = lang?.split(" ")[0] || "plaintext";
      const { value } = highlighter.highlight(text, { language });
      // Scrolls by the keyboard, too.
      return `<div class="code"><pre tabindex="0"><code>${value}</code></pre></div>\n`;
    },
    table(token) {
      const cells = (row, element) => row.map(({ tokens }) => `<${element}>${this.parser.parseInline(tokens)}</${element}>`).join("");
      const rows = token.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
      return `<div class="table" tabindex="0"><table><thead><tr>${cells(token.header, "th")}</tr></thead><tbody>${rows}</tbody></table></div>\n`;
    },
  };
  const markdown = new Marked({ renderer });
  // Token by token, so that what stands below a heading is found under it.
  const body = markdown.lexer(pages[name]).map((token) => {
    const out = markdown.parser([token]);
    // A tag in code is what the page shows.
    if (token.type === "code") section.text += ` ${token.text}`;
    else if (token.type !== "heading") section.text += ` ${token.raw.replace(/<[^>]+>|\]\([^)]*\)/g, " ")}`;
    return out;
  });
  return { body: body.join(""), headings };
};

const MARK = `<svg viewBox="0 0 16 20" aria-hidden="true"><path d="M1 19V8a7 7 0 0 1 14 0v11z"/><path d="M8 1v18M1 11h14"/></svg>`;

const shell = (name, { body, headings }) => {
  const entry = ([href, title], isCurrent) => `<li><a href="${href}"${isCurrent ? ' aria-current="page"' : ""}>${escape(title)}</a></li>`;
  const own = (page) => [`${page}.html`, titles[page]];
  const group = ([title, names]) => {
    const all = names.map((page) => entry(own(page), page === name));
    if (title === "Reference") all.push(entry(RUST, false));
    return `<h2>${title}</h2><ul>${all.join("")}</ul>`;
  };
  const order = Object.keys(pages);
  const at = order.indexOf(name);
  const step = (page, label) => (page ? `<a class="${label.toLowerCase()}" href="${page}.html"><span>${label}</span>${escape(titles[page])}</a>` : "<span></span>");
  const toc = headings.filter(({ depth }) => depth < (headings.length > 40 ? 3 : 4)).map(({ id, inner, depth }) => `<li class="depth-${depth}"><a href="#${id}">${inner}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name === "index" ? "authsignal-wasm" : `${escape(titles[name])} · authsignal-wasm`}</title>
<link rel="icon" href="favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="docs.css">
<script type="module" src="site.js"></script>
</head>
<body class="page-${name}">
<a class="skip" href="#main">Skip to the text</a>
<header class="top">
<a class="mark" href="index.html">${MARK}authsignal-wasm</a>
<div class="search" role="search"><input type="search" aria-label="Search the documentation" placeholder="Search ( / )" autocomplete="off"><ul></ul></div>
</header>
<div class="page">
<details class="pages" open><summary>Pages</summary><nav aria-label="Pages">${Object.entries(GROUPS).map(group).join("")}</nav></details>
<main id="main">
<article>${body}</article>
<nav class="steps" aria-label="Previous and next page">${step(order[at - 1], "Previous")}${step(order[at + 1], "Next")}</nav>
</main>
${toc.length > 1 ? `<nav class="toc" aria-label="On this page"><h2>On this page</h2><ul>${toc.join("")}</ul></nav>` : ""}
</div>
<footer>Independent and unofficial: not made, endorsed or supported by Authsignal. MIT licence.</footer>
</body>
</html>
`;
};

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of Object.keys(pages)) writeFileSync(join(target, `${name}.html`), shell(name, render(name)));
for (const { from, page, anchor } of links) {
  if (!anchors[page]?.has(anchor)) throw new Error(`${from}.md links to ${page}.md#${anchor}, which is not there`);
}
writeFileSync(join(target, "sections.json"), JSON.stringify(sections));
copyFileSync(join(here, "docs.css"), join(target, "docs.css"));
copyFileSync(join(root, "www-demo/site/favicon.svg"), join(target, "favicon.svg"));
copyFileSync(join(root, "www-demo/pre-built-ui.png"), join(target, "pre-built-ui.png"));
buildSync({
  entryPoints: [join(here, "site.js")],
  outdir: target,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  nodePaths: [join(root, "tests/node_modules")],
  logLevel: "warning",
});
console.log(`${Object.keys(pages).length} pages, ${sections.length} sections, ${links.length} links`);
