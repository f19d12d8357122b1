/* Keyboard work on lists.
   [data-list] holds rows [data-row]; each row has one link [data-open]. J and K move, Enter follows the link (the browser's
   own doing), a letter clicks the element with data-key of that letter: first in the row, then in the nearest
   [data-scope], then in main. Single keys act only while the focus is in a list (J and K lead into it); event.code makes them work with the
   Japanese input method on; <body data-shortcuts="off"> turns all of them off (WCAG 2.1.4). */
(() => {
  "use strict";
  const off = () => document.body.dataset.shortcuts === "off";
  const editable = (el) => el && (el.isContentEditable || el.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
  const rowsOf = (list) => [...list.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  const linkOf = (row) => row.querySelector("[data-open]") || row.querySelector("a[href]");

  function select(row, { focus = true, tell = true } = {}) {
    const list = row.closest("[data-list]");
    const was = list.querySelector("[data-row][aria-current]");
    for (const other of rowsOf(list)) {
      other.toggleAttribute("data-current", other === row);
      if (other === row) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
      const link = linkOf(other);
      if (link && !off()) link.tabIndex = other === row ? 0 : -1;
    }
    if (focus) {
      linkOf(row)?.focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
    if (tell && was !== row) row.dispatchEvent(new CustomEvent("ui:select", { bubbles: true }));
  }

  function letter(event) {
    if (/^Key[A-Z]$/.test(event.code)) return event.code.slice(3);
    if (/^(Digit|Numpad)\d$/.test(event.code)) return event.code.slice(-1);
    return event.key.length === 1 ? event.key.toUpperCase() : "";
  }

  function press(list, key) {
    const row = list.querySelector("[data-row][aria-current]");
    const wanted = `[data-key="${CSS.escape(key)}"]`;
    for (const scope of [row, list.closest("[data-scope]"), document.getElementById("main")]) {
      const target = scope && [...scope.querySelectorAll(wanted)].find((el) => el.offsetParent !== null && !el.disabled);
      if (target) {
        target.click();
        if (editable(target)) target.focus();
        return true;
      }
    }
    return false;
  }

  function help() {
    const dialog = document.getElementById("key-help");
    if (!dialog || dialog.open) return;
    const table = dialog.querySelector("[data-key-table]");
    const lines = JSON.parse(table.dataset.fixed);
    const seen = new Set(lines.map(([key]) => key));
    for (const el of document.querySelectorAll("main [data-key]")) {
      if (seen.has(el.dataset.key)) continue;
      seen.add(el.dataset.key);
      lines.push([el.dataset.key, el.dataset.keyLabel || el.textContent.replace(el.querySelector("kbd")?.textContent || "", "").trim()]);
    }
    table.replaceChildren(...lines.flatMap(([key, label]) => {
      const term = document.createElement("dt");
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap);
      const words = document.createElement("dd");
      words.textContent = label;
      return [term, words];
    }));
    dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (off() || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.repeat && !/^Key[JK]$/.test(event.code)) return;
    const here = document.activeElement;
    if (editable(here) || document.querySelector("dialog[open]")) return;
    const slash = event.code === "Slash" || event.key === "/" || event.key === "?";
    if (slash && (event.shiftKey || event.key === "?")) { event.preventDefault(); help(); return; }
    if (slash) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
      return;
    }
    if (event.shiftKey) return;
    const key = letter(event);
    const nowhere = !here || here === document.body || here.id === "main";
    const list = nowhere && (key === "J" || key === "K") ? document.querySelector("[data-list]") : here?.closest("[data-list]");
    if (!list) return;
    if (key === "J" || key === "K" || event.key === "ArrowDown" || event.key === "ArrowUp") {
      const rows = rowsOf(list);
      const step = key === "J" || event.key === "ArrowDown" ? 1 : -1;
      const at = rows.findIndex((row) => nowhere ? row.hasAttribute("aria-current") : row.contains(here));
      const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
      if (next) { event.preventDefault(); select(next); }
    } else if (key && press(list, key)) {
      event.preventDefault();
    }
  });

  /* Escape in the search or the detail leads back to the list. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const here = document.activeElement;
    if (here?.matches("[data-search]") || here?.closest("[data-scope]") && !here.closest("[data-list]") && !editable(here)) {
      const link = document.querySelector("[data-list] [data-row][aria-current] [data-open]");
      if (link) { event.preventDefault(); link.focus(); }
    }
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-list] [data-row]");
    if (row && !row.hasAttribute("aria-current")) select(row, { focus: false });
  });
  /* Where the detail has no place beside the list, a touched row opens its page. */
  const narrow = matchMedia("(max-width: 1079px)");
  /* A click anywhere in a row takes it; links, buttons and marked text keep their own meaning. */
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-list] [data-row]");
    if (!row || event.target.closest("a, button, input, label, select, summary") || String(getSelection())) return;
    if (narrow.matches) linkOf(row)?.click();
    else select(row);
  });

  /* One stop of Tab for the whole list, J K and the arrows inside it; with the keys off every row is a stop of its own. */
  ui.onLoad((root) => {
    if (off()) return;
    for (const list of ui.all(root, "[data-list]").concat(root.closest ? [root.closest("[data-list]")].filter(Boolean) : [])) {
      const rows = rowsOf(list);
      const current = rows.find((row) => row.hasAttribute("aria-current"));
      rows.forEach((row, i) => {
        const link = linkOf(row);
        if (link) link.tabIndex = (current ? row === current : i === 0) ? 0 : -1;
      });
    }
  });
})();
