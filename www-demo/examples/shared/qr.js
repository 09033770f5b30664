import encodeQR from "qr";

/**
 * `text` as a QR code, to be drawn dark on white in both themes: the side of the square in modules, with the quiet zone
 * that the standard asks for, and the path of the dark ones.
 * @param {string} text
 */
export const qrCode = (text) => {
  const rows = encodeQR(text, "raw", { ecc: "medium", border: 4 });
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : []))).join("");
  return { size: rows.length, path };
};
