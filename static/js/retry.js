// A page with [data-retry] asks that address every few seconds while somebody looks, and goes there
// as soon as it answers: until then nothing moves under the reader.
(() => {
  const PAUSE_MS = 5000;
  const address = document.querySelector("[data-retry]").dataset.retry;

  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
    if (answer && answer.status < 500) location.replace(address);
  }, PAUSE_MS);
})();
