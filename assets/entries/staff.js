// The staff's own door: every page works without it, but for passkeys.
import "../scripts/passkeys.js";
import "../scripts/forms.js";
