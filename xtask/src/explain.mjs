// For `cargo xtask size --explain`.
// usage: node explain.mjs parts <bundle> <its source map>   the parts of a bundle, by source and declaration
//        node explain.mjs shares <file> <ranges of parts>   by how much the file, compressed, shrinks without each
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The numbers of a segment of a source map: variable-length quantities in base64 (ECMA-426). */
const numbersOf = (segment) => {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
};

/** What each line of a source is part of: the declaration at the margin that it is in, or comes after. */
const declarationsOf = (text) => {
  let current = "(start)";
  return text.split("\n").map((line) => {
    // The words of the core are one literal, which is no code of the function that it is in.
    const [, name] = /^(?:export )?(?:default )?(?:async )?(?:const|let|var|class|function\*?) ([\w$]+)/.exec(line) ?? [];
    current = name ?? current;
    return current;
  });
};

/** Ranges of bytes by source and declaration. The package is ASCII: a column is a byte. */
const partsOf = (bundle, map) => {
  const text = readFileSync(bundle, "latin1");
  const { mappings, sources, sourcesContent } = JSON.parse(readFileSync(map, "utf8"));
  const declarations = sourcesContent.map(declarationsOf);
  const contents = sourcesContent.map((content) => content.split("\n"));
  const parts = new Map();
  const add = (of, name, start, end) => {
    const key = JSON.stringify([of, name]);
    if (!parts.has(key)) parts.set(key, { of, name, ranges: [] });
    const { ranges } = parts.get(key);
    if (ranges.at(-1)?.[1] === start) ranges.at(-1)[1] = end;
    else if (end > start) ranges.push([start, end]);
  };
  let [source, line, column] = [0, 0, 0];
  let lineStart = 0;
  let open = { of: "esbuild", name: "frame", start: 0 };
  const lines = text.split("\n");
  for (const [index, segments] of mappings.split(";").entries()) {
    let at = 0;
    for (const segment of segments ? segments.split(",") : []) {
      const [shift, ...original] = numbersOf(segment);
      at += shift;
      add(open.of, open.name, open.start, lineStart + at);
      if (original.length) {
        source += original[0];
        line += original[1];
        column += original[2];
        const isWords = /^\s*common \?\?= .*\.split\(/.test(contents[source][line]) && contents[source][line][column] === '"' && column < 60;
        const of = isWords ? "words" : basename(sources[source]);
        open = { of, name: isWords ? "the strings of the core" : declarations[source][line], start: lineStart + at };
      } else open = { of: "esbuild", name: "frame", start: lineStart + at };
    }
    lineStart += (lines[index]?.length ?? 0) + 1;
  }
  add(open.of, open.name, open.start, text.length);
  return [...parts.values()].filter(({ ranges }) => ranges.length);
};

const compressed = (bytes) => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
};

/** By how much the file shrinks without each of the parts. */
const sharesOf = (file, ranges) => {
  const bytes = readFileSync(file);
  const whole = compressed(bytes);
  return ranges.map((part) => {
    const kept = [];
    let at = 0;
    for (const [start, end] of part.toSorted(([a], [b]) => a - b)) {
      kept.push(bytes.subarray(at, start));
      at = end;
    }
    return whole - compressed(Buffer.concat([...kept, bytes.subarray(at)]));
  });
};

const [what, file, other] = process.argv.slice(2);
const result = what === "parts" ? partsOf(file, other) : sharesOf(file, JSON.parse(readFileSync(other, "utf8")));
console.log(JSON.stringify(result));
