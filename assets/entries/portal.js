// The portal in the browser: every page works without it.
import "../scripts/forms.js";
import "../scripts/live.js";
import "../scripts/puzzle.js";
import "../scripts/slip.js";
import "../scripts/uploads.js";
