/* [data-live=url] (with an id) asks every 5 s with the ETag it has; 200 replaces the inside, 304 changes nothing. Focus,
   scroll, the chosen row and open folds stay. Hidden tabs do not ask. X-Renkei-Poll tells the server that no person
   did this: it neither extends the session nor writes a read entry again. */
(() => {
  "use strict";
  const every = 5000;
  const states = new WeakMap();

  /* Where a person is at work inside the region, nothing is replaced under their hands. */
  function busy(el) {
    const here = document.activeElement;
    return el.querySelector("dialog[open], .htmx-request") || el.contains(here) && here.matches("input, textarea, select");
  }

  function keep(el) {
    const here = document.activeElement;
    const row = el.querySelector("[data-row][aria-current]");
    return {
      focusId: el.contains(here) ? here.id : "",
      focusRow: el.contains(here) && here.closest("[data-row]")?.id,
      rowId: row?.id,
      open: [...el.querySelectorAll("details[open][id]")].map((fold) => fold.id),
      scroll: [el, ...el.querySelectorAll("[data-keep-scroll]")].map((box) => [box.scrollTop, box.scrollLeft]),
    };
  }

  function restore(el, was) {
    const row = was.rowId && el.querySelector(`#${CSS.escape(was.rowId)}`);
    if (row) {
      for (const other of el.querySelectorAll("[data-row][aria-current]")) other.removeAttribute("aria-current");
      row.setAttribute("aria-current", "true");
    }
    for (const id of was.open) el.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    window.htmx?.process(el);
    ui.start(el);
    const where = was.focusId ? `#${CSS.escape(was.focusId)}` : was.focusRow ? `#${CSS.escape(was.focusRow)} [data-open]` : "";
    if (where) el.querySelector(where)?.focus({ preventScroll: true });
    [el, ...el.querySelectorAll("[data-keep-scroll]")].forEach((box, i) => {
      if (was.scroll[i]) [box.scrollTop, box.scrollLeft] = was.scroll[i];
    });
  }

  /* [data-live-state=id] says in words how fresh the region is. */
  function tell(el, fresh) {
    el.toggleAttribute("data-stale", !fresh);
    const out = document.querySelector(`[data-live-state="${CSS.escape(el.id)}"]`);
    if (!out) return;
    out.dataset.fresh ??= out.textContent;
    const text = fresh ? out.dataset.fresh : "更新が止まっています。ページを開き直してください。";
    if (out.textContent !== text) out.textContent = text;
    out.classList.toggle("urgent", !fresh);
  }

  async function ask(el) {
    const state = states.get(el);
    if (document.hidden || state.asking || busy(el)) return;
    state.asking = true;
    try {
      const headers = { "X-Renkei-Poll": "1", "X-Requested-With": "fetch" };
      if (state.etag) headers["If-None-Match"] = state.etag;
      const answer = await fetch(el.dataset.live, { headers, cache: "no-store", credentials: "same-origin", redirect: "manual" });
      if (answer.status === 200 && el.isConnected) {
        const html = await answer.text();
        if (!busy(el)) {
          state.etag = answer.headers.get("ETag");
          const was = keep(el);
          el.innerHTML = html;
          restore(el, was);
          el.dispatchEvent(new CustomEvent("ui:refreshed", { bubbles: true }));
        }
      }
      tell(el, [200, 304].includes(answer.status));
      state.wait = answer.ok || answer.status === 304 ? 1 : Math.min(state.wait * 2, 12);
    } catch {
      tell(el, false);
      state.wait = Math.min(state.wait * 2, 12);
    } finally {
      state.asking = false;
    }
  }

  function tick(el) {
    const state = states.get(el);
    if (!el.isConnected) return;
    setTimeout(async () => { await ask(el); tick(el); }, every * state.wait);
  }

  ui.onLoad((root) => {
    for (const el of ui.all(root, "[data-live]")) {
      if (states.has(el)) continue;
      states.set(el, { etag: el.dataset.etag || "", asking: false, wait: 1 });
      tick(el);
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.querySelectorAll("[data-live]").forEach((el) => states.has(el) && ask(el));
  });
})();
