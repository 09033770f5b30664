/** The list of differences as COMPAT.md has it. */
const BEGIN = "<!-- differences: written by tests/parity/run.mjs --accept -->";
const END = "<!-- end of differences -->";

/** Why a scenario may differ: a defect of the peer's, a feature newer than 1.16.0, or a decision of ours. */
export const reasonOf = ({ defect, since, decision }) => {
  if (defect) return `defect ${defect}`;
  if (since) return `since ${since}`;
  return decision;
};

const cell = (lines) => (lines.length ? lines.map((line) => `\`${line.replaceAll("|", "\\|").replaceAll("`", "'").slice(0, 160)}\``).join("<br>") : "–");

/** The page with its list written anew. */
export const renderList = (page, scenarios, differences) => {
  const rows = scenarios
    .filter(({ name }) => differences[name])
    .map((scenario) => {
      const { peer, ours } = differences[scenario.name];
      return `| ${scenario.name} | ${reasonOf(scenario)} | ${cell(peer)} | ${cell(ours)} |`;
    });
  const table = ["| Scenario | Why | Only the peer | Only ours |", "| --- | --- | --- | --- |", ...rows].join("\n");
  const [before, rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "\n";
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
};
