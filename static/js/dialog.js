// What htmx puts into #dialog-content is shown as a dialog. It closes on Escape, on
// [data-dialog-close], on a click beside it, and when the server says that its work is done.
(() => {
  const dialog = document.getElementById("dialog");

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!dialog.contains(detail.target) || dialog.open) return;
    const heading = dialog.querySelector("h1");
    if (heading) dialog.setAttribute("aria-label", heading.textContent);
    dialog.showModal();
    dialog.querySelector("textarea, input:not([type=hidden]):not([value])")?.focus();
  });
  dialog.addEventListener("click", (event) => {
    const closes = event.target === dialog || event.target.closest("[data-dialog-close]");
    if (!closes) return;
    event.preventDefault();
    dialog.close();
  });
  document.body.addEventListener("dialog-close", () => dialog.close());
})();
