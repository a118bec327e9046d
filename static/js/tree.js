// [data-tree-search] searches the tree of its page: what does not match is left out, and what leads
// to a match is opened. Without this the browser's own search does.
(() => {
  const box = document.querySelector("[data-tree-search]");
  const tree = document.querySelector(".tree");
  if (!box || !tree) return;
  const [input, said] = [box.querySelector("input"), box.querySelector("[role=status]")];
  box.hidden = false;

  const own = (item) => {
    const line = item.querySelector(":scope > details > summary");
    return (line ?? item).textContent.toLowerCase();
  };

  function search() {
    const words = input.value.trim().toLowerCase();
    const items = [...tree.querySelectorAll("li")];
    let found = 0;
    for (const item of items) {
      const matches = Boolean(words) && own(item).includes(words);
      item.classList.toggle("match", matches);
      item.hidden = Boolean(words);
      found += matches;
    }
    for (const match of words ? tree.querySelectorAll(".match") : []) {
      for (const inner of match.querySelectorAll("li")) inner.hidden = false;
      for (let item = match; item; item = item.parentElement.closest("li")) {
        item.hidden = false;
        if (item !== match) item.querySelector(":scope > details")?.setAttribute("open", "");
      }
    }
    said.textContent = words ? `${found} found` : "";
  }

  input.addEventListener("input", search);
  document.addEventListener("htmx:afterSwap", search);
})();
