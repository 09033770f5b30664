// The published types, in every compiler and module resolution that apps have, and the package by the linters of packages.
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";

const here = fileURLToPath(new URL(".", import.meta.url));
const { PACKED } = process.env;
const installed = join(PACKED, "node_modules/authsignal-wasm");

/**
 * The peer's declarations import each other without file extensions, which `node16` and `nodenext` do not resolve: there
 * its types are `any`, and accept all. What these two are given is a copy with the extensions, beside the peer so that
 * what it depends on is found.
 */
const peer = join(here, "../node_modules/.peer-with-extensions");
rmSync(peer, { recursive: true, force: true });
cpSync(join(here, "../node_modules/@authsignal/browser"), peer, { recursive: true });
for (const name of readdirSync(peer, { recursive: true }).filter((name) => name.endsWith(".d.ts"))) {
  const file = join(peer, name);
  const withExtension = (whole, from) => {
    const target = join(dirname(file), from);
    return whole.replace(from, existsSync(`${target}.d.ts`) ? `${from}.js` : `${from}/index.js`);
  };
  writeFileSync(file, readFileSync(file, "utf8").replace(/ from "(\.[^"]*)"/g, withExtension));
}

/** What a compiler has against the project of a resolution. */
const complaints = (ts, resolution, libraries) => {
  const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(join(here, `tsconfig.${resolution}.json`), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => assert.fail(ts.flattenDiagnosticMessageText(problem.messageText, "\n")),
  });
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  // Reading the DOM's declarations is most of the work, and the same in each project.
  host.getSourceFile = (name, ...rest) => {
    if (!/lib\.[^/]*\.d\.ts$/.test(name)) return getSourceFile.call(host, name, ...rest);
    if (!libraries.has(name)) libraries.set(name, getSourceFile.call(host, name, ...rest));
    return libraries.get(name);
  };
  const program = ts.createProgram(fileNames, options, host);
  return { program, problems: ts.getPreEmitDiagnostics(program).map((problem) => ts.formatDiagnostic(problem, host)) };
};

for (const [version, name] of [["5.4", "typescript-5.4"], ["5.9", "typescript-5"]]) {
  const { default: ts } = await import(name);
  const libraries = new Map();
  for (const resolution of ["bundler", "node16", "nodenext", "node10"]) {
    test(`TypeScript ${version} accepts programs, strictly, resolving as ${resolution}`, () => {
      assert.ok(ts.version.startsWith(version), ts.version);
      const { program, problems } = complaints(ts, resolution, libraries);
      assert.deepEqual(problems, []);
      // The declarations are those of the tarball, found as an app finds them.
      const used = program.getSourceFiles().map(({ fileName }) => relative(installed, fileName));
      const isCommonJs = resolution.startsWith("node") && resolution !== "node10";
      for (const name of ["index.d.ts", "testing/testing.d.ts", ...(isCommonJs ? ["index.d.cts", "testing/testing.d.cts"] : [])]) {
        assert.ok(used.includes(join(name)), name);
      }
    });
  }
}

// TypeScript 7 has no `node10`, and no API of this kind.
for (const resolution of ["bundler", "node16", "nodenext"]) {
  test(`TypeScript 7 accepts programs, strictly, resolving as ${resolution}`, async () => {
    const compiler = join(here, "../node_modules/typescript/bin/tsc");
    const run = promisify(execFile)(process.execPath, [compiler, "--project", join(here, `tsconfig.${resolution}.json`)]);
    await run.catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
  });
}

/** The names in a declaration file that only the compiler's own libraries declare. */
const globalsOf = async (file) => {
  const { default: ts } = await import("typescript-5");
  const options = { lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [], strict: true, module: ts.ModuleKind.NodeNext };
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const names = new Set();
  const visit = (node) => {
    const symbol = ts.isIdentifier(node) && checker.getSymbolAtLocation(node);
    // Members, such as `then` of a promise, come with what they are members of.
    const isMember = symbol?.parent && !(symbol.parent.flags & ts.SymbolFlags.Namespace);
    const isAmbient = symbol?.declarations?.every((declaration) => program.isSourceFileDefaultLibrary(declaration.getSourceFile()));
    if (isAmbient && !isMember) names.add(symbol.parent ? `${symbol.parent.name}.${symbol.name}` : symbol.name);
    ts.forEachChild(node, visit);
  };
  const source = program.getSourceFile(file);
  visit(source);
  // `declare global`, or a module of another name.
  const isForEveryone = (statement) =>
    ts.isModuleDeclaration(statement) && (ts.isStringLiteral(statement.name) || Boolean(statement.flags & ts.NodeFlags.GlobalAugmentation));
  assert.deepEqual(source.statements.filter(isForEveryone).map((statement) => statement.getText()), []);
  return [...names].sort();
};

test("the types need no more of the DOM's and the language's names than these, and declare none for everyone", async () => {
  assert.deepEqual(await globalsOf(join(installed, "index.d.ts")), [
    "AbortSignal",
    "BufferSource",
    "Error",
    "Promise",
    "Record",
    "Response",
    "URL",
    "WebAssembly",
    "WebAssembly.Module",
  ]);
});

test("the types of authsignal-wasm/testing need no more than these", async () => {
  assert.deepEqual(await globalsOf(join(installed, "testing/testing.d.ts")), [
    "CredentialCreationOptions",
    "CredentialRequestOptions",
    "Date",
    "Pick",
    "Promise",
    "PublicKeyCredential",
    "Record",
  ]);
});

test("attw finds every entry's types, whoever imports or requires it", async () => {
  const tarball = readdirSync(PACKED).find((name) => name.endsWith(".tgz"));
  const data = new Uint8Array(readFileSync(join(PACKED, tarball)));
  // The wasm is an asset, which no two bundlers import in the same way.
  const { types, problems } = await checkPackage(createPackageFromTarballData(data), { excludeEntrypoints: ["./core.wasm"] });
  assert.equal(types.kind, "included");
  assert.deepEqual(problems, []);
});

test("publint has neither an error, nor a warning, nor a suggestion", async () => {
  const { messages } = await publint({ pkgDir: installed, level: "suggestion", strict: true });
  assert.deepEqual(messages, []);
});
