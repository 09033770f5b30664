// Elements without markup strings: the page runs under Trusted Types, and nothing that a server sent is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** The element of this id; the page is broken without it, so a missing one throws. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element;
}

/** `element("p", {class: "note"}, "text", child)` */
export function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

/** The same in the SVG namespace. */
export function svg(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
