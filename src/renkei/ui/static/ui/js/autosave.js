/* form[data-autosave=url]: what is typed goes to the server 1.5 s after the last key; nothing is put in browser storage.
   The server answers JSON {saved_at: "10:31", version?: 4}; 422 and 409 may carry {message}. After 401, 403 or a redirect
   to the log-in the text stays on the page, the person logs in in a new tab, and saving goes on with a fresh token.
   Nothing is saved or sent in the name of somebody else who logged in meanwhile: the page knows whose it is.
   The state is written into the form's [data-save-state]. */
(() => {
  "use strict";
  const pause = 1500;
  const lookAgain = 5000;
  const states = new WeakMap();
  /* Whose page this is: the mark came with the page itself, so it stays right when the page comes back from a cache. */
  const marks = performance.getEntriesByType("navigation")[0]?.serverTiming || [];
  const mine = [...marks].find((entry) => entry.name === "_person")?.description || "";

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

  function save(form, leaving = false) {
    const state = states.get(form);
    clearTimeout(state.timer);
    if (!state.saving) state.running = sendDraft(form, state, leaving);
    return state.running;
  }

  async function sendDraft(form, state, leaving) {
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
    const renewed = state.renewed;
    state.renewed = false;
    if (answer.ok) {
      const saved = answer.status === 204 ? {} : await answer.json();
      state.failed = state.out = false;
      const version = form.elements.namedItem("version");
      if (saved.version !== undefined && version) version.value = saved.version;
      say(form, `保存しました${saved.saved_at ? ` ${saved.saved_at}` : ""}`);
      closeLogin();
      return;
    }
    state.failed = state.dirty = true;
    if (answer.status === 403 && renewed) {
      state.out = false;
      say(form, await message(answer, "保存できませんでした。この操作の権限がありません。入力はこの画面に残っています。"), true);
      closeLogin();
    } else if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      lost(form, state, "out", answer.headers.get("X-Login"));
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

  const told = {
    out: ["保存できませんでした。ログインし直すと続きから保存します。", "ログインが切れました",
      "入力した内容はこの画面に残っています。新しいタブでログインし、このタブに戻ると保存を続けます。"],
    other: ["保存していません。この画面を開いた人がログインし直すと、続きから保存します。", "別の人がログインしています",
      "この画面を開いた人とは別の人がログインしているため、保存していません。入力した内容はこの画面に残っています。開いた人がログインし直して、このタブに戻ると保存を続けます。"],
  };

  function lost(form, state, why, url = "") {
    state.out = state.failed = true;
    say(form, told[why][0], true);
    askLogin(why, url);
  }

  /* Built here because it is needed exactly when the server no longer answers this person. */
  function askLogin(why, url) {
    let dialog = document.getElementById("login-again");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "login-again";
      dialog.className = "dialog";
      dialog.setAttribute("aria-labelledby", "login-again-title");
      dialog.innerHTML = `<div class="dialog-head"><h2 id="login-again-title"></h2></div>
        <div class="dialog-body"><p></p>
        <div class="btn-row"><button type="button" class="btn" data-close>あとで</button>
        <a class="btn btn-primary" target="_blank" rel="noopener" autofocus>ログインする(新しいタブ)</a></div></div>`;
      document.body.append(dialog);
    }
    const news = dialog.dataset.why !== why;
    dialog.dataset.why = why;
    dialog.querySelector("h2").textContent = told[why][1];
    dialog.querySelector("p").textContent = told[why][2];
    const link = dialog.querySelector("a");
    link.href = url || document.body.dataset.loginUrl || "/";
    link.hidden = why === "other"; /* the log-in page would only send the other person on */
    if (!dialog.open && (news || !dialog.dataset.later)) dialog.showModal();
    dialog.onclose = () => { dialog.dataset.later = "1"; };
  }

  function closeLogin() {
    const dialog = document.getElementById("login-again");
    if (!dialog) return;
    dialog.close();
    dialog.remove();
  }

  /* Who is logged in now: "in" the person of this page, "other", or nobody ("out"). A new log-in changes the token; every
     form on this page gets the new one, but only when it is the same person's. */
  async function freshToken() {
    const url = document.body.dataset.tokenUrl;
    if (!url) return "in";
    const answer = await fetch(url, { cache: "no-store", credentials: "same-origin", headers: { "X-Renkei-Poll": "1" } });
    if (!answer.ok) return "out";
    const { token, authenticated } = await answer.json();
    if (!authenticated) return "out";
    const now = /_person;desc="([0-9a-f]+)"/.exec(answer.headers.get("Server-Timing") || "")?.[1];
    if (mine && now !== mine) return "other";
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token; });
    return "in";
  }

  const forms = () => [...document.querySelectorAll("form[data-autosave]")].filter((form) => states.has(form));
  let looking = false;

  async function back() {
    const waiting = forms().filter((form) => states.get(form).out);
    if (looking || !waiting.length) return;
    looking = true;
    try {
      const who = await freshToken();
      for (const form of waiting) goOn(form, states.get(form), who);
    } catch {
      /* no connection: the next look tries again */
    } finally {
      looking = false;
    }
  }

  function goOn(form, state, who) {
    if (who !== "in") {
      lost(form, state, who);
    } else if (state.dirty) {
      state.renewed = true;
      save(form);
    } else {
      state.out = state.failed = false;
      say(form, "");
      closeLogin();
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

  /* Before the page is left by a button: is the person of this page still there? Otherwise what was typed since the last
     save would go to the log-in page. A save under way is waited for, it changes the version. */
  async function leave(form, state, submitter) {
    if (state.leaving) return;
    state.leaving = true;
    clearTimeout(state.timer);
    try {
      await state.running;
      const who = await freshToken();
      if (who === "in") {
        state.checked = true;
        form.requestSubmit(submitter);
      } else {
        state.dirty = true;
        lost(form, state, who);
      }
    } catch {
      state.failed = state.dirty = true;
      say(form, "送信できませんでした。接続を確かめてください。入力はこの画面に残っています。", true);
    } finally {
      state.leaving = state.checked = false;
    }
  }

  document.addEventListener("input", touched);
  document.addEventListener("change", touched);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const state = states.get(form);
    if (!state || event.defaultPrevented) return;
    if (mine && !state.checked) {
      event.preventDefault();
      document.getElementById("login-again")?.removeAttribute("data-later");
      leave(form, state, event.submitter);
      return;
    }
    clearTimeout(state.timer);
    state.dirty = state.failed = state.out = false;
  });
  /* A fragment that was asked for after the time-out would send the whole page to the log-in, with what was typed. */
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    if (xhr.status !== 401 || !forms().length) return;
    event.preventDefault();
    for (const form of forms()) lost(form, states.get(form), "out", xhr.getResponseHeader("HX-Redirect"));
  });
  window.addEventListener("focus", back);
  setInterval(() => { if (!document.hidden) back(); }, lookAgain);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { back(); return; }
    for (const form of forms()) {
      const state = states.get(form);
      if (state.dirty && !state.failed) save(form, true);
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (forms().some((form) => states.get(form).failed)) event.preventDefault();
  });
  ui.onLoad((root) => {
    for (const form of ui.all(root, "form[data-autosave]")) {
      if (states.has(form)) continue;
      states.set(form, { timer: 0, dirty: false, saving: false, failed: false, out: false, stale: false, leaving: false });
      if (!mine) continue;
      const person = Object.assign(document.createElement("input"), { type: "hidden", name: "_person", value: mine });
      form.append(person);
    }
  });
})();
