// The stage in the browser: the page works without it; with it, the story moves by itself.
import "../scripts/stage.js";
