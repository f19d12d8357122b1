/* What a typed date was understood as, in both calendars, beside the input; the server is the only one that parses. */
(() => {
  "use strict";
  const timers = new WeakMap();
  async function echo(input) {
    const out = document.getElementById(input.dataset.echo);
    if (!out) return;
    const text = input.value.trim();
    out.className = "echo";
    if (!text) { out.textContent = ""; return; }
    try {
      const answer = await fetch(`${input.dataset.eradate}?${new URLSearchParams({ text })}`, { credentials: "same-origin", redirect: "manual" });
      if (!answer.ok || input.value.trim() !== text) return;
      const read = await answer.json();
      out.textContent = read.says;
      out.classList.add(read.ok ? "is-ok" : "is-bad");
    } catch { /* Saving checks the date again; a lost echo loses nothing. */ }
  }
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-eradate]")) return;
    clearTimeout(timers.get(event.target));
    timers.set(event.target, setTimeout(() => event.isComposing || echo(event.target), 300));
  });
  document.addEventListener("change", (event) => event.target.matches("[data-eradate]") && echo(event.target));
  ui.onLoad((root) => ui.all(root, "[data-eradate]:not([aria-invalid=true])").forEach(echo));
})();
