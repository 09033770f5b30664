import encodeQR from "qr";
import { svg } from "./dom.js";

/**
 * `text` as a QR code: one SVG path, dark on white in both themes, since many scanners do not read inverted codes.
 * The border of four modules is the quiet zone that the standard asks for.
 */
export function qrCode(text, label) {
  const rows = encodeQR(text, "raw", { ecc: "medium", border: 4 });
  const size = rows.length;
  const dark = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? `M${x} ${y}h1v1h-1z` : [])));
  return svg(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: dark.join(""), fill: "#000" }),
  );
}
