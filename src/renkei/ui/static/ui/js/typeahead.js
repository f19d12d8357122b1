/* ARIA combobox with list (WAI-ARIA APG): [data-typeahead=url] around a text input and a hidden input for the code.
   GET url?q=… answers {"results": [{"code", "text", "detail", "warning"?}]}. Typing clears the code; taking a suggestion
   sets it. A warning (休止中) stands in the list and stays below the field while that choice does.
   Without this file the text input alone is posted and the server looks it up. */
(() => {
  "use strict";
  const known = new WeakSet();

  function combo(box) {
    const input = box.querySelector("[role=combobox]");
    const code = box.querySelector("input[type=hidden]");
    const list = box.querySelector("[role=listbox]");
    const status = box.querySelector("[data-combo-status]");
    const warning = box.querySelector("[data-combo-warning]");
    let found = [];
    let at = -1;
    let timer = 0;
    let asked = 0;

    function warn(word) {
      if (!warning) return "";
      warning.textContent = word && `${word}。${warning.dataset.note}`;
      warning.hidden = !word;
      return warning.textContent;
    }
    function close() {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function mark(next) {
      at = next;
      [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
      if (at < 0) { input.removeAttribute("aria-activedescendant"); return; }
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
    function take(i) {
      const hit = found[i];
      input.value = hit.text;
      code.value = hit.code;
      close();
      status.textContent = [`${hit.text} を選びました`, warn(hit.warning || "")].filter(Boolean).join("。");
      code.dispatchEvent(new Event("change", { bubbles: true }));
      box.dispatchEvent(new CustomEvent("ui:taken", { bubbles: true, detail: hit }));
    }
    function show() {
      list.replaceChildren(...found.map((hit, i) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const text = document.createElement("span");
        text.textContent = hit.text;
        item.append(text);
        for (const [name, words] of [["combo-mark", hit.warning], ["sub", hit.detail]]) {
          if (!words) continue;
          const more = document.createElement("span");
          more.className = name;
          more.textContent = words;
          item.append(more);
        }
        /* pointerdown, not click: the input must not lose the focus first. */
        item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(i); });
        return item;
      }));
      list.hidden = !found.length;
      input.setAttribute("aria-expanded", String(found.length > 0));
      status.textContent = found.length ? `候補 ${found.length}件。上下キーで選びます。` : box.dataset.none;
      mark(-1);
    }
    async function ask() {
      const text = input.value.trim();
      const mine = ++asked;
      if (text.length < Number(box.dataset.min)) { close(); status.textContent = ""; return; }
      try {
        const url = new URL(box.dataset.typeahead, location.href);
        url.searchParams.set("q", text);
        const answer = await fetch(url, { credentials: "same-origin", redirect: "manual" });
        if (!answer.ok || mine !== asked || document.activeElement !== input) return;
        found = (await answer.json()).results;
        show();
      } catch { status.textContent = "候補を読み込めませんでした。そのまま入力できます。"; }
    }
    const later = () => { clearTimeout(timer); timer = setTimeout(ask, 200); };

    input.addEventListener("input", (event) => {
      code.value = "";
      warn("");
      if (!event.isComposing) later();
    });
    input.addEventListener("compositionend", later);
    input.addEventListener("blur", () => { clearTimeout(timer); asked++; close(); });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { ask(); return; }
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((at + step + found.length + (at < 0 && step < 0 ? 1 : 0)) % found.length);
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        take(at);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
  }

  ui.onLoad((root) => {
    for (const box of ui.all(root, "[data-typeahead]")) {
      if (known.has(box)) continue;
      known.add(box);
      combo(box);
    }
  });
})();
