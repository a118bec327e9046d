// A form with data-select counts the ticked boxes that belong to it, and can tick all of them. The
// answers of htmx replace it, so nothing is kept.
(() => {
  const boxes = (form) => [...form.elements].filter((field) => field.type === "checkbox");

  function show() {
    const form = document.querySelector("form[data-select]");
    if (!form) return;
    const ticked = boxes(form).filter((box) => box.checked).length;
    const all = document.querySelector("[data-select-all]");
    form.querySelector("[data-select-count]").textContent = ticked ? ` ${ticked}` : "";
    for (const button of form.querySelectorAll('button[value="selected"]')) button.disabled = !ticked;
    if (!all) return;
    all.hidden = false;
    all.checked = all.defaultChecked = ticked === boxes(form).length;
    all.indeterminate = ticked > 0 && !all.checked;
  }

  document.addEventListener("change", ({ target }) => {
    const form = document.querySelector("form[data-select]");
    if (!form) return;
    if (target.matches("[data-select-all]")) for (const box of boxes(form)) box.checked = target.checked;
    show();
  });
  document.addEventListener("htmx:afterSwap", show);
  window.addEventListener("pageshow", show);
  show();
})();
