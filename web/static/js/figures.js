// Charts of figures (`data-chart`), by ECharts in the colours of the page: `bars` side by side, or `lines` as steps. What
// is drawn stands beside it as JSON: {labels, series: [{name, values}]}; the legend is the page's own.

const PALETTE = ["--blue", "--amber-edge", "--green", "--violet-edge", "--red", "--grey-edge", "--blue-fill", "--amber", "--green-fill", "--muted"];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function begin(element) {
  const { labels, series, most } = JSON.parse(element.parentElement.querySelector("[data-chart-data]").textContent);
  const chart = window.echarts.init(element, null, { renderer: "canvas" });
  const legend = element.parentElement.querySelector("[data-legend]");
  const swatches = series.map((one) => {
    const row = document.createElement("li");
    const swatch = row.appendChild(document.createElement("span"));
    swatch.className = "swatch";
    row.append(one.name);
    legend?.append(row);
    return swatch;
  });
  const draw = () => {
    const size = parseFloat(getComputedStyle(element).fontSize);
    const text = { color: colour("--muted"), fontSize: size, fontFamily: getComputedStyle(element).fontFamily };
    const colours = series.map((_, at) => colour(PALETTE[at % PALETTE.length]));
    swatches.forEach((swatch, at) => (swatch.style.backgroundColor = colours[at]));
    const bars = element.dataset.chart === "bars";
    chart.setOption({
      animation: false,
      color: colours,
      grid: { left: size * 3, right: size, top: size, bottom: size * 2 },
      xAxis: { type: "category", data: labels, boundaryGap: bars, axisLabel: { ...text, interval: bars ? "auto" : Math.ceil(labels.length / (element.clientWidth > 600 ? 12 : 6)) - 1 }, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--field-line") } } },
      yAxis: { type: "value", minInterval: 1, max: most, axisLabel: text, splitLine: { lineStyle: { color: colour("--line") } } },
      series: series.map((one) => (bars ? { name: one.name, type: "bar", barMaxWidth: 36, data: one.values } : { name: one.name, type: "line", step: "end", symbol: "none", lineStyle: { width: 2 }, data: one.values })),
    });
  };
  draw();
  addEventListener("resize", () => {
    chart.resize();
    draw();
  });
  addEventListener("theme", draw);
}

document.querySelectorAll("[data-chart]").forEach(begin);
