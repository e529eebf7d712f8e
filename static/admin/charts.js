// Draws <canvas data-nx-plot="#id-of-its-JSON"> with Chart.js. Colours are tokens of nx.css, so they follow the theme.
(function () {
  "use strict";
  if (!window.Chart) return;
  var charts = [];

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--nx-" + name).trim();
  }

  function dress(chart) {
    var ink = token("ink-2"), line = token("line");
    chart.data.datasets.forEach(function (bars) { bars.backgroundColor = token(bars.nxColour); });
    ["x", "y"].forEach(function (axis) {
      chart.options.scales[axis].ticks.color = ink;
      chart.options.scales[axis].border.color = line;
    });
    chart.options.scales.y.grid.color = line;
    var tip = chart.options.plugins.tooltip;
    tip.backgroundColor = token("dark");
    tip.titleColor = tip.bodyColor = token("on-dark");
  }

  function draw(canvas) {
    var data = JSON.parse(document.querySelector(canvas.dataset.nxPlot).textContent);
    var font = { family: getComputedStyle(document.body).fontFamily, size: 11 };
    var chart = new Chart(canvas, {
      type: "bar",
      data: {
        labels: data.days,
        datasets: data.series.map(function (series) {
          return { label: series.name, data: series.values, nxColour: series.colour, backgroundColor: token(series.colour), borderRadius: 2, maxBarThickness: 28, categoryPercentage: 0.8, barPercentage: 1 };
        })
      },
      options: {
        animation: false, // a plot says what is; nothing has to fly in for that, and some people cannot bear it
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        plugins: { colors: { enabled: false }, legend: { display: false }, tooltip: { titleFont: font, bodyFont: font, padding: 10, cornerRadius: 8 } },
        scales: {
          x: { stacked: data.stacked, grid: { display: false }, border: {}, ticks: { font: font, maxRotation: 0, autoSkipPadding: 16 } },
          y: { stacked: data.stacked, beginAtZero: true, suggestedMax: 4, grid: {}, border: { display: false }, ticks: { font: font, precision: 0, maxTicksLimit: 6 } }
        }
      }
    });
    dress(chart);
    chart.update("none");
    charts.push(chart);
  }

  document.querySelectorAll("canvas[data-nx-plot]").forEach(draw);
  new MutationObserver(function () {
    charts.forEach(function (chart) { dress(chart); chart.update("none"); });
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
})();
