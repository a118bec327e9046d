// Makes <time data-relative> relative, with the exact moment in its title, and counts on what
// still runs (data-since). The page holds exact times, so it needs no script to be true.
(() => {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

  function words(seconds) {
    const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
    return `${Math.floor(seconds / size)} ${unit}`;
  }

  function relative(moment) {
    const seconds = (Date.now() - moment) / 1000;
    if (Math.abs(seconds) < 1) return "now";
    return seconds > 0 ? `${words(seconds)} ago` : `in ${words(-seconds)}`;
  }

  function tick() {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const moment = new Date(time.dateTime);
      time.textContent = relative(moment);
    }
    for (const span of document.querySelectorAll("[data-since]")) {
      span.textContent = words(Math.max(0, (Date.now() - span.dataset.since) / 1000));
    }
  }

  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", tick);
})();
