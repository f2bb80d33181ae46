// Charts, loaded where one is opened: each is drawn from the table beside it.
import "../scripts/charts.js";
