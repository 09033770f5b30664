/** What of COMPAT.md the parity suite writes. */
import { renderDefects, renderQuirks } from "./scorecard.mjs";

/** Why a scenario may differ: a defect of the peer's, a feature newer than 1.16.0, or a decision of ours. */
export const reasonOf = ({ defect, since, decision }) => {
  if (defect) return `defect ${defect}`;
  if (since) return `since ${since}`;
  return decision;
};

const cell = (lines) => (lines.length ? lines.map((line) => `\`${line.replaceAll("|", "\\|").replaceAll("`", "'").slice(0, 160)}\``).join("<br>") : "–");

/** The page with its lists written anew. */
export const renderList = (page, scenarios, differences) => {
  const rows = scenarios
    .filter(({ name }) => differences[name])
    .map((scenario) => {
      const { peer, ours } = differences[scenario.name];
      return `| ${scenario.name} | ${reasonOf(scenario)} | ${cell(peer)} | ${cell(ours)} |`;
    });
  const table = ["| Scenario | Why | Only the peer | Only ours |", "| --- | --- | --- | --- |", ...rows].join("\n");
  const parts = { quirks: renderQuirks(), defects: renderDefects(scenarios), differences: table };
  return Object.entries(parts).reduce((text, [name, part]) => {
    const begin = `<!-- ${name}: written by tests/parity/run.mjs --accept -->`;
    const end = `<!-- end of ${name} -->`;
    const [before, rest] = text.split(begin);
    if (rest === undefined) throw new Error(`COMPAT.md has no place for the ${name}`);
    return `${before}${begin}\n${part}\n${end}${rest.split(end)[1]}`;
  }, page);
};
