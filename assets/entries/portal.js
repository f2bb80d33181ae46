// The portal in the browser: every page works without it.
import "../scripts/forms.js";
