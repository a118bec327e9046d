// An input with data-complete="address" offers ways to go on, which the address answers for what is
// typed (q) and the caret (at), in the list that data-options names. Arrows choose one, Enter or Tab
// takes it, Escape closes. Nothing is chosen by itself: Enter searches, as without a script.
for (const input of document.querySelectorAll("[data-complete]")) {
  const PAUSE_MS = 120;
  const list = document.getElementById(input.dataset.options);
  let timer = 0;
  let asking = new AbortController();

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-haspopup", "listbox");

  const chosen = () => list.querySelector("[aria-selected=true]");

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function show(is) {
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    if (!is) choose(null);
  }

  // What was held back while there was something to choose from.
  function search() { input.form.dispatchEvent(new Event("input")); }

  function forget() {
    clearTimeout(timer);
    asking.abort();
  }

  function close() {
    forget();
    if (list.hidden) return;
    show(false);
    search();
  }

  function ask() {
    forget();
    asking = new AbortController();
    const { signal } = asking;
    const asked = new URLSearchParams({ q: input.value, at: input.selectionStart ?? input.value.length });
    timer = setTimeout(async () => {
      const answer = await fetch(`${input.dataset.complete}?${asked}`, { signal }).catch(() => null);
      const text = answer?.ok ? await answer.text().catch(() => "") : "";
      if (signal.aborted) return;
      list.replaceChildren(...new DOMParser().parseFromString(text, "text/html").querySelectorAll("[role=option]"));
      if (list.children.length) show(true);
      else close();
    }, PAUSE_MS);
  }

  function take(option) {
    input.value = option.dataset.line;
    input.setSelectionRange(option.dataset.caret, option.dataset.caret);
    show(false);
    if (input.value.slice(0, option.dataset.caret).endsWith(" ")) search();
    else ask();
  }

  function move(step) {
    const options = [...list.children];
    const next = options.indexOf(chosen()) + step;
    choose(options[next < -1 ? options.length - 1 : next] ?? null);
  }

  input.addEventListener("input", () => {
    if (/\S$/.test(input.value.slice(0, input.selectionStart))) ask();
    else close();
  });
  input.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (key === "ArrowDown" && list.hidden) ask();
    else if (list.hidden) return;
    else if (key === "ArrowDown") move(1);
    else if (key === "ArrowUp") move(chosen() ? -1 : -2);
    else if (key === "Escape") close();
    else if ((key === "Enter" || (key === "Tab" && !event.shiftKey)) && chosen()) take(chosen());
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]");
    if (option) take(option);
  });
  // Half a term is no search: it waits until one is taken, or the list is closed.
  input.form.addEventListener("htmx:confirm", (event) => {
    if (event.target === input.form && !list.hidden) event.preventDefault();
  });
}
