/* Hands allauth's passkey functions the buttons of our pages, and says in the page when a passkey did not work. */
(() => {
  "use strict";
  const start = () => {
    const forms = window.allauth?.webauthn?.forms;
    if (!forms) return;
    const has = (id) => document.getElementById(id);
    const credential = has("id_credential") ? "id_credential" : "mfa_credential";
    if (has("passkey_login")) forms.loginForm({ ids: { login: "passkey_login", credential } });
    if (has("passkey_authenticate")) forms.authenticateForm({ ids: { authenticate: "passkey_authenticate", credential, data: "js_data" } });
    if (has("passkey_add")) forms.addForm({ ids: { add: "passkey_add", passwordless: "id_passwordless", credential, data: "js_data" } });
  };
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    for (const says of document.querySelectorAll("[data-passkey-error]")) says.hidden = false;
  });
  document.addEventListener("DOMContentLoaded", start);
})();
