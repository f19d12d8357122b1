/* form[data-autosave=url]: what is typed goes to the server 1.5 s after the last key; nothing is put in browser storage.
   The server answers JSON {saved_at: "10:31", version?: 4}; 422 and 409 may carry {message}. After 401, 403 or a redirect
   to the log-in the text stays on the page, the person logs in in a new tab, and saving goes on with a fresh token.
   The state is written into the form's [data-save-state]. */
(() => {
  "use strict";
  const pause = 1500;
  const states = new WeakMap();

  function say(form, text, bad = false) {
    const out = form.querySelector("[data-save-state]");
    if (!out) return;
    if (out.textContent !== text) out.textContent = text;
    out.classList.toggle("is-bad", bad);
  }

  function payload(form) {
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return data;
  }

  async function message(answer, fallback) {
    try {
      return (await answer.json()).message || fallback;
    } catch {
      return fallback;
    }
  }

  async function save(form, leaving = false) {
    const state = states.get(form);
    clearTimeout(state.timer);
    if (state.saving) return;
    state.saving = true;
    state.dirty = false;
    if (!leaving) say(form, "保存しています…");
    let answer;
    try {
      answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: payload(form),
        headers: { "X-CSRFToken": ui.csrf(), "X-Renkei-Autosave": "1" },
        credentials: "same-origin",
        redirect: "manual",
        keepalive: leaving,
      });
      await take(form, state, answer);
    } catch {
      state.failed = state.dirty = true;
      say(form, "保存できませんでした。接続を確かめてください。入力はこの画面に残っています。", true);
      state.timer = setTimeout(() => save(form), 10000);
    } finally {
      state.saving = false;
    }
    if (state.dirty && !state.failed) state.timer = setTimeout(() => save(form), pause);
  }

  async function take(form, state, answer) {
    if (answer.ok) {
      const told = answer.status === 204 ? {} : await answer.json();
      state.failed = state.out = false;
      const version = form.elements.namedItem("version");
      if (told.version !== undefined && version) version.value = told.version;
      say(form, `保存しました${told.saved_at ? ` ${told.saved_at}` : ""}`);
      return;
    }
    state.failed = state.dirty = true;
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      state.out = true;
      say(form, "保存できませんでした。ログインし直すと続きから保存します。", true);
      askLogin();
    } else if (answer.status === 409) {
      state.stale = true;
      say(form, await message(answer, "ほかの人が先に変更しました。別のタブで開いて違いを確かめてください。"), true);
    } else if (answer.status === 422) {
      say(form, await message(answer, "まだ保存できない入力があります。赤い欄を直してください。"), true);
    } else {
      say(form, "保存できませんでした。入力はこの画面に残っています。もう一度試します。", true);
      state.timer = setTimeout(() => save(form), 10000);
    }
  }

  /* Built here because it is needed exactly when the server no longer answers this person. */
  function askLogin() {
    let dialog = document.getElementById("login-again");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "login-again";
      dialog.className = "dialog";
      dialog.setAttribute("aria-labelledby", "login-again-title");
      dialog.innerHTML = `<div class="dialog-head"><h2 id="login-again-title">ログインが切れました</h2></div>
        <div class="dialog-body"><p>入力した内容はこの画面に残っています。新しいタブでログインし、このタブに戻ると保存を続けます。</p>
        <div class="btn-row"><button type="button" class="btn" data-close>あとで</button>
        <a class="btn btn-primary" target="_blank" rel="noopener" autofocus>ログインする(新しいタブ)</a></div></div>`;
      dialog.querySelector("a").href = document.body.dataset.loginUrl || "/";
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  }

  /* A new log-in changes the token; every form on this page gets the new one. */
  async function freshToken() {
    const url = document.body.dataset.tokenUrl;
    if (!url) return false;
    const answer = await fetch(url, { cache: "no-store", credentials: "same-origin", headers: { "X-Renkei-Poll": "1" } });
    if (!answer.ok) return false;
    const { token, authenticated } = await answer.json();
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token; });
    return authenticated;
  }

  async function back() {
    for (const form of document.querySelectorAll("form[data-autosave]")) {
      const state = states.get(form);
      if (!state?.out) continue;
      try {
        if (!(await freshToken())) continue;
      } catch { continue; }
      document.getElementById("login-again")?.close();
      save(form);
    }
  }

  function touched(event) {
    const form = event.target.form?.closest?.("form[data-autosave]");
    if (!form || event.target.type === "file") return;
    const state = states.get(form);
    if (!state || state.stale) return;
    state.dirty = true;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => save(form), pause);
  }

  document.addEventListener("input", touched);
  document.addEventListener("change", touched);
  document.addEventListener("submit", (event) => {
    const state = states.get(event.target);
    if (!state) return;
    if (state.out) {
      event.preventDefault();
      askLogin();
      return;
    }
    clearTimeout(state.timer);
    state.dirty = state.failed = false;
  });
  window.addEventListener("focus", back);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { back(); return; }
    for (const form of document.querySelectorAll("form[data-autosave]")) {
      const state = states.get(form);
      if (state?.dirty && !state.failed) save(form, true);
    }
  });
  window.addEventListener("beforeunload", (event) => {
    const unsaved = [...document.querySelectorAll("form[data-autosave]")].some((form) => states.get(form)?.failed);
    if (unsaved) event.preventDefault();
  });
  ui.onLoad((root) => {
    for (const form of ui.all(root, "form[data-autosave]")) {
      if (!states.has(form)) states.set(form, { timer: 0, dirty: false, saving: false, failed: false, out: false, stale: false });
    }
  });
})();
