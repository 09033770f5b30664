// What the pages do: the search, loaded with the first letter that is typed; a button on each piece of code; a menu that is
// closed on phones.
const input = document.querySelector(".search input");
const list = document.querySelector(".search ul");
let index;

const load = async () => {
  const [{ default: MiniSearch }, sections] = await Promise.all([
    import("minisearch"),
    fetch("sections.json").then((response) => response.json()),
  ]);
  const search = new MiniSearch({
    fields: ["title", "text"],
    storeFields: ["title", "page", "href"],
    searchOptions: { prefix: true, fuzzy: 0.15, boost: { title: 3 }, combineWith: "AND" },
  });
  search.addAll(sections);
  return search;
};

const entry = (name, properties) => {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement(name), properties));
  return item;
};

const clear = () => {
  input.value = "";
  list.replaceChildren();
};

input.addEventListener("input", async () => {
  index ??= load();
  const found = (await index).search(input.value).slice(0, 12);
  const results = found.map(({ title, page, href }) =>
    entry("a", { href, textContent: title === page ? title : `${title} · ${page}` }),
  );
  const nothing = input.value.trim() ? [entry("span", { textContent: "Nothing found" })] : [];
  list.replaceChildren(...(results.length ? results : nothing));
});
list.addEventListener("click", clear);

addEventListener("keydown", (event) => {
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  const isInSearch = document.activeElement === input || at >= 0;
  if (event.key === "/" && !isInSearch) input.focus();
  else if (event.key === "Escape" && isInSearch) clear();
  else if (event.key === "ArrowDown" && isInSearch) links[at + 1]?.focus();
  else if (event.key === "ArrowUp" && isInSearch) (links[at - 1] ?? input).focus();
  else return;
  event.preventDefault();
});

for (const block of document.querySelectorAll(".code")) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.append(button);
}

if (matchMedia("(max-width: 52rem)").matches) document.querySelector(".pages").open = false;
