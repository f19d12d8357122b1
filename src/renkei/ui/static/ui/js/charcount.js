/* Characters left under a text area, counted as people see them (a surrogate pair is one). */
(() => {
  "use strict";
  function show(area) {
    const out = document.getElementById(area.dataset.charcount);
    if (!out) return;
    const max = Number(area.dataset.max);
    const used = [...area.value.replace(/\r\n/g, "\n")].length;
    out.textContent = used > max ? `${used - max}文字多すぎます (${used} / ${max})` : `${used} / ${max} 文字`;
    out.classList.toggle("is-over", used > max);
  }
  document.addEventListener("input", (event) => event.target.matches("[data-charcount]") && show(event.target));
  ui.onLoad((root) => ui.all(root, "[data-charcount]").forEach(show));
})();
