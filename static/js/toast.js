// Shows what the server says about an act ("toast" in HX-Trigger) for a while.
(() => {
  const SHOWN_MS = 8000;

  document.body.addEventListener("toast", ({ detail }) => {
    const toast = document.createElement("p");
    toast.className = `notice notice-${detail.level}`;
    toast.textContent = detail.text;
    document.getElementById("toasts").append(toast);
    setTimeout(() => toast.remove(), SHOWN_MS);
  });
})();
