// A <details data-menu> closes on Escape, on a click beside it, and when something in it was chosen.
(() => {
  const opened = () => document.querySelectorAll("details[data-menu][open]");

  document.addEventListener("click", (event) => {
    for (const menu of opened()) {
      const chosen = event.target.closest("a, button:not(:disabled, [aria-disabled=true])");
      if (!menu.contains(event.target) || (chosen && menu.contains(chosen))) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of opened()) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  });
})();
