/**
 * A module of Node.js, or undefined in a browser. Not by `import`: a bundler that packs a test for a browser (Cypress)
 * would stumble over it.
 */
export const nodeModule = (name) => globalThis.process?.getBuiltinModule?.(`node:${name}`);
