// [data-copy] puts its text on the clipboard, [data-copy-from] what is at its address; both say so
// for a moment.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  let text = button.dataset.copy;
  if (button.dataset.copyFrom) {
    const answer = await fetch(button.dataset.copyFrom);
    if (!answer.ok) return;
    text = await answer.text();
  }
  await navigator.clipboard.writeText(text);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1200);
});
