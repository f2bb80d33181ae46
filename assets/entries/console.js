// The console in the browser: every page works without it; with it, no hand leaves the keys.
import "../scripts/forms.js";
import "../scripts/parts.js";
import "../scripts/keys.js";
import "../scripts/palette.js";
import "../scripts/composer.js";
