// The element with data-live names the stream that tells when what it shows has changed. It is open
// while somebody looks, and never in a hidden tab; the page hears of it by the events live-ready,
// live-changed and live-lost, and asks for itself anew. Without a stream it does so by the clock.
(() => {
  const AGAIN_MS = 60_000;
  let source = null;
  let address = null;
  let refusedAt = -Infinity;

  const say = (word) => document.dispatchEvent(new Event(`live-${word}`));

  function close() {
    if (!source) return;
    source.close();
    source = null;
    say("lost");
  }

  function open() {
    source = new EventSource(address);
    source.addEventListener("ready", () => say("ready"));
    source.addEventListener("changed", () => say("changed"));
    // Who may look no longer: what the page asks for next says so.
    source.addEventListener("over", () => { refuse(); say("changed"); });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) refuse();
      else say("lost"); // The browser connects anew by itself.
    });
  }

  function refuse() {
    refusedAt = performance.now();
    close();
  }

  function follow() {
    const element = document.hidden ? null : document.querySelector("[data-live]");
    const wanted = element?.dataset.live ?? null;
    if (wanted !== address) close();
    address = wanted;
    if (address && !source && performance.now() - refusedAt > AGAIN_MS) open();
  }

  if (!window.EventSource) return;
  follow();
  setInterval(follow, AGAIN_MS);
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("htmx:afterSettle", follow);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) follow(); });
})();
