// Charts by ECharts (`window.echarts`), in the colours of the page. No tooltips: those are made of inline styles, which our
// policy forbids. The legend (`.legend`) is the page's own.

const COLOURS = ["--green", "--amber", "--red", "--grey-edge"];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Bars by a quarter of an hour, stacked in the order of `names`: `read` gives `{names, bars: [{at, counts}]}`. Returns what
// draws them anew; they follow the window and the theme by themselves.
export function drawQuarters(element, read) {
  const chart = window.echarts.init(element, null, { renderer: "canvas" });
  const draw = () => {
    const { names, bars } = read();
    const hour = element.clientWidth / 24; // px
    const size = parseFloat(getComputedStyle(element).fontSize);
    const text = { color: colour("--muted"), fontSize: size, fontFamily: getComputedStyle(element).fontFamily };
    chart.setOption({
      animation: false,
      color: COLOURS.map(colour),
      grid: { left: size * 2.2, right: size * 0.6, top: size * 0.7, bottom: size * 1.6 },
      xAxis: { type: "category", data: bars.map((bar) => bar.at), axisLabel: { ...text, interval: hour * 3 > size * 3.5 ? 11 : 23, showMaxLabel: false }, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--field-line") } } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { ...text, formatter: (value) => value || "" }, splitLine: { lineStyle: { color: colour("--line") } } },
      series: names.map((name, column) => ({ name, type: "bar", stack: "all", barCategoryGap: "20%", data: bars.map((bar) => bar.counts[column]) })),
    });
  };
  draw();
  addEventListener("resize", () => {
    chart.resize();
    draw();
  });
  addEventListener("theme", draw);
  return draw;
}

// Bars of any kind, stacked in the order of `names`; as above.
export function drawBars(element, read) {
  const chart = window.echarts.init(element, null, { renderer: "canvas" });
  const draw = () => {
    const { names, bars } = read();
    const size = parseFloat(getComputedStyle(element).fontSize);
    const text = { color: colour("--muted"), fontSize: size, fontFamily: getComputedStyle(element).fontFamily };
    chart.setOption({
      animation: false,
      color: COLOURS.map(colour),
      grid: { left: size * 3, right: size, top: size * 0.7, bottom: size * 1.8 },
      xAxis: { type: "category", data: bars.map((bar) => bar.at), axisLabel: text, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--field-line") } } },
      yAxis: { type: "value", minInterval: 1, axisLabel: text, splitLine: { lineStyle: { color: colour("--line") } } },
      series: names.map((name, column) => ({ name, type: "bar", stack: "all", data: bars.map((bar) => bar.counts[column]) })),
    });
  };
  draw();
  addEventListener("resize", () => {
    chart.resize();
    draw();
  });
  addEventListener("theme", draw);
}
