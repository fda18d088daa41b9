// The chart of the report of care calls.

import { drawBars } from "/static/js/charts.js";

drawBars(document.getElementById("chart"), () => JSON.parse(document.getElementById("chart-data").textContent));
