// A key pressed outside of a field goes to the element that names it in data-key, or presses it if
// it is a button; j and k go down and up the rows of the page. [data-keys-switch] turns all of them
// off, for people whose voice or hands would press them unmeant. [data-opens] opens a dialog.
(() => {
  const OFF = "console-keys-off";
  const toggle = document.querySelector("[data-keys-switch]");
  if (!toggle) return;

  function step(by) {
    const targets = [...document.querySelectorAll("main tbody tr")]
      .map((row) => row.querySelector("a[href]:not(.fork-here), summary")).filter(Boolean);
    const row = document.activeElement.closest("tr");
    const at = targets.findIndex((target) => row?.contains(target));
    targets[at < 0 ? 0 : Math.min(Math.max(at + by, 0), targets.length - 1)]?.focus();
  }

  function named(key) {
    const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (element?.matches("button")) element.click();
    else element?.focus();
    return Boolean(element);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(OFF)) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    if (document.querySelector("dialog[open]")) return;
    const by = { j: 1, k: -1 }[event.key];
    if (by) step(by);
    if (by || named(event.key)) event.preventDefault();
  });

  toggle.checked = !localStorage.getItem(OFF);
  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  for (const button of document.querySelectorAll("[data-opens]")) {
    const dialog = document.getElementById(button.dataset.opens);
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
    dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); });
  }
})();
