/**
 * Every `js` and `ts` block of the README files and the documentation as a module of its own, in a folder per language with
 * what the compiler needs: `node snippets.mjs TARGET`. Those in TypeScript are compiled strictly.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const target = process.argv[2];

const texts = ["README.md", "pkg-template/README.md", ...readdirSync(join(root, "www-demo/docs")).filter((file) => file.endsWith(".md")).map((file) => `www-demo/docs/${file}`)];

/** What a block may leave to the reader. */
const GIVEN = `declare const tokenFromBackend: string;
declare const authsignal: import("authsignal-wasm").Authsignal;
`;

const config = (language) => ({
  compilerOptions: {
    module: "esnext",
    moduleResolution: "bundler",
    target: "es2022",
    lib: ["esnext", "dom"],
    types: [],
    allowJs: true,
    checkJs: true,
    strict: language === "ts",
    noEmit: true,
    // Playwright's own declarations need those of Node.js; ours are checked by the suite `types`.
    skipLibCheck: true,
    paths: {
      "authsignal-wasm": [join(root, "pkg/index.d.ts")],
      "authsignal-wasm/js": [join(root, "pkg/index.d.ts")],
      "authsignal-wasm/testing": [join(root, "pkg/testing/testing.d.ts")],
      "*": [join(root, "tests/node_modules/*")],
    },
  },
  include: ["."],
});

rmSync(target, { recursive: true, force: true });
let count = 0;
for (const language of ["js", "ts"]) {
  mkdirSync(join(target, language), { recursive: true });
  writeFileSync(join(target, language, "tsconfig.json"), JSON.stringify(config(language), null, 2));
  writeFileSync(join(target, language, "given.d.ts"), GIVEN);
  for (const file of texts) {
    const text = readFileSync(join(root, file), "utf8");
    for (const { 1: code, index } of text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))) {
      const line = text.slice(0, index).split("\n").length + 1;
      const name = `${file.replaceAll("/", "-").replace(/\.md$/, "")}-line-${line}.${language}`;
      writeFileSync(join(target, language, basename(name)), `${code}export {};\n`);
      count += 1;
    }
  }
}
console.log(`${count} snippets`);
