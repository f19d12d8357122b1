/* Native dialogs: data-dialog="id" opens, Escape, [data-close] and a click beside it close, focus goes back by itself. */
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog && !dialog.open) {
        event.preventDefault();
        opener.closest("details[data-menu]")?.removeAttribute("open");
        dialog.showModal();
      }
      return;
    }
    if (event.target.matches("dialog[open]")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      /* A dialog with something typed is closed on purpose only. */
      if (!inside && event.detail > 0 && !event.target.querySelector("form")) event.target.close();
    }
  });
  ui.onLoad((root) => {
    for (const dialog of ui.all(root, "dialog[data-open-now]")) {
      dialog.removeAttribute("data-open-now");
      if (!dialog.open) dialog.showModal();
      /* A form that was asked for is typed into at once; the closing cross is not the first thing. */
      dialog.querySelector("form :is(input, select, textarea):not([type=hidden])")?.focus();
    }
  });
})();
