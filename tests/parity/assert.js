/** What a scenario's own check fails with. */
export const assert = (condition, message) => {
  if (!condition) throw new Error(`check failed: ${message}`);
};
export const equal = (actual, expected, message) =>
  assert(JSON.stringify(actual) === JSON.stringify(expected), `${message}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
