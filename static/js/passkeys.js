// A form with data-passkey="loginForm|authenticateForm|addForm" asks the browser for a passkey, by
// allauth's scripts, when its #passkey is clicked. It shows itself where the browser has passkeys.
(() => {
  const form = document.querySelector("[data-passkey]");
  // A passkey belongs to a name: browsers give none to an IP address.
  const isNamed = !/^(\d+\.){3}\d+$|^\[/.test(location.hostname);
  if (!window.PublicKeyCredential || !isNamed) {
    document.querySelector("[data-passkey-unable]")?.removeAttribute("hidden");
    return;
  }
  form.hidden = false;
  const ids = { credential: "credential", login: "passkey", authenticate: "passkey", add: "passkey" };
  if (document.getElementById("passkey-data")) ids.data = "passkey-data";
  if (form.elements.passwordless) ids.passwordless = form.elements.passwordless.id;
  window.allauth.webauthn.forms[form.dataset.passkey]({ ids });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    form.querySelector(".errors").textContent = form.dataset.passkeyFailed;
  });
})();
