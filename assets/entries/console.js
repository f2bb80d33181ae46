// The console in the browser: parts are replaced by htmx, small state is kept by Alpine (built for a strict policy).
import Alpine from "@alpinejs/csp";
import htmx from "htmx.org";
import "../scripts/forms.js";

window.htmx = htmx;
htmx.config.includeIndicatorCSS = false;
window.Alpine = Alpine;
Alpine.start();
