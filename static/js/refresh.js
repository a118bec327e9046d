// Elements with data-refresh="seconds" ask for themselves anew while somebody looks: never in a
// hidden tab, under an open dialog, over selected text or over a field that somebody is filling,
// and more rarely when nobody moves. While a stream tells of changes (live.js) they ask when there
// is one, no sooner than data-gap="seconds" after the last, and else only once in a long while.
// What came back unchanged is not swapped; <details> stay as they were opened or closed, and the
// focus where it was, or at the beginning of the page if what had it is gone.
(() => {
  const IDLE_AFTER = 5 * 60_000;
  const IDLE_FACTOR = 10;
  const FLOOR = 60;
  const GAP = 1;
  const began = performance.now();
  const lastAsked = new Map();
  const lastAnswer = new Map();
  let lastMoved = Date.now();
  let liveSince = Infinity;
  let changedAt = -Infinity;
  let opened = [];
  let focused = null;

  for (const name of ["pointermove", "keydown", "scroll", "visibilitychange"]) {
    document.addEventListener(name, () => { lastMoved = Date.now(); }, { passive: true });
  }

  function busy() {
    const selection = document.getSelection();
    return document.hidden || document.querySelector("dialog[open]")
      || (selection && !selection.isCollapsed);
  }

  function isFilled(element) {
    return [...element.querySelectorAll("input")].some((field) => field.matches("[type=checkbox]")
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue);
  }

  // In seconds after it was asked for last. What happened before the stream began to tell is found
  // by asking once more.
  function pause({ dataset }, asked) {
    const factor = Date.now() - lastMoved > IDLE_AFTER ? IDLE_FACTOR : 1;
    if (asked <= changedAt) return dataset.gap ? dataset.gap * factor : GAP;
    return (asked < liveSince ? dataset.refresh : FLOOR) * factor;
  }

  function refresh() {
    if (busy()) return;
    const now = performance.now();
    for (const element of document.querySelectorAll("[data-refresh]")) {
      const asked = lastAsked.get(element.id) ?? began;
      if (now < asked + pause(element, asked) * 1000 || isFilled(element)) continue;
      lastAsked.set(element.id, now);
      htmx.trigger(element, "refresh");
    }
  }

  setInterval(refresh, 500);
  document.addEventListener("live-ready", () => { liveSince = performance.now(); });
  document.addEventListener("live-lost", () => { liveSince = Infinity; });
  document.addEventListener("live-changed", () => {
    changedAt = performance.now();
    refresh();
  });

  // htmx keeps the focus of elements with an ID; the others are found by what they are.
  function place(element) {
    const words = `${element.getAttribute("href")} ${element.textContent}`;
    return { owner: element.parentElement.closest("[id]")?.id, tag: element.tagName, words };
  }

  function find({ owner, tag, words }) {
    const alike = document.getElementById(owner)?.querySelectorAll(tag) ?? [];
    return [...alike].find((element) => `${element.getAttribute("href")} ${element.textContent}` === words);
  }

  const isRefresh = ({ requestConfig }) => requestConfig.triggeringEvent?.type === "refresh";

  // A page that says what it has seen (data-seen) is answered by nothing while that holds. What
  // nobody asked for keeps no session from being idle.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.triggeringEvent?.type !== "refresh") return;
    detail.headers["X-Refresh"] = "1";
    const { seen } = detail.elt.dataset;
    if (seen) detail.headers["X-Seen"] = seen;
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.target.matches("[data-refresh]")) return;
    if (isRefresh(detail) && busy()) {  // A dialog gives the focus back to what opened it.
      detail.shouldSwap = false;
      return;
    }
    const same = lastAnswer.get(detail.target.id) === detail.xhr.responseText;
    lastAnswer.set(detail.target.id, detail.xhr.responseText);
    if (same && detail.xhr.status === 200) detail.shouldSwap = false;
    focused = detail.target.contains(document.activeElement) ? place(document.activeElement) : null;
    opened = [...detail.target.querySelectorAll("details[id]")].map(({ id, open }) => [id, open]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, open] of opened) document.getElementById(id)?.toggleAttribute("open", open);
    opened = [];
    if (focused && document.activeElement === document.body) {
      (find(focused) ?? document.getElementById("main")).focus({ preventScroll: true });
    }
    focused = null;
  });

  // A click that takes the place of a refresh under way is no error, which htmx would report.
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (!isRefresh(detail)) return;
    const { xhr } = detail;
    const aborted = xhr.onabort;
    xhr.onabort = () => {
      const { error } = console;
      console.error = () => {};
      try { aborted(); } finally { console.error = error; }
    };
  });

  // A banner while the console or its database does not answer.
  const offline = document.getElementById("offline");
  const show = () => { offline.hidden = false; };
  document.addEventListener("htmx:sendError", show);
  document.addEventListener("htmx:timeout", show);
  document.addEventListener("htmx:responseError", ({ detail }) => { if (detail.xhr.status >= 500) show(); });
  document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.successful) offline.hidden = true; });
})();
