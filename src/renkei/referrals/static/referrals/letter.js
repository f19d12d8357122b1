/* Ctrl+Enter (Cmd+Enter) presses the next step of the form that is written in.
   Lines of 傷病名: the ICD-10 beside the name follows the suggestion that was taken, and goes when the name is changed. */
(() => {
  "use strict";
  const codeOf = (target) => target.closest?.(".line-dx")?.querySelector("[data-icd10]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !(event.ctrlKey || event.metaKey)) return;
    const next = event.target.closest?.("form.editor")?.querySelector(".editor-bar .btn-primary");
    if (!next) return;
    event.preventDefault();
    next.click();
  });
  document.addEventListener("ui:taken", (event) => {
    const out = codeOf(event.target);
    if (out) out.textContent = /^[A-Z]\d/.test(event.detail.detail || "") ? event.detail.detail : "";
  });
  document.addEventListener("input", (event) => {
    const out = event.target.matches?.(".line-dx input[type=text]") && codeOf(event.target);
    if (out) out.textContent = "";
  });
})();
