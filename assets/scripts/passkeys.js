// A form that a passkey answers: `data-passkey` says whether one is made or used, `data-options` for what.
import { startAuthentication, startRegistration } from "@simplewebauthn/browser";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const field = form.elements.credential;
  if (!form.dataset.passkey || field.value) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const failed = form.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  try {
    const optionsJSON = JSON.parse(form.dataset.options);
    const ask = form.dataset.passkey === "create" ? startRegistration : startAuthentication;
    field.value = JSON.stringify(await ask({ optionsJSON }));
    form.requestSubmit();
  } catch {
    failed.hidden = false;
  }
}, true);
