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
const { buildSync } = npm("esbuild");

const GUIDE = ["index", "migrating", "binding", "csp", "ssr", "testing", "self-hosting"];
const REFERENCE = { api: ["API reference", "index.d.ts"], "api-testing": ["Testing reference", "testing/testing.d.ts"] };

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
const slug = (text) => text.toLowerCase().replace(/<[^>]+>|&\w+;|[^\w\s-]/g, "").trim().replace(/\s+/g, "-");

/** A file of declarations as Markdown: each under its own name, its comment first. */
const reference = (title, file) => {
  const source = readFileSync(join(root, "pkg-template", file), "utf8");
  const blocks = source.matchAll(/(?:^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^export (?:declare )?(class|const|enum|function|interface|type|namespace) (\w+)[\s\S]*?(?=^(?:\/\*|export )|(?![\s\S]))/gm);
  const sections = new Map();
  for (const [block, comment = "", , name] of blocks) {
    const code = block.slice(block.indexOf("\nexport ", comment ? comment.length : 0)).trim();
    const text = comment.replace(/^\s*\* ?/gm, "").replace(/\{@link ([^}]+)\}/g, "`$1`").trim();
    const section = sections.get(name) ?? [];
    section.push(text, "```ts", (comment ? code : block.trim()).replace(/\n\/\*[\s\S]*$/, ""), "```");
    sections.set(name, section);
  }
  if (sections.size < 5) throw new Error(`${file} has only ${sections.size} declarations: has its form changed?`);
  const body = [...sections].map(([name, parts]) => `## ${name}\n\n${parts.filter(Boolean).join("\n\n").replace(/```ts\n\n/g, "```ts\n").replace(/\n\n```(?!ts)/g, "\n```")}`);
  return `# ${title}\n\n${body.join("\n\n")}\n`;
};

const pages = Object.fromEntries([
  ...GUIDE.map((name) => [name, readFileSync(join(here, `${name}.md`), "utf8")]),
  ...Object.entries(REFERENCE).map(([name, [title, file]]) => [name, reference(title, file)]),
]);
const titles = Object.fromEntries(Object.entries(pages).map(([name, text]) => [name, /^# (.+)$/m.exec(text)[1]]));

const sections = [];
const anchors = {};
const links = [];

const render = (name) => {
  anchors[name] = new Set([""]);
  let section = { id: name, page: titles[name], title: titles[name], href: `${name}.html`, text: "" };
  sections.push(section);
  const renderer = {
    heading({ tokens, depth }) {
      const inner = this.parser.parseInline(tokens);
      const id = slug(inner);
      anchors[name].add(id);
      if (depth > 1) {
        const title = inner.replace(/<[^>]+>/g, "");
        section = { id: `${name}#${id}`, page: titles[name], title, href: `${name}.html#${id}`, text: "" };
        sections.push(section);
      }
      return `<h${depth} id="${id}">${inner}</h${depth}>\n`;
    },
    link({ href, tokens }) {
      const [, page, anchor = ""] = /^([\w-]+)\.md(?:#(.*))?$/.exec(href) ?? [];
      if (page) links.push({ from: name, page, anchor });
      else if (!/^https:/.test(href)) throw new Error(`${name}.md links to ${href}: neither a page nor https:`);
      return `<a href="${page ? `${page}.html${anchor && `#${anchor}`}` : escape(href)}">${this.parser.parseInline(tokens)}</a>`;
    },
  };
  const markdown = new Marked({ renderer });
  // Token by token, so that what stands below a heading is found under it.
  const rendered = markdown.lexer(pages[name]).map((token) => {
    const out = markdown.parser([token]);
    if (token.type !== "heading") section.text += ` ${token.raw}`;
    return out;
  });
  return rendered.join("");
};

const shell = (name, body) => {
  const entry = (page) => `<li><a href="${page}.html"${page === name ? ' aria-current="page"' : ""}>${escape(titles[page])}</a></li>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(titles[name])} · authsignal-wasm</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs.css">
<script type="module" src="search.js"></script>
</head>
<body>
<a class="skip" href="#main">To the text</a>
<header>
<a href="index.html">authsignal-wasm</a>
<div class="search" role="search"><input type="search" aria-label="Search the documentation" placeholder="Search" autocomplete="off"><ul></ul></div>
</header>
<div class="page">
<nav aria-label="Pages"><ul>${Object.keys(pages).map(entry).join("")}<li><a href="rust/authsignal_wasm/index.html">Rust API</a></li></ul></nav>
<main id="main">${body}</main>
</div>
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
buildSync({
  entryPoints: [join(here, "search.js")],
  outdir: target,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  nodePaths: [join(root, "tests/node_modules")],
  logLevel: "warning",
});
console.log(`${Object.keys(pages).length} pages, ${sections.length} sections, ${links.length} links`);
