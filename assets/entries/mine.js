// A customer's own pages that a passkey answers: every other way on them works without a script.
import "../scripts/passkeys.js";
