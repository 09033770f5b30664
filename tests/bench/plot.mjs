/** The ratios as an SVG: a row for each, the median as a dot, the quartiles as a line, the target as a mark. */

const COLOURS = { wasm: "#0b6e4f", js: "#c46a1b" };
const NAMES = { wasm: "WebAssembly core", js: "JavaScript core" };
const ROW = 34;
const LEFT = 300;
const WIDTH = 520;
const TOP = 76;
const FONT = "font-family='system-ui, sans-serif'";

const escaped = (text) => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt()};`);

/** `rows` are of the form `{says, target?, [side]: {q1, median, q3}}`, all ratios to the peer, or `{heading}`. */
export const plot = (rows, sides) => {
  const measured = rows.filter(({ heading }) => !heading);
  const largest = Math.max(1.5, ...measured.flatMap((row) => [row.target ?? 0, ...sides.map((side) => row[side].q3)]));
  const end = Math.ceil(largest * 4) / 4;
  const x = (ratio) => (LEFT + (Math.min(ratio, end) / end) * WIDTH).toFixed(1);
  const height = TOP + rows.length * ROW + 20;
  const parts = [];
  const text = (at, y, content, more = "") => parts.push(`<text x='${at}' y='${y}' ${more}>${escaped(content)}</text>`);
  const line = (x1, y1, x2, y2, more) => parts.push(`<line x1='${x1}' y1='${y1}' x2='${x2}' y2='${y2}' ${more}/>`);

  text(16, 26, "authsignal-wasm / @authsignal/browser, in the same run: less is better", "font-weight='600'");
  for (const [index, side] of sides.entries()) {
    const at = LEFT + index * 190;
    parts.push(`<circle cx='${at + 6}' cy='44' r='5' fill='${COLOURS[side]}'/>`);
    text(at + 18, 48, NAMES[side]);
  }
  line(LEFT + 394, 37, LEFT + 394, 51, "stroke='#222' stroke-width='3'");
  text(LEFT + 404, 48, "target");
  for (let ratio = 0; ratio <= end; ratio += end > 4 ? 1 : 0.25) {
    const isOne = ratio === 1;
    line(x(ratio), TOP - 8, x(ratio), height - 20, isOne ? "stroke='#444'" : "stroke='#ddd'");
    text(x(ratio), TOP - 12, String(ratio), `text-anchor='middle' font-size='11' fill='${isOne ? "#222" : "#777"}'`);
  }
  for (const [index, row] of rows.entries()) {
    const y = TOP + index * ROW + ROW / 2;
    if (row.heading) {
      text(16, y + 5, row.heading, "font-weight='600'");
      continue;
    }
    text(16, y + 5, row.says);
    if (row.target) line(x(row.target), y - 13, x(row.target), y + 13, "stroke='#222' stroke-width='3'");
    for (const [offset, side] of sides.entries()) {
      const { q1, median, q3 } = row[side];
      const at = y + (offset - (sides.length - 1) / 2) * 13;
      line(x(q1), at, x(q3), at, `stroke='${COLOURS[side]}' stroke-width='3' stroke-opacity='0.45'`);
      parts.push(`<circle cx='${x(median)}' cy='${at}' r='4.5' fill='${COLOURS[side]}'><title>${median.toFixed(2)}</title></circle>`);
    }
  }
  const width = LEFT + WIDTH + 30;
  const frame = `width='${width}' height='${height}' viewBox='0 0 ${width} ${height}' ${FONT} font-size='13' fill='#222'`;
  return `<svg xmlns='http://www.w3.org/2000/svg' ${frame}><rect width='100%' height='100%' fill='#fff'/>${parts.join("\n")}</svg>\n`;
};
