// Turns the output of wasm2js into a module that exports `core(imports)`: what an instance's exports are for the glue.
// usage: node js-core.mjs <output of wasm2js> <module to write>
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(1);
const source = readFileSync(from, "utf8");

/** The part between two marks, which must both be there. */
const between = (begin, end) => {
  const [start, stop] = [source.indexOf(begin), source.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`wasm2js writes otherwise than it did: no ${begin} before ${end}`);
  return source.slice(start, stop);
};

// The data as text instead of base64: it is nearly all words, which compress well only as they are.
const segments = [...source.matchAll(/base64DecodeToExistingUint8Array\(bufferView, (\d+), "([^"]*)"\);/g)];
if (segments.length === 0) throw new Error("wasm2js writes otherwise than it did: no data is found");
const parts = segments.map(([, address, text]) => [Number(address), Buffer.from(text, "base64")]);
const first = Math.min(...parts.map(([address]) => address));
const memory = Buffer.alloc(Math.max(...parts.map(([address, bytes]) => address + bytes.length)) - first);
for (const [address, bytes] of parts) bytes.copy(memory, address - first);
const text = JSON.stringify(memory.toString("latin1"));
const fill = `for (var text = ${text}, at = 0; at < text.length; at++) HEAPU8[${first} + at] = text.charCodeAt(at);`;

// From the end of the data on.
const helpers = between("\n}\n", "function asmFunc").slice("\n}\n".length);
const factory = between("function asmFunc", "var retasmFunc").replace("initActiveSegments(imports);", () => fill);
if (!factory.includes(fill)) throw new Error("wasm2js writes otherwise than it did: nothing fills the memory");
/** Without what every core gets and this one has no use for: views of the memory, and functions of `Math`. */
const withoutUnused = (code) =>
  [...code.matchAll(/^ var (\w+) = (?:Math\.\w+|new \w+Array\(buffer\));$/gm)].reduce((rest, [declaration, name]) => {
    const lines = rest.split("\n").filter((line) => line !== declaration && !line.trim().startsWith(`${name} = new `));
    return lines.some((line) => line.includes(name)) ? rest : lines.join("\n");
  }, code);

/** With its buffer for the memory, which as it is given away could grow: nothing in a core does that. */
const withMemory = (code) => {
  const grows = [...code.matchAll(/__wasm_memory_grow/g)].length > 2;
  const fixed = code
    .replace(/Object\.create\(Object\.prototype, \{\s+"grow": \{[^}]*\},\s+"buffer": \{[^}]*\}\s+\}\s+\}\)/, "{ buffer }")
    .replace(/ function __wasm_memory_(size|grow)\([^]*?\n }\n/g, "");
  return grows || fixed.includes("__wasm_memory_") ? code : fixed;
};

writeFileSync(to, `var bufferView;\n${helpers}\nexport ${withoutUnused(withMemory(factory)).replace("function asmFunc", "function core")}`);
