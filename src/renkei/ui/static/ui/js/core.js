/* Shared by the other files: run on every new piece of page, the CSRF token, toasts, menus, rows. No eval, no storage. */
(() => {
  "use strict";
  const starters = [];

  /* Run fn(root) now and for every fragment that arrives later (htmx, live.js). fn must bear being run twice. */
  function onLoad(fn) {
    starters.push(fn);
    if (document.readyState !== "loading") fn(document);
  }
  function start(root) {
    for (const fn of starters) fn(root);
  }

  /* All matches below root, and root itself. */
  function all(root, selector) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches && root.matches(selector)) found.unshift(root);
    return found;
  }

  function csrf() {
    const headers = document.body.getAttribute("hx-headers");
    return headers ? JSON.parse(headers)["X-CSRFToken"] : "";
  }

  function toast(text, tone = "info") {
    const host = document.getElementById("toasts");
    if (!host) return;
    const box = document.createElement("div");
    box.className = `toast is-${tone}`;
    box.dataset.toast = "";
    const words = document.createElement("p");
    words.textContent = (tone === "danger" ? "エラー: " : "") + text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-quiet btn-small";
    close.dataset.close = "";
    close.setAttribute("aria-label", "閉じる");
    close.textContent = "×";
    box.append(words, close);
    host.append(box);
    fade(box);
  }

  /* Good news leaves by itself; warnings and errors stay until they are closed. */
  function fade(box) {
    if (box.dataset.timed || box.matches(".is-danger, .is-warning")) return;
    box.dataset.timed = "1";
    const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 3000) : box.remove());
    setTimeout(leave, 8000);
  }

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close) (close.closest("dialog") || { close: () => close.closest("[data-toast]")?.remove() }).close();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* Fragments that failed: say so, keep what is on the page. Forms with errors (422) and the latest state after somebody
     was faster (409 with a trigger) are shown like good ones. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 422 || (xhr.status === 409 && xhr.getResponseHeader("HX-Trigger"))) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401 || status === 403) toast("ログインが切れたか、この操作の権限がありません。ページを開き直してください。", "danger");
    else if (status === 409) toast("ほかの人が先に変更しました。ページを開き直して確かめてください。", "danger");
    else toast("うまくいきませんでした。少し待ってからもう一度お試しください。", "danger");
  });
  document.addEventListener("htmx:sendError", () => toast("通信できませんでした。接続を確かめて、もう一度お試しください。", "danger"));
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));

  onLoad((root) => all(root, "[data-toast]").forEach(fade));
  /* On a phone the chosen one of a row that scrolls sideways is in sight. */
  onLoad((root) => all(root, ".counters [aria-current], .tabs [aria-current]").forEach((chosen) => {
    const box = chosen.closest(".counters, .tabs");
    const over = chosen.getBoundingClientRect().right - box.getBoundingClientRect().right;
    if (over > 0) box.scrollLeft += over + 14;
  }));
  document.addEventListener("DOMContentLoaded", () => start(document));
  window.ui = { onLoad, start, all, csrf, toast };
})();
