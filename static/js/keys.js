// A key pressed outside of a field goes to the element that names it in data-key.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select, [contenteditable]")) return;
  const element = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!element || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  element.focus();
});
