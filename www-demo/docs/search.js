// The search of the documentation: loaded with the first letter that is typed.
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

input.addEventListener("input", async () => {
  index ??= load();
  const found = (await index).search(input.value).slice(0, 12);
  const results = found.map(({ title, page, href }) =>
    entry("a", { href, textContent: title === page ? title : `${title} · ${page}` }),
  );
  const nothing = input.value.trim() ? [entry("span", { textContent: "Nothing found" })] : [];
  list.replaceChildren(...(results.length ? results : nothing));
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    input.value = "";
    list.replaceChildren();
  }
});
